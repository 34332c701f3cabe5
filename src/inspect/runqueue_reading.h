/* One run queue that is being read: for runqueues.c, which begins and ends it, and
 * runqueue_queues.c, which walks what is in it. */
#ifndef KTSTR_INSPECT_RUNQUEUE_READING_H
#define KTSTR_INSPECT_RUNQUEUE_READING_H

#include <stddef.h>

#include "inspect/runqueues.h"

struct runqueue_reading {
	const struct runqueues *with;
	struct inspect *inspect;
	struct runqueue *out;
	uint64_t rq;
	size_t room;
	uint32_t damaged;
	bool no_memory, is_cut;
};

/* Why it is not known, or not all of it; the first word counts. */
void runqueue_say(struct runqueue_reading *reading, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What waits in its queues, class by class in the order of precedence. */
void runqueue_read_queues(struct runqueue_reading *reading);

#endif
