/*
 * A fork storm: so many children at a time, each computes for a while and ends; then all have been
 * waited for, and the next come. One iteration is a child. What the children use of the CPUs is not
 * counted as the group's.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kinds.h"

/* Children at a time. */
#define BATCH_MAX 1024

static void be_child(uint64_t work_ns)
{
	uint64_t end, now;
	struct timespec used;

	/* One that computes may be left behind. */
	if (work_ns)
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	now = (uint64_t)used.tv_sec * WORK_S + (uint64_t)used.tv_nsec;
	for (end = now + work_ns; now < end;) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		now = (uint64_t)used.tv_sec * WORK_S + (uint64_t)used.tv_nsec;
	}
	_exit(0);
}

static void run(struct task *task)
{
	const uint64_t work_ns = kind_param(task->group, "work");
	const uint32_t batch = (uint32_t)kind_param(task->group, "batch");
	pid_t pids[BATCH_MAX];

	while (!task_done(task)) {
		uint32_t made = 0;

		/* Forking is no time in which it does not run. */
		task_blocks(task);
		while (made < batch && !task_done(task)) {
			pids[made] = fork();
			if (!pids[made])
				be_child(work_ns);
			if (pids[made] < 0)
				task_fail(task,
					  "kind 'fork': cannot fork: %s; take fewer tasks or "
					  "a smaller batch=, or raise the limit (ulimit -u, "
					  "pids.max)",
					  strerror(errno));
			made++;
		}
		while (made) {
			if (waitpid(pids[made - 1], NULL, 0) < 0 && errno == EINTR)
				continue;
			made--;
			task_iteration(task);
		}
		task_woken(task);
	}
}

const struct kind kind_fork = {
	.name = "fork",
	.help = "makes children that end, waits for them, and again",
	.tells = KIND_TELLS_GAPS,
	.params = { { "batch", WORD_COUNT, 1, 1, BATCH_MAX, "children at a time" },
		    { "work", WORD_DURATION, 0, 0, WORK_S, "CPU time of each child" } },
	.run = run,
};
