/*
 * Contention for one mutex of all tasks of a group: three states in a futex, as in the libraries
 * (Ulrich Drepper, "Futexes Are Tricky", mutex2), so that a lock without contention is no system
 * call. One iteration is a time that it was held.
 */
#include "../wait.h"
#include "kinds.h"

enum { UNLOCKED, LOCKED, WAITED_FOR };

/* Is it ours? Not where the load is over. */
static bool lock(struct task *task, uint32_t *mutex)
{
	uint32_t was = UNLOCKED;
	bool got = __atomic_compare_exchange_n(mutex, &was, LOCKED, false, __ATOMIC_ACQUIRE,
					       __ATOMIC_RELAXED);

	if (got)
		return true;
	task_blocks(task);
	while (!task_done(task) && !got) {
		got = __atomic_exchange_n(mutex, WAITED_FOR, __ATOMIC_ACQUIRE) == UNLOCKED;
		if (!got)
			wait_while(mutex, WAITED_FOR);
	}
	task_woken(task);
	return got;
}

static void unlock(uint32_t *mutex)
{
	if (__atomic_exchange_n(mutex, UNLOCKED, __ATOMIC_RELEASE) == WAITED_FOR)
		wake_one(mutex);
}

static void run(struct task *task)
{
	const uint64_t hold_ns = kind_param(task->group, "hold");
	const uint64_t gap_ns = kind_param(task->group, "gap");
	struct wait_word *mutex = task->shared;

	while (!task_done(task) && lock(task, &mutex->value)) {
		task_run_for(task, hold_ns);
		task_iteration(task);
		unlock(&mutex->value);
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
