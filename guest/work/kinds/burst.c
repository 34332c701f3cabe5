/* A task with a duty cycle: so much of a CPU's time, then it sleeps. */
#include "kinds.h"

static void run(struct task *task)
{
	const uint64_t run_ns = kind_param(task->group, "run");
	const uint64_t sleep_ns = kind_param(task->group, "sleep");

	while (!task_done(task)) {
		task_run_for(task, run_ns);
		task_iteration(task);
		task_sleep_until(task, task_now() + sleep_ns);
	}
}

const struct kind kind_burst = {
	.name = "burst",
	.help = "runs for so much of a CPU's time, sleeps, and again",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "run", WORD_DURATION, WORK_MS, WORK_US, 60 * WORK_S, "CPU time" },
		    { "sleep", WORD_DURATION, WORK_MS, WORK_US, 60 * WORK_S, "then it sleeps" } },
	.run = run,
};
