/* How do the tasks of a job array stand? As `scontrol -o show job` tells. */
#ifndef KTSTR_FLEET_ARRAY_H
#define KTSTR_FLEET_ARRAY_H

#include <stdbool.h>

#include "util/error.h"

enum task_kind {
	TASK_UNKNOWN, /* Slurm does not speak of it: it has forgotten it */
	TASK_WAITS,
	TASK_RUNS,
	TASK_ENDED,
};

struct task_state {
	enum task_kind kind;
	char word[32];	 /* Slurm's: "PENDING", "CANCELLED", "NODE_FAIL" */
	char reason[64]; /* why it waits */
	char nodes[64];	 /* where it runs or ran, or "" */
	int exit_status; /* of its batch script */
	unsigned int restarts;
};

/*
 * array_parse - @text: lines of scontrol; @tasks: of shard I at I - 1, @count of them. What is not
 * spoken of is TASK_UNKNOWN.
 */
void array_parse(const char *text, struct task_state *tasks, unsigned int count);

/*
 * array_ask - the same of Slurm. Returns 0, also where it has forgotten the job; -ENOENT: there is
 * no scontrol; -EAGAIN with what it said: it does not answer now; -EINTR: @cancel_fd was readable.
 */
int array_ask(const char *number, int cancel_fd, struct task_state *tasks, unsigned int count,
	      struct error *err);

#endif
