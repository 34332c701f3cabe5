/*
 * What came of the trace? The file that the guest sends in pieces: announced, counted, checked at
 * its end, and kept only when it is whole.
 */
#ifndef KTSTR_RUN_WATCH_TRACE_H
#define KTSTR_RUN_WATCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/artefacts.h"
#include "util/error.h"
#include "verdict/observation.h"

struct watch_trace {
	/* Set by the caller. */
	bool asked; /* a tracer was */
	struct artefacts *artefacts;
	const char *suffix; /* the file's name among them */
	uint64_t max_size;  /* bytes; no honest trace is larger than the guest's memory */

	/* What came of it. */
	enum trace_seen state;
	uint64_t size;		     /* bytes that came */
	char error[ERROR_TEXT_SIZE]; /* for TRACE_UNWRITTEN */
	struct artefact_file file;   /* its path, when TRACE_COMPLETE */

	/* Private. */
	uint64_t expected;
	uint32_t crc;
};

/* Set the caller's fields first. */
void watch_trace_init(struct watch_trace *trace);

/*
 * watch_trace_take - KTSTR_TRACE_BEGIN, _DATA or _END, whose length is right. What the host cannot
 * keep is no error of the guest's: its bytes go on coming, and are counted.
 * @payload: aligned as struct ktstr_trace, or bytes
 * Returns 0 or -EPROTO with a message.
 */
int watch_trace_take(struct watch_trace *trace, uint16_t type, const void *payload, uint32_t length,
		     struct error *err);

/* No more comes: a file that is not whole is gone. */
void watch_trace_finish(struct watch_trace *trace);

#endif
