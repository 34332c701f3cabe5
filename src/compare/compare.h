/*
 * What has changed from one suite's results to another's, and how sure is that? A row for each
 * variant's pass rate, duration and metrics.
 */
#ifndef KTSTR_COMPARE_COMPARE_H
#define KTSTR_COMPARE_COMPARE_H

#include "compare/groups.h"

enum compare_method { COMPARE_PERMUTATION, COMPARE_WELCH };

struct compare_settings {
	enum compare_method method;
	double alpha; /* a difference counts whose corrected p-value is no larger; 0.05 */
};

enum compare_kind {
	COMPARE_PASSES,	  /* passed (as expected) of those that passed, failed or timed out */
	COMPARE_DURATION, /* seconds, of the runs that passed */
	COMPARE_METRIC,	  /* of the runs that passed or failed */
};

/* In the order of compare_verdict_name. */
enum compare_verdict {
	COMPARE_EQUAL,	  /* all values of both sides are the same */
	COMPARE_NOTHING,  /* no difference is shown */
	COMPARE_UNSTABLE, /* likewise; and a side's spread is larger than the difference */
	COMPARE_BETTER,	  /* significant, as all that follow here */
	COMPARE_WORSE,
	COMPARE_CHANGED,   /* nobody said which way is better */
	COMPARE_TOO_FEW,   /* so few runs could show nothing, whatever they measured */
	COMPARE_NO_SPREAD, /* Welch's test does not tell, as neither side has any */
	COMPARE_ONLY_A,	   /* the other side has no value */
	COMPARE_ONLY_B,
	COMPARE_UNITS,	  /* the values have different ones */
	COMPARE_VERDICTS, /* how many there are */
};

struct compare_side {
	size_t count; /* of values; of runs where it is a pass rate */
	double mean;  /* of a pass rate: in per cent; NAN: no value */
	double std;   /* NAN: fewer than two; none of a pass rate */
	size_t passed;
};

struct compare_row {
	enum compare_kind kind;
	const char *name; /* the variant's */
	const char *what; /* "pass rate", "duration", or the metric's name */
	const char *unit; /* or "" */
	enum metrics_better better;
	struct compare_side a, b;
	double difference;   /* per cent of the baseline's mean; NAN: none, or that is 0 */
	double p, corrected; /* NAN: not tested */
	double least;	     /* the smallest p that so many runs can have */
	bool exact;	     /* COMPARE_PERMUTATION: of all ways, and not of drawn ones */
	enum compare_verdict verdict;
};

/* Texts are the results'. */
struct compare_table {
	struct compare_settings settings;
	struct compare_row *list; /* owned */
	size_t count;
	size_t tested;			   /* what Holm's correction is for */
	unsigned int runs_needed;	   /* on each side, where some rows have too few; else 0 */
	size_t verdicts[COMPARE_VERDICTS]; /* rows of each */
};

/*
 * compare_make - Returns 0; -ENOMEM; -ENOENT: no variant is in both, with the names of two.
 * A row whose values are all the same is no test, and takes no part in the correction: it could not
 * be wrong (Tarone, A modified Bonferroni method for discrete data, 1990).
 */
int compare_make(const struct results *a, const struct results *b,
		 const struct compare_settings *settings, struct compare_table *table,
		 struct error *err);
void compare_destroy(struct compare_table *table);

/* "equal", "", "unstable", "better", "worse", "changed", "too few runs", ... */
const char *compare_verdict_name(enum compare_verdict verdict);

#endif
