/* A task that always wants to run, and lets others go first again and again: sched_yield(2). */
#include "kinds.h"

static void run(struct task *task)
{
	while (!task_done(task)) {
		sched_yield();
		task_ran(task, task_now());
		task_iteration(task);
	}
}

const struct kind kind_yield = {
	.name = "yield",
	.help = "wants to run all the time, and calls sched_yield each time",
	.tells = KIND_TELLS_GAPS,
	.run = run,
};
