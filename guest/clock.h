/* What time is it? Nanoseconds of CLOCK_BOOTTIME, the clock of the protocol and of all our limits.
 */
#ifndef KTSTR_GUEST_CLOCK_H
#define KTSTR_GUEST_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MS    1000000ull
#define CLOCK_S	    1000000000ull
#define CLOCK_NEVER UINT64_MAX

static inline uint64_t clock_boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * CLOCK_S + (uint64_t)now.tv_nsec;
}

#endif
