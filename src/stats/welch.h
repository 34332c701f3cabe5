/* Have two samples of normal variables different means? Welch's t-test (1947), two-sided. */
#ifndef KTSTR_STATS_WELCH_H
#define KTSTR_STATS_WELCH_H

#include <stdbool.h>
#include <stddef.h>

struct welch {
	double t;	/* the first sample's mean less the second's, in standard errors */
	double freedom; /* degrees, by Welch and Satterthwaite */
	double p;	/* how probable such a t, or one farther from 0, is of equal means */
};

/*
 * welch_test - Returns whether there is an answer: not for fewer than two values on a side, and not
 * where neither side has any spread, as then nothing says what a difference means.
 */
bool welch_test(const double *a, size_t nr_a, const double *b, size_t nr_b, struct welch *welch);

#endif
