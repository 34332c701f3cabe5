/*
 * How does a trace get onto a page, where it is to be small and quick to read? As columns: of each
 * CPU its switches, then of each its wake-ups, one property after the other, each number's lowest
 * bytes first, all of them, then the next ones. So packed, alike bytes stand together. js/trace.js
 * reads it.
 */
#ifndef KTSTR_PAGE_COLUMNS_H
#define KTSTR_PAGE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "trace/events.h"
#include "util/error.h"
#include "util/json.h"

/*
 * The columns, in this order, with the bytes of each number. N: switches of all CPUs, M: wake-ups
 * of all CPUs, CPU after CPU, each in the order of time.
 *
 *	switch time	N of 6	ns since the one before it of this CPU; of the first since 0
 *	switch next	N of 3	who gets the CPU: a number of a task
 *	switch state	N of 2	of who leaves it: the low 16 bits of prev_state; bit 15
 *				stands for all higher ones
 *	switch prev	N of 3	0: who leaves is who came by the switch before; else its
 *				number + 1
 *	wake-up time	M of 6	as above
 *	wake-up task	M of 3	who is woken
 *	wake-up CPU	M of 2	where it is to run; 0xffff: not known
 *
 * A task's number is its place in the lists "pids" and "names": a pid that changed its name has
 * several. Time 0 is the first event's.
 */
struct columns {
	uint8_t *bytes; /* owned */
	size_t size;
	size_t first;		  /* the event that it begins with */
	uint64_t base_ns, end_ns; /* CLOCK_BOOTTIME */
	/* What page.h says of columns; owned, until it is taken. */
	struct json_object *meta;
};

/* More switches and wake-ups than that are too slow for a browser: the last ones are taken. */
#define COLUMNS_MAX_EVENTS     (4u << 20)
/* So many are unpacked and drawn at once; of a trace of many more the last ones come first. */
#define COLUMNS_OPENING_EVENTS (128u << 10)
/* The longest time that 6 bytes hold: 78 hours. */
#define COLUMNS_MAX_NS	       ((UINT64_C(1) << 48) - 1)

/*
 * columns_make - of @events, which are in the order of time
 * @most: COLUMNS_MAX_EVENTS, less in tests
 *
 * Returns 0; -ENODATA: no switch is in it; -ERANGE: it is longer than COLUMNS_MAX_NS; -E2BIG:
 * more tasks than 3 bytes hold; -ENOMEM. columns_free ends it in any case.
 */
int columns_make(const struct trace_events *events, size_t most, struct columns *columns,
		 struct error *err);

/*
 * columns_open - the columns for the first picture, of the last @most events of those in @whole:
 * see opening.h. Times are from @whole's first event on.
 * @most: COLUMNS_OPENING_EVENTS, less in tests
 *
 * Returns as columns_make; without bytes where @whole has not twice as many switches and wake-ups
 * or more, and does for that as well.
 */
int columns_open(const struct trace_events *events, const struct columns *whole, size_t most,
		 struct columns *columns, struct error *err);
void columns_free(struct columns *columns);

#endif
