/* Which moments does the trace of a failure mark? Once all is known, with the verdict as it stands.
 */
#ifndef KTSTR_RUN_LOOK_MARKS_H
#define KTSTR_RUN_LOOK_MARKS_H

#include "trace/packets.h"
#include "verdict/verdict.h"

/*
 * look_marks_write - payload, each scheduler, failed check, and last the failure with its cause
 * @failed_ns: when it failed, guest's CLOCK_BOOTTIME; 0: not known, so that it has no mark
 * Returns 0 or what @sink returns.
 */
int look_marks_write(const struct trace_sink *sink, const struct observation *seen,
		     const struct verdict *verdict, uint64_t failed_ns, struct failure *failure);

#endif
