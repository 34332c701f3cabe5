/* Many tests are made at once: how sure is each? See holm.h. */
#include "stats/holm.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int by_p(const void *a, const void *b)
{
	const double *x = *(double *const *)a, *y = *(double *const *)b;

	return (*x > *y) - (*x < *y);
}

int holm_correct(double *p, size_t count)
{
	double **sorted = calloc(count + 1, sizeof(*sorted)), largest = 0;
	size_t tests = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!isnan(p[i]))
			sorted[tests++] = &p[i];
	qsort(sorted, tests, sizeof(*sorted), by_p);
	for (size_t i = 0; i < tests; i++) {
		largest = fmax(largest, fmin(1, *sorted[i] * (double)(tests - i)));
		*sorted[i] = largest;
	}
	free(sorted);
	return 0;
}
