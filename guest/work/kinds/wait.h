/* How does one task wait for another's word? A futex in memory that processes share. */
#ifndef KTSTR_WORK_WAIT_H
#define KTSTR_WORK_WAIT_H

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A cache line each, so that those who wait for different words do not slow each other. */
struct wait_word {
	_Alignas(64) uint32_t value;
};

/* Sleeps while it is @value; also returns for a signal, or nothing: look again. */
static inline void wait_while(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static inline void wake_one(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void wake_all(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#endif
