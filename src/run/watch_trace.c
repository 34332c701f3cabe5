/* What came of the trace? See watch_trace.h. */
#include "run/watch_trace.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#include "../../guest/protocol.h"

void watch_trace_init(struct watch_trace *trace)
{
	trace->state = TRACE_NONE;
	trace->size = trace->expected = 0;
	trace->crc = 0;
	trace->error[0] = '\0';
	trace->file.fd = -1;
}

/* The guest's bytes go on arriving when the host cannot keep them; they are counted all the same.
 */
static void unwritten(struct watch_trace *trace, const struct error *failed)
{
	artefact_abandon(&trace->file);
	trace->state = TRACE_UNWRITTEN;
	snprintf(trace->error, sizeof(trace->error), "%s", failed->text);
}

static int begin(struct watch_trace *trace, const struct ktstr_trace *announced, struct error *err)
{
	struct error failed;

	if (!trace->asked || trace->state != TRACE_NONE)
		return error_set(err, -EPROTO, "a trace that was not asked for");
	if (announced->size > trace->max_size)
		return error_set(err, -EPROTO,
				 "a trace of %llu bytes, more than the guest's memory",
				 (unsigned long long)announced->size);
	trace->state = TRACE_INCOMPLETE;
	trace->expected = announced->size;
	if (artefact_begin(trace->artefacts, trace->suffix, &trace->file, &failed))
		unwritten(trace, &failed);
	return 0;
}

static int data(struct watch_trace *trace, const void *bytes, uint32_t count, struct error *err)
{
	struct error failed;

	if (trace->state != TRACE_INCOMPLETE && trace->state != TRACE_UNWRITTEN)
		return error_set(err, -EPROTO, "trace bytes outside of a trace");
	if (count > trace->expected - trace->size)
		return error_set(err, -EPROTO, "more trace bytes than the %llu that were announced",
				 (unsigned long long)trace->expected);
	trace->size += count;
	trace->crc = (uint32_t)crc32(trace->crc, bytes, count);
	if (trace->state == TRACE_INCOMPLETE && artefact_write(&trace->file, bytes, count, &failed))
		unwritten(trace, &failed);
	return 0;
}

static int end(struct watch_trace *trace, const struct ktstr_trace *announced, struct error *err)
{
	struct error failed;

	if (trace->state != TRACE_INCOMPLETE && trace->state != TRACE_UNWRITTEN)
		return error_set(err, -EPROTO, "the end of a trace that never began");
	if (announced->size != trace->size || trace->size != trace->expected ||
	    announced->crc != trace->crc)
		return error_set(
			err, -EPROTO,
			"a trace of %llu bytes with CRC %#x, announced as %llu bytes with %#x",
			(unsigned long long)trace->size, trace->crc,
			(unsigned long long)announced->size, announced->crc);
	if (trace->state == TRACE_UNWRITTEN)
		return 0;
	if (artefact_commit(trace->artefacts, &trace->file, &failed))
		unwritten(trace, &failed);
	else
		trace->state = TRACE_COMPLETE;
	return 0;
}

int watch_trace_take(struct watch_trace *trace, uint16_t type, const void *payload, uint32_t length,
		     struct error *err)
{
	if (type == KTSTR_TRACE_BEGIN)
		return begin(trace, payload, err);
	if (type == KTSTR_TRACE_DATA)
		return data(trace, payload, length, err);
	return end(trace, payload, err);
}

void watch_trace_finish(struct watch_trace *trace)
{
	if (trace->file.fd >= 0)
		artefact_abandon(&trace->file);
}
