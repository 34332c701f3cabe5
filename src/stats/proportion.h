/* So many of so many runs passed: between which bounds does the true rate lie? */
#ifndef KTSTR_STATS_PROPORTION_H
#define KTSTR_STATS_PROPORTION_H

/* Rates, from 0 to 1. */
struct proportion {
	double low, high;
};

/*
 * @hits: how many of @runs; at most @runs. @confidence: of the interval, above 0 and below 1: 0.95.
 * Without a run nothing is known: from 0 to 1.
 *
 * proportion_wilson - Wilson's score interval (Wilson, Probable inference, 1927): near @confidence
 * on the average over all rates, also for few runs and for rates near 0 and 1.
 * proportion_exact - Clopper and Pearson's (1934): at least @confidence for each rate, and so
 * wider.
 */
struct proportion proportion_wilson(unsigned int hits, unsigned int runs, double confidence);
struct proportion proportion_exact(unsigned int hits, unsigned int runs, double confidence);

/* normal_quantile - the point below which @share, above 0 and below 1, of a normal variable of mean
 * 0 and variance 1 lies */
double normal_quantile(double share);

#endif
