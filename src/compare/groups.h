/* Which results of two files belong together? Those of one variant, which --repeat runs often. */
#ifndef KTSTR_COMPARE_GROUPS_H
#define KTSTR_COMPARE_GROUPS_H

#include "results/results.h"

struct compare_group {
	const char *name; /* the variant's */
	/* The baseline's results, and behind them the compared ones', each in its file's order. */
	const struct results_item **a, **b;
	size_t nr_a, nr_b; /* one of them may be 0 */
};

/* All point into the results, which must outlive them. */
struct compare_groups {
	struct compare_group *list; /* in the baseline's order, then the compared one's */
	size_t count;
	const struct results_item **items;
};

/* compare_groups_make - Returns 0 or -ENOMEM. */
int compare_groups_make(const struct results *a, const struct results *b,
			struct compare_groups *groups, struct error *err);
void compare_groups_destroy(struct compare_groups *groups);

#endif
