/*
 * A ring of tasks that hands one turn on: who has it works for a while, wakes the next and sleeps.
 * One of the group runs at a time. One iteration is a turn that came.
 */
#include <errno.h>

#include "../wait.h"
#include "kinds.h"

static int check(const struct work_group *group, struct failure *failure)
{
	if (group->nr_tasks >= 2)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': a chain has a next one to wake; give it --tasks 2 or more",
			   group->name);
}

static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks * sizeof(struct wait_word);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct wait_word *turns = shared;

	(void)group;
	(void)failure;
	turns[0].value = 1;
	return 0;
}

static void run(struct task *task)
{
	const uint64_t work_ns = kind_param(task->group, "work");
	const uint32_t next = (task->index + 1) % task->group->nr_tasks;
	struct wait_word *turns = task->shared;
	uint32_t *mine = &turns[task->index].value;

	while (!task_done(task)) {
		task_blocks(task);
		while (!__atomic_load_n(mine, __ATOMIC_ACQUIRE) && !task_done(task))
			wait_while(mine, 0);
		task_woken(task);
		if (task_done(task))
			break;
		task_iteration(task);
		*mine = 0;
		task_run_for(task, work_ns);
		task_wakes(task, next);
		__atomic_store_n(&turns[next].value, 1, __ATOMIC_RELEASE);
		wake_one(&turns[next].value);
	}
}

const struct kind kind_chain = {
	.name = "chain",
	.help = "a ring: each works when its turn comes, and wakes the next",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "work", WORD_DURATION, 100 * WORK_US, 0, 60 * WORK_S,
		      "CPU time of each turn" } },
	.check = check,
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
};
