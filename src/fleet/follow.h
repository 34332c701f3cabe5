/*
 * How is a job on Slurm followed until its last shard has ended? By what lies in its folder, and by
 * what Slurm says of its tasks; whoever does it can end and another one go on.
 */
#ifndef KTSTR_FLEET_FOLLOW_H
#define KTSTR_FLEET_FOLLOW_H

#include <stdbool.h>

#include "fleet/job.h"
#include "report/suite.h"
#include "results/merge.h"
#include "util/error.h"

struct follow_listener {
	void *data;
	/* A variant's result, the first time that there is one. @result's strings live until this
	 * returns. */
	void (*result)(void *data, const struct suite_result *result);
	void (*note)(void *data, const char *line);
	/* About twice a second. */
	void (*progress)(void *data, const struct suite_progress *progress);
};

/* Of a shard that left no whole result file: what its variants without a result are. */
struct follow_end {
	enum outcome_kind outcome;
	char cause[MERGE_REASON_SIZE]; /* "": it has one */
};

struct followed {
	struct merge merge;	 /* chosen, and with the plan; to be destroyed */
	struct follow_end *ends; /* owned; of shard I at I - 1 */
};

/*
 * follow - @signal_fd: a signalfd. Returns 0 when no shard runs any more; the number of a signal (>
 * 0), which ends this alone, and the job goes on; or a negative errno with a message.
 * @followed: to be destroyed in any case
 */
int follow(const struct job *job, int signal_fd, const struct follow_listener *listener,
	   struct followed *followed, struct error *err);
void followed_destroy(struct followed *followed);

#endif
