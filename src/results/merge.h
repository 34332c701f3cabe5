/*
 * What do the result files of a suite's shards say together? Each variant of the plan once: which
 * of the results that there are of it, or why there is none.
 */
#ifndef KTSTR_RESULTS_MERGE_H
#define KTSTR_RESULTS_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/suite.h"
#include "results/results.h"
#include "util/error.h"

#define MERGE_REASON_SIZE 512

struct merge_file {
	char *path;
	struct results results;
	struct suite_part part; /* of which suite it is which shard */
};

/* Of one variant. */
struct merge_choice {
	const struct results_item *item; /* NULL: no file has it */
	const struct merge_file *file;
};

/* All zeros at the start. */
struct merge {
	struct merge_file **files;
	size_t count;
	struct merge_choice *chosen; /* in the plan's order; NULL before merge_choose */
	size_t planned;
};

/*
 * merge_add - a file of test --shard --json. It may be cut off.
 * Returns 0; what results_read returns (-ENODATA: it says nothing yet); -EINVAL: no shard, or of
 * another suite than the first file, or a result that is not as its plan has it; each with the path
 * and how it differs.
 */
int merge_add(struct merge *merge, const char *path, struct error *err);

/*
 * merge_choose - of the results of a variant that ran more than once, because its node died for
 * example: one that had its turn before one that had none, that of a whole file before that of a
 * file that was cut off, and then that of the file that was added last.
 * @note: called with a line for each file that is cut off, and for each that had to stand back
 * Returns 0, -ENODATA: no file was added, or -ENOMEM.
 */
int merge_choose(struct merge *merge, void (*note)(void *data, const char *line), void *data,
		 struct error *err);

/* merge_plan - the suite's; NULL: no file was added. */
const struct suite_part *merge_plan(const struct merge *merge);

/* merge_why_missing - one line: why no file has the variant at @index. */
void merge_why_missing(const struct merge *merge, size_t index, char reason[MERGE_REASON_SIZE]);

void merge_destroy(struct merge *merge);

#endif
