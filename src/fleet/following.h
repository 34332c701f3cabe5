/* A job that is followed, in the midst of it. Inner part of follow*.c. */
#ifndef KTSTR_FLEET_FOLLOWING_H
#define KTSTR_FLEET_FOLLOWING_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "fleet/array.h"
#include "fleet/follow.h"

struct shard {
	off_t sizes[JOB_RESTARTS + 1]; /* of its result files, as they were read; -1: none */
	bool whole;		       /* it has a result file that is */
	int closed; /* which run's file is the last, and has its summary; -1: none */
	bool requeue_said;
	char node[64];			/* that it was last seen on, before it was queued again */
	int64_t ended_ms;		/* when Slurm first said so; 0: not yet */
	char broken[MERGE_REASON_SIZE]; /* "" or why a result file of it cannot be used */
};

struct following {
	const struct job *job;
	const struct follow_listener *listener;
	struct followed *followed;
	struct shard *shards;	  /* owned */
	struct task_state *tasks; /* owned */
	unsigned int nr_shards;
	unsigned char *told; /* owned; by variant: 1 + the outcome that was told, 0: none */
	struct suite_counts counts;
	bool asked, no_answer_said, held_said;
	int signal_fd;
	int64_t ask_at_ms, begin_ms;
};

/* --- its files (follow_files.c) --- */

/* following_plan_path - where its plan lies */
void following_plan_path(const struct job *job, char path[PATH_MAX]);

/* following_has_news - has any result file changed since it was read? Notes how they are now. */
bool following_has_news(struct following *following);

/*
 * following_read - all result files anew, into @following->followed. @note: called with a line for
 * what is to be said of them, with the listener's data
 * Returns 0, or what merge_add and merge_choose return; what was read before is then still there.
 */
int following_read(struct following *following, void (*note)(void *data, const char *line),
		   struct error *err);

/* --- its shards (follow_shards.c), by what Slurm said last --- */

/* following_say_requeues, following_say_held - each that is queued again, or held back, once */
void following_say_requeues(struct following *following);
void following_say_held(struct following *following);

/* following_all_ended - are they over, with or without results? */
bool following_all_ended(struct following *following);

/* following_explain - why shard @i, which has ended, left no whole result file */
void following_explain(const struct following *following, unsigned int i, struct follow_end *end);

#endif
