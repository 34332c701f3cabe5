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
};

void look_trace_init(struct look_trace *trace);

/*
 * look_trace_take - the machine stands still: what is in its rings goes to a file without a name
 * yet. What an earlier look has written is dropped.
 * @seen: as the machine fails; @verdict: of that
 */
void look_trace_take(struct look_trace *trace, const struct flight *flight,
		     const struct inspect_source *source, const struct observation *seen,
		     const struct verdict *verdict, struct artefacts *artefacts);

/* The file gets its name; or goes, where it is not to be @kept. */
void look_trace_finish(struct look_trace *trace, struct artefacts *artefacts, bool kept);

#endif
