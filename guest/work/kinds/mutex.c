/* Contention for one mutex of all tasks of a group. One iteration is a time that it was held. */
#include "../lock.h"
#include "kinds.h"

static void run(struct task *task)
{
	const uint64_t hold_ns = kind_param(task->group, "hold");
	const uint64_t gap_ns = kind_param(task->group, "gap");
	struct wait_word *mutex = task->shared;

	while (!task_done(task) && work_lock(task, &mutex->value)) {
		task_run_for(task, hold_ns);
		task_iteration(task);
		work_unlock(&mutex->value);
		task_run_for(task, gap_ns);
	}
}

const struct kind kind_mutex = {
	.name = "mutex",
	.help = "all contend for one mutex, and compute with it and without",
	.tells = KIND_TELLS_GAPS,
	.params = { { "hold", WORD_DURATION, 100 * WORK_US, WORK_US, 60 * WORK_S,
		      "CPU time with the mutex" },
		    { "gap", WORD_DURATION, 100 * WORK_US, 0, 60 * WORK_S,
		      "CPU time without it, then" } },
	.shared_size = wait_word_size,
	.run = run,
};
