/*
 * A thundering herd: task 0 wakes all the others at once, by one call, each period. Theirs is one
 * iteration each time that they are woken, its is one each period.
 */
#include <errno.h>

#include "../wait.h"
#include "kinds.h"

static int check(const struct work_group *group, struct failure *failure)
{
	if (group->nr_tasks >= 2)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': task 0 of a herd wakes the others; give it --tasks 2 or "
			   "more",
			   group->name);
}

static void wake_others(struct task *task, uint32_t *round, uint64_t period_ns)
{
	uint64_t begin = task_now();

	while (!task_done(task)) {
		begin += period_ns;
		/* Periods that are past are left out: those who are to be woken still run. */
		if (begin <= task_now())
			begin = task_now() + period_ns;
		task_sleep_until(task, begin);
		if (task_done(task))
			break;
		task_iteration(task);
		for (uint32_t i = 1; i < task->group->nr_tasks; i++)
			task_wakes(task, i);
		__atomic_fetch_add(round, 1, __ATOMIC_RELEASE);
		wake_all(round);
	}
}

static void be_woken(struct task *task, uint32_t *round, uint64_t work_ns)
{
	uint32_t seen = 0;

	while (!task_done(task)) {
		task_blocks(task);
		while (__atomic_load_n(round, __ATOMIC_ACQUIRE) == seen && !task_done(task))
			wait_while(round, seen);
		seen = __atomic_load_n(round, __ATOMIC_ACQUIRE);
		task_woken(task);
		if (task_done(task))
			break;
		task_iteration(task);
		task_run_for(task, work_ns);
	}
}

static void run(struct task *task)
{
	struct wait_word *round = task->shared;

	if (task->index)
		be_woken(task, &round->value, kind_param(task->group, "work"));
	else
		wake_others(task, &round->value, kind_param(task->group, "period"));
}

const struct kind kind_herd = {
	.name = "herd",
	.help = "task 0 wakes all the others at once, each period",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "period", WORD_DURATION, 10 * WORK_MS, 10 * WORK_US, 60 * WORK_S,
		      "from one waking to the next" },
		    { "work", WORD_DURATION, 0, 0, 60 * WORK_S,
		      "CPU time of each that was woken" } },
	.check = check,
	.shared_size = wait_word_size,
	.run = run,
};
