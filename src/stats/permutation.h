/*
 * Would the means of two samples differ so much if their values had fallen to the sides by chance?
 * Asks nothing of the values' distribution.
 */
#ifndef KTSTR_STATS_PERMUTATION_H
#define KTSTR_STATS_PERMUTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to so many ways to deal the values out, all of them are looked at. */
#define PERMUTATION_MOST_EXACT 200000
/* Else so many, drawn at random. */
#define PERMUTATION_DRAWS      99999

struct permutation {
	double p; /* two-sided: of dealings whose means differ by as much or more, in either way */
	bool exact; /* all ways were looked at; else by drawing, with the same seed each time */
};

/*
 * permutation_test - needs a value on each side. @pool: room for all values.
 * Of drawn ones, p is (found + 1) / (drawn + 1), which is never 0 and never too small on average
 * (Phipson and Smyth, Permutation P-values should never be zero, 2010).
 * Returns whether there is an answer.
 */
bool permutation_test(const double *a, size_t nr_a, const double *b, size_t nr_b, double *pool,
		      struct permutation *permutation);

/*
 * permutation_least - the smallest p that samples of these sizes can have at all: few values can
 * show nothing, however far apart they are
 */
double permutation_least(size_t nr_a, size_t nr_b);

#endif
