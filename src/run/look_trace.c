/* What did the flight recorder hold when the test failed? See look_trace.h. */
#include "run/look_trace.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"

/* So much from before the payload is shown as well: who started it, and what was there. */
#define BEFORE_NS 100000000ull

void look_trace_init(struct look_trace *trace)
{
	trace->path[0] = trace->error[0] = '\0';
	trace->events = trace->span_ns = 0;
	trace->unreadable = 0;
	trace->file.fd = -1;
}

static void lost(struct look_trace *trace, const struct error *err)
{
	artefact_abandon(&trace->file);
	snprintf(trace->error, sizeof(trace->error), "%s", err->text);
}

static int put(void *data, const void *bytes, size_t size, struct failure *failure)
{
	struct error err = { "" };
	int ret = artefact_write(data, bytes, size, &err);

	return ret ? failure_set(failure, ret, "%s", err.text) : 0;
}

/* The guest's CLOCK_BOOTTIME by ours, but for what the host did not give it. */
static uint64_t guest_now(const struct observation *seen)
{
	return seen->started_ns ? seen->guest_started_ns + (now_ns() - seen->started_ns) : 0;
}

void look_trace_take(struct look_trace *trace, const struct flight *flight,
		     const struct inspect_source *source, const struct observation *seen,
		     const struct verdict *verdict, struct artefacts *artefacts)
{
	const uint64_t start = seen->guest_started_ns;
	const struct flight_mark marks[] = {
		{ start, "payload starts" },
		{ seen->exited ? seen->exit.end_ns : 0, "payload ends" },
		{ seen->scheduler.end.end_ns, "scheduler ends" },
	};
	char failure[sizeof(verdict->cause) + 16];
	struct flight_read read = { .from_ns = start > BEFORE_NS ? start - BEFORE_NS : 0,
				    .release = seen->release,
				    .marks = marks,
				    .nr_marks = sizeof(marks) / sizeof(marks[0]),
				    .end = failure,
				    .end_ns = guest_now(seen) };
	const struct trace_sink sink = { &trace->file, put };
	struct error err = { "" };

	artefact_abandon(&trace->file);
	look_trace_init(trace);
	snprintf(failure, sizeof(failure), "failure: %s", verdict->cause);
	if (artefact_begin(artefacts, ARTEFACT_FAILURE_TRACE, &trace->file, &err) ||
	    flight_write(flight, source, &read, &sink, &err)) {
		lost(trace, &err);
		return;
	}
	trace->events = read.events;
	trace->span_ns = read.last_ns - read.first_ns;
	trace->unreadable = read.unreadable;
}

void look_trace_finish(struct look_trace *trace, struct artefacts *artefacts, bool kept)
{
	struct error err = { "" };

	if (!kept) {
		artefact_abandon(&trace->file);
		trace->error[0] = '\0';
	} else if (trace->file.fd >= 0) {
		if (artefact_commit(artefacts, &trace->file, &err))
			lost(trace, &err);
		else
			snprintf(trace->path, sizeof(trace->path), "%s", trace->file.path);
	}
}
