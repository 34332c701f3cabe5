/*
 * How does a task change something of itself so many times a second, and want to run in between?
 * And is it allowed to: before any task is made.
 */
#ifndef KTSTR_WORK_CHURN_H
#define KTSTR_WORK_CHURN_H

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../plan.h"
#include "kinds.h"

#define CHURN_RATE                                                                                 \
	{                                                                                          \
		"rate", WORD_COUNT, 100, 1, 100000, "changes a second"                             \
	}

/* Runs until the next change is due. Those that are past are left out. */
static inline void churn_wait(struct task *task, uint64_t *due)
{
	uint64_t period_ns = WORK_S / kind_param(task->group, "rate"), now = task_now();

	*due += period_ns;
	if (*due < now)
		*due = now;
	while (now < *due && !task_done(task)) {
		now = task_now();
		task_ran(task, now);
	}
}

/*
 * churn_try - does @change work here? It is tried by a process that ends then, so that nothing of
 * the caller changes. Returns 0 or a negative errno.
 */
static inline int churn_try(int (*change)(const struct work_group *group),
			    const struct work_group *group)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(change(group) ? errno : 0);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

#endif
