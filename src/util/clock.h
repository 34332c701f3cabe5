/* What time is it? On the monotonic clock, for all that measures or limits; nanoseconds where not
 * said otherwise. */
#ifndef KTSTR_UTIL_CLOCK_H
#define KTSTR_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* 0: there is no such clock, as where it is that of a thread that has ended. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return 0;
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* It goes on while the host sleeps, as the monotonic clock does not. */
static inline uint64_t boottime_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

/* How long this thread has run: what a busy host does not give it does not count. */
static inline uint64_t thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static inline int64_t now_ms(void)
{
	return (int64_t)(now_ns() / 1000000u);
}

#endif
