/* Do two rates differ? See fisher.h. */
#include "stats/fisher.h"

#include <math.h>

/* Tables of the same probability count as such, whatever rounding made of them. */
#define SAME (1 + 1e-7)

static double log_ways(double n, double k)
{
	int sign;

	return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign);
}

double fisher_test(unsigned int hits_a, unsigned int runs_a, unsigned int hits_b,
		   unsigned int runs_b)
{
	double hits = (double)hits_a + hits_b, runs = (double)runs_a + runs_b;
	double least = fmax(0, hits - runs_b), most = fmin(hits, runs_a), sum = 0, all = 0;
	double observed = log_ways(runs_a, hits_a) + log_ways(runs_b, hits_b);

	if (!runs_a || !runs_b)
		return 1;
	for (double k = least; k <= most; k++) {
		double way = log_ways(runs_a, k) + log_ways(runs_b, hits - k);
		double share = exp(way - log_ways(runs, hits));

		all += share;
		if (way <= observed + log(SAME))
			sum += share;
	}
	return fmin(1, sum / all);
}

double fisher_least(unsigned int runs_a, unsigned int runs_b)
{
	return fisher_test(runs_a, runs_a, 0, runs_b);
}
