/* A task that always wants to run: it looks at the clock, and sees by its jumps when it did not. */
#include "kinds.h"

static void run(struct task *task)
{
	while (!task_done(task)) {
		task_ran(task, task_now());
		task_iteration(task);
	}
}

const struct kind kind_spin = {
	.name = "spin",
	.help = "wants to run all the time",
	.tells = KIND_TELLS_GAPS,
	.run = run,
};
