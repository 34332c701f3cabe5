/* What is in the trace of a file? The one way in which one is read as a whole. */
#ifndef KTSTR_TRACE_LOAD_H
#define KTSTR_TRACE_LOAD_H

#include <stdbool.h>

#include "trace/events.h"

/*
 * trace_load - all of the trace in regular file @path, as trace_events_read_most
 * @is_cut_off: the file ends within a packet, and @events has what is before that
 * Returns 0, also where it is cut off but has events; -EINVAL: it is no regular file; what open(2)
 * and mmap(2) say; as trace_events_read_most. trace_events_free ends @events in any case.
 */
int trace_load(struct trace_events *events, const char *path, size_t max_events, bool *is_cut_off,
	       struct failure *failure);

#endif
