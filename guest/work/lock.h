/*
 * How do tasks take turns? A mutex of three states in a futex, as in the libraries (Ulrich Drepper,
 * "Futexes Are Tricky", mutex2), so that a lock without contention is no system call. Who finds it
 * taken waits once, from then until it has it, however often it is woken in between in vain.
 */
#ifndef KTSTR_WORK_LOCK_H
#define KTSTR_WORK_LOCK_H

#include "task.h"
#include "wait.h"

enum { UNLOCKED, LOCKED, WAITED_FOR };

/* Is it ours? Not where the load is over. */
static inline bool work_lock(struct task *task, uint32_t *mutex)
{
	uint32_t was = UNLOCKED;
	bool got = __atomic_compare_exchange_n(mutex, &was, LOCKED, false, __ATOMIC_SEQ_CST,
					       __ATOMIC_SEQ_CST);

	if (got)
		return true;
	task_blocks(task);
	while (!task_done(task) && !got) {
		got = __atomic_exchange_n(mutex, WAITED_FOR, __ATOMIC_SEQ_CST) == UNLOCKED;
		if (!got)
			wait_while(mutex, WAITED_FOR);
	}
	task_woken(task);
	/* It goes without it, and the one wake-up may have been for it. */
	if (!got)
		wake_one(mutex);
	return got;
}

static inline void work_unlock(uint32_t *mutex)
{
	if (__atomic_exchange_n(mutex, UNLOCKED, __ATOMIC_SEQ_CST) == WAITED_FOR)
		wake_one(mutex);
}

#endif
