/*
 * What does a trace's first picture on a page need? A large one takes a second to unpack: so its
 * last part comes first, with what of the time before tells how things stood when that part begins.
 */
#ifndef KTSTR_PAGE_OPENING_H
#define KTSTR_PAGE_OPENING_H

#include <stddef.h>

#include "trace/events.h"

/*
 * opening_pick - of the @nr @events all from @since on; of those before, of each task its last
 * switch and the first wake-up behind that, of each CPU its last switch
 * @wake: the type that tells of wake-ups, beside TRACE_WAKEUP_NEW
 * @picked: in their order; the caller frees it
 *
 * Returns 0 or -ENOMEM.
 */
int opening_pick(const struct sched_event *events, size_t nr, size_t since, enum trace_type wake,
		 struct sched_event **picked, size_t *nr_picked);

#endif
