/* What are some numbers' mean, spread and median? See sample.h. */
#include "stats/sample.h"

#include <math.h>
#include <stdlib.h>

double sample_mean(const double *values, size_t count)
{
	double off = 0, size = (double)count;

	if (!count)
		return (double)NAN;
	/*
	 * From the first value on, so that the mean of equal ones is that value to the last bit;
	 * and not by the sum, which may be beyond the largest number.
	 */
	for (size_t i = 1; i < count; i++)
		off += values[i] / size - values[0] / size;
	return values[0] + off;
}

double sample_std(const double *values, size_t count)
{
	double mean = sample_mean(values, count), largest = 0, sum = 0;

	if (count < 2)
		return (double)NAN;
	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(values[i] - mean));
	if (largest == 0)
		return 0;
	/* In units of the largest, as its square may be beyond the largest number, or 0. */
	for (size_t i = 0; i < count; i++) {
		double off = (values[i] - mean) / largest;

		sum += off * off;
	}
	return largest * sqrt(sum / ((double)count - 1));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double sample_median(double *values, size_t count)
{
	if (!count)
		return (double)NAN;
	qsort(values, count, sizeof(*values), by_value);
	if (count % 2)
		return values[count / 2];
	return values[count / 2 - 1] / 2 + values[count / 2] / 2;
}
