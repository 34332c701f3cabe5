/* Between which bounds does a rate lie? See proportion.h. */
#include "stats/proportion.h"

#include <math.h>

#include "stats/beta.h"

/* Beyond it erfc is 0. */
#define FARTHEST 40.0

double normal_quantile(double share)
{
	double low = -FARTHEST, high = FARTHEST;

	for (;;) {
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			return middle;
		if (0.5 * erfc(-middle / M_SQRT2) < share)
			low = middle;
		else
			high = middle;
	}
}

struct proportion proportion_wilson(unsigned int hits, unsigned int runs, double confidence)
{
	double z = normal_quantile(0.5 + confidence / 2), n = runs, rate, middle, half;

	if (!runs)
		return (struct proportion){ 0, 1 };
	rate = hits / n;
	middle = (rate + z * z / (2 * n)) / (1 + z * z / n);
	half = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
	/* At the ends the bound is the end, but for the rounding. */
	return (struct proportion){ hits == 0 ? 0 : middle - half,
				    hits == runs ? 1 : middle + half };
}

struct proportion proportion_exact(unsigned int hits, unsigned int runs, double confidence)
{
	double beyond = (1 - confidence) / 2, misses = (double)runs - hits;

	return (struct proportion){ hits == 0 ? 0 : beta_quantile(hits, misses + 1, beyond),
				    hits == runs ? 1
						 : beta_quantile(hits + 1.0, misses, 1 - beyond) };
}
