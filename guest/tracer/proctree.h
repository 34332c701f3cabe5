/* Which processes and threads are there, and what are they called? From /proc into the trace. */
#ifndef KTSTR_TRACER_PROCTREE_H
#define KTSTR_TRACER_PROCTREE_H

#include "trace/failure.h"
#include "trace/packets.h"

/*
 * proctree_write - write ProcessTree packets of all that is alive now.
 * @proc: "/proc"
 * What vanishes meanwhile is left out. Fails when @proc cannot be listed or the trace not be
 * written.
 */
int proctree_write(const struct trace_sink *sink, const char *proc, struct failure *failure);

#endif
