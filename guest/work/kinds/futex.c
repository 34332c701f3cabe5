/*
 * Pairs that pass a turn to and fro, by a futex of two: tasks 2n and 2n+1. Each wakes the other and
 * sleeps. One iteration is a turn that came.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kinds.h"
#include "pairs.h"

/* A cache line each, so that pairs do not slow each other. */
struct turn {
	_Alignas(64) uint32_t of; /* 0: the even one's */
};

static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks / 2 * sizeof(struct turn);
}

static void run(struct task *task)
{
	struct turn *turn = (struct turn *)task->shared + task->index / 2;
	const uint32_t mine = task->index % 2;

	while (!task_done(task)) {
		task_blocks(task);
		while (__atomic_load_n(&turn->of, __ATOMIC_ACQUIRE) != mine && !task_done(task))
			syscall(SYS_futex, &turn->of, FUTEX_WAIT, !mine, NULL, NULL, 0);
		task_woken(task);
		task_iteration(task);
		task_wakes(task, pairs_partner(task->index));
		__atomic_store_n(&turn->of, !mine, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn->of, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
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
