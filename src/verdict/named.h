/*
 * Which task does a failure name, and for when? ktstr-work names the worst task of a check that
 * failed, sched_ext the one that it did not run, and what a stopped guest shows has what waits
 * longest. A trace is then asked what that task did.
 */
#ifndef KTSTR_VERDICT_NAMED_H
#define KTSTR_VERDICT_NAMED_H

#include "verdict/observation.h"

/* Of a wait that only the run queues show: shorter ones are no reason. */
#define NAMED_WAIT_MIN_NS 500000000ull

struct named {
	const char *by;
	char task[64]; /* its name as it was told, printable; the kernel keeps 15 bytes */
	int32_t pid;
	uint64_t for_ns; /* how long it is said to have waited */
	uint64_t to_ns; /* until then, guest's CLOCK_BOOTTIME; 0: until the machine was looked at */
};

/* Returns false: no task is named. Whatever a guest says of one is bounded, and no more. */
bool named_find(const struct observation *seen, struct named *named);

#endif
