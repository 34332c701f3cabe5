/*
 * Pairs that pass a turn to and fro, by a futex of two: tasks 2n and 2n+1. Each wakes the other and
 * sleeps. One iteration is a turn that came.
 */
#include "../wait.h"
#include "kinds.h"
#include "pairs.h"

static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks / 2 * sizeof(struct wait_word);
}

static void run(struct task *task)
{
	/* Whose turn it is, 0: the even one's. */
	uint32_t *turn = &((struct wait_word *)task->shared)[task->index / 2].value;
	const uint32_t mine = task->index % 2;

	while (!task_done(task)) {
		task_blocks(task);
		while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) != mine && !task_done(task))
			wait_while(turn, !mine);
		task_woken(task);
		task_iteration(task);
		task_wakes(task, pairs_partner(task->index));
		__atomic_store_n(turn, !mine, __ATOMIC_RELEASE);
		wake_all(turn);
	}
}

const struct kind kind_futex = {
	.name = "futex",
	.help = "pairs that pass a turn to and fro by a futex",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.check = pairs_check,
	.shared_size = shared_size,
	.run = run,
};
