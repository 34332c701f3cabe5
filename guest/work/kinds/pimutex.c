/*
 * Contention for one mutex that inherits priority (futex(2), FUTEX_LOCK_PI): who holds it runs with
 * the priority of the highest that waits. One iteration is a time that it was held.
 */
#include <errno.h>
#include <string.h>

#include "../wait.h"
#include "kinds.h"

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct wait_word *mutex = shared;

	if (!syscall(SYS_futex, &mutex->value, FUTEX_LOCK_PI, 0, NULL, NULL, 0) &&
	    !syscall(SYS_futex, &mutex->value, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0))
		return 0;
	return failure_set(failure, -errno,
			   "group '%s': kind 'pimutex': the kernel has no futex that inherits "
			   "priority (%s); it needs CONFIG_FUTEX_PI",
			   group->name, strerror(errno));
}

static void lock(struct task *task, uint32_t *mutex, uint32_t self)
{
	uint32_t was = 0;

	if (__atomic_compare_exchange_n(mutex, &was, self, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return;
	task_blocks(task);
	/* No signal interrupts it; at the end, who holds it lets it go, and so each gets it. */
	while (syscall(SYS_futex, mutex, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
		if (errno != EAGAIN && errno != EINTR)
			task_fail(task, "futex(FUTEX_LOCK_PI) is refused: %s", strerror(errno));
	task_woken(task);
}

static void unlock(struct task *task, uint32_t *mutex, uint32_t self)
{
	uint32_t was = self;

	if (__atomic_compare_exchange_n(mutex, &was, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	if (syscall(SYS_futex, mutex, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0))
		task_fail(task, "futex(FUTEX_UNLOCK_PI) is refused: %s", strerror(errno));
}

static void run(struct task *task)
{
	const uint64_t hold_ns = kind_param(task->group, "hold");
	const uint64_t gap_ns = kind_param(task->group, "gap");
	const uint32_t self = (uint32_t)task->record->tid;
	struct wait_word *mutex = task->shared;

	while (!task_done(task)) {
		lock(task, &mutex->value, self);
		if (!task_done(task)) {
			task_run_for(task, hold_ns);
			task_iteration(task);
		}
		unlock(task, &mutex->value, self);
		task_run_for(task, gap_ns);
	}
}

const struct kind kind_pimutex = {
	.name = "pimutex",
	.help = "all contend for one mutex that inherits priority",
	.tells = KIND_TELLS_GAPS,
	.params = { { "hold", WORD_DURATION, 100 * WORK_US, WORK_US, 60 * WORK_S,
		      "CPU time with the mutex" },
		    { "gap", WORD_DURATION, 100 * WORK_US, 0, 60 * WORK_S,
		      "CPU time without it, then" } },
	.shared_size = wait_word_size,
	.setup = setup,
	.run = run,
};
