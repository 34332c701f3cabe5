/* How does one task wait for another's word? A futex in memory that processes share. */
#ifndef KTSTR_WORK_WAIT_H
#define KTSTR_WORK_WAIT_H

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plan.h"

/* A cache line each, so that those who wait for different words do not slow each other. */
struct wait_word {
	_Alignas(64) uint32_t value;
};

/* For kinds whose groups share one word: their shared_size. */
static inline size_t wait_word_size(const struct work_group *group)
{
	(void)group;
	return sizeof(struct wait_word);
}

/* Sleeps while it is @value; also returns for a signal, or nothing: look again. */
static inline void wait_while(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* At most @count of those who sleep there. */
static inline void wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static inline void wake_one(uint32_t *word)
{
	wake(word, 1);
}

static inline void wake_all(uint32_t *word)
{
	wake(word, INT_MAX);
}

#endif
