/*
 * What did the flight recorder hold when the test failed? A trace that ends there, whatever became
 * of the guest: NAME.failure.pb.
 */
#ifndef KTSTR_RUN_LOOK_TRACE_H
#define KTSTR_RUN_LOOK_TRACE_H

#include <limits.h>

#include "flight/flight.h"
#include "report/artefacts.h"
#include "verdict/verdict.h"

struct look_trace {
	/* What came of it, from look_trace_finish on. */
	char path[PATH_MAX + 256];   /* "": there is none */
	char error[ERROR_TEXT_SIZE]; /* why there is none; else "" */
	uint64_t events, span_ns;    /* how many, and from the first to the last */
	unsigned int unreadable;     /* CPUs whose ring could not be read */

	/* Private. */
	struct artefact_file file;
	uint64_t failed_ns; /* guest's CLOCK_BOOTTIME; 0: not known */
};

void look_trace_init(struct look_trace *trace);

/*
 * look_trace_take - the machine stands still: what is in its rings goes to a file without a name
 * yet. What an earlier look has written is dropped.
 * @seen: as the machine fails; @at_ns: since when it stands, host's CLOCK_MONOTONIC
 */
void look_trace_take(struct look_trace *trace, const struct flight *flight,
		     const struct inspect_source *source, const struct observation *seen,
		     uint64_t at_ns, struct artefacts *artefacts);

/*
 * look_trace_keep - all is known by now: the file gets the marks, and the tasks that were there,
 * and its name. look_trace_drop - it is not wanted.
 */
void look_trace_keep(struct look_trace *trace, const struct observation *seen,
		     const struct verdict *verdict, struct artefacts *artefacts);
void look_trace_drop(struct look_trace *trace);

#endif
