/*
 * Runs that are counted while they come: when are there enough of them? To look after each run and
 * to stop when it looks well makes an ordinary test wrong; these are made for it.
 */
#ifndef KTSTR_STATS_SEQUENTIAL_H
#define KTSTR_STATS_SEQUENTIAL_H

#include <stdbool.h>

#include "stats/proportion.h"

/*
 * sequential_is_narrow - is the rate known to within @width, from 0 to 1? Where Wilson's interval
 * is that narrow (Chow and Robbins, On the asymptotic theory of fixed-width sequential confidence
 * intervals, 1965). For @confidence 0.95 and widths from 0.1 to 0.4 the interval at which it stops
 * holds the true rate in 95 % of all cases on the average over all rates, and in 88.5 % at the
 * least: rates of some misses in a thousand, where most stop at passes alone.
 */
bool sequential_is_narrow(unsigned int hits, unsigned int runs, double width, double confidence);

/* Is the rate at least so high? */
enum sequential_decision {
	SEQUENTIAL_OPEN,
	SEQUENTIAL_AT_LEAST,
	SEQUENTIAL_BELOW,
};

/*
 * sequential_decide - against @limit, above 0 and below 1. Wald's likelihood ratio, with a uniform
 * mixture of all rates beyond the limit for the alternative (Robbins, Statistical methods related
 * to the law of the iterated logarithm, 1970): whenever one stops, a decision is wrong with a
 * probability of 1 - @confidence at the most (Ville's inequality). A rate that is the limit itself
 * stays open.
 */
enum sequential_decision sequential_decide(unsigned int hits, unsigned int runs, double limit,
					   double confidence);

/*
 * sequential_least - the fewest runs, hits all of them, of which sequential_decide says AT_LEAST;
 * 0: more than @most
 */
unsigned int sequential_least(double limit, double confidence, unsigned int most);

/*
 * sequential_interval - of the rate, valid at any time: the limits that that test, at half of
 * the error to each side, has not refuted yet. Wider than Wilson's.
 */
struct proportion sequential_interval(unsigned int hits, unsigned int runs, double confidence);

#endif
