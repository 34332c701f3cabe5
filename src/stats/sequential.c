/* When are there enough runs? See sequential.h. */
#include "stats/sequential.h"

#include <math.h>

#include "stats/beta.h"

/* Halvings of an interval of rates: far below what is printed. */
#define STEPS 40

bool sequential_is_narrow(unsigned int hits, unsigned int runs, double width, double confidence)
{
	struct proportion known = proportion_wilson(hits, runs, confidence);

	return runs && known.high - known.low <= width;
}

/* log of x^times, where 0^0 is 1. */
static double log_power(double x, unsigned int times)
{
	return times ? times * log(x) : 0;
}

/*
 * The logarithm of the likelihood ratio of "above the limit" (or below) to the limit itself: the
 * integral of x^hits (1 - x)^misses over that side is an incomplete beta function.
 */
static double evidence(unsigned int hits, unsigned int runs, double limit, bool above)
{
	double a = hits + 1.0, b = runs - hits + 1.0;
	/* By symmetry: what is near 1 would lose its digits. */
	double side = above ? beta_cdf(b, a, 1 - limit) : beta_cdf(a, b, limit);

	if (side <= 0)
		return -INFINITY;
	return log(side) + lgamma(a) + lgamma(b) - lgamma(a + b) - log(above ? 1 - limit : limit) -
	       log_power(limit, hits) - log_power(1 - limit, runs - hits);
}

enum sequential_decision sequential_decide(unsigned int hits, unsigned int runs, double limit,
					   double confidence)
{
	double enough = -log(1 - confidence);

	if (evidence(hits, runs, limit, true) >= enough)
		return SEQUENTIAL_AT_LEAST;
	if (evidence(hits, runs, limit, false) >= enough)
		return SEQUENTIAL_BELOW;
	return SEQUENTIAL_OPEN;
}

unsigned int sequential_least(double limit, double confidence, unsigned int most)
{
	unsigned int open = 0, known = most;

	if (sequential_decide(most, most, limit, confidence) != SEQUENTIAL_AT_LEAST)
		return 0;
	while (known - open > 1) {
		unsigned int middle = open + (known - open) / 2;

		if (sequential_decide(middle, middle, limit, confidence) == SEQUENTIAL_AT_LEAST)
			known = middle;
		else
			open = middle;
	}
	return known;
}

/* The limit nearest to what was seen that is refuted on one side; @end: of that side, 0 or 1. */
static double bound(unsigned int hits, unsigned int runs, double enough, double end)
{
	double open = (double)hits / runs, refuted = end;

	if (open == end)
		return end;
	for (int i = 0; i < STEPS; i++) {
		double middle = (open + refuted) / 2;

		if (evidence(hits, runs, middle, end == 0) >= enough)
			refuted = middle;
		else
			open = middle;
	}
	return refuted;
}

struct proportion sequential_interval(unsigned int hits, unsigned int runs, double confidence)
{
	double enough = -log((1 - confidence) / 2);

	if (!runs)
		return (struct proportion){ 0, 1 };
	return (struct proportion){ bound(hits, runs, enough, 0), bound(hits, runs, enough, 1) };
}
