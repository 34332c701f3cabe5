/*
 * How does a suite's report come about from result files of its shards? The same reports as those
 * of a suite that ran here, in the plan's order, each variant exactly once.
 */
#ifndef KTSTR_SUITE_RETELL_H
#define KTSTR_SUITE_RETELL_H

#include <stdbool.h>

#include "report/suite.h"
#include "results/merge.h"
#include "suite/sinks.h"
#include "util/error.h"

struct retell {
	const struct merge *merge; /* chosen */
	struct sinks_wish reports;
	bool quiet;	/* text: only what is bad */
	bool said;	/* text: the line of each variant that a file has stands there already */
	double seconds; /* of all; below 0: those of the file that took longest */
	/* What became of the variant at @index that no file has, into outcome and cause, which
	 * lives until the next call; NULL: an error, with merge_why_missing as its cause. */
	void (*missing)(void *data, size_t index, struct suite_result *result);
	void *data;
	void (*complain)(const char *line); /* of a report that is not whole */
};

/*
 * retell - @counts: what came of them
 * Returns how many reports are not whole, which was complained of, or a negative errno; then none
 * was replaced.
 */
int retell(const struct retell *retell, struct suite_counts *counts, struct error *err);

#endif
