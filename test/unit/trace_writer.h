/* Traces made by hand, for tests of what reads them. */
#ifndef KTSTR_TEST_TRACE_WRITER_H
#define KTSTR_TEST_TRACE_WRITER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/packets.h"
#include "trace/pb.h"

#define TRACE_WRITER_SIZE (1u << 20)

/* A trace, and the packet with events of one CPU that is being written. */
struct trace_writer {
	uint8_t bytes[TRACE_WRITER_SIZE];
	struct pb pb;
	size_t packet, bundle, event, payload;
};

static inline void writer_start(struct trace_writer *writer)
{
	memset(writer, 0, sizeof(*writer));
	writer->pb = (struct pb){ .data = writer->bytes, .size = sizeof(writer->bytes) };
}

static inline void writer_cpu(struct trace_writer *writer, unsigned int cpu)
{
	writer->packet = pb_begin(&writer->pb, 1);
	writer->bundle = pb_begin(&writer->pb, PACKET_FTRACE_EVENTS);
	pb_uint(&writer->pb, 1, cpu);
}

static inline void writer_cpu_end(struct trace_writer *writer)
{
	pb_end(&writer->pb, writer->bundle);
	pb_end(&writer->pb, writer->packet);
	assert_false(writer->pb.full);
}

/* Of any type: its fields come between. */
static inline void writer_event(struct trace_writer *writer, uint64_t ns, int32_t current,
				uint32_t number)
{
	writer->event = pb_begin(&writer->pb, 2);
	pb_uint(&writer->pb, 1, ns);
	pb_uint(&writer->pb, 2, (uint64_t)(int64_t)current);
	writer->payload = pb_begin(&writer->pb, number);
}

static inline void writer_event_end(struct trace_writer *writer)
{
	pb_end(&writer->pb, writer->payload);
	pb_end(&writer->pb, writer->event);
}

static inline void writer_text(struct trace_writer *writer, uint32_t field, const char *text)
{
	pb_string(&writer->pb, field, text, strlen(text));
}

static inline void writer_switch(struct trace_writer *writer, uint64_t ns, const char *prev,
				 int32_t prev_pid, int64_t state, const char *next,
				 int32_t next_pid)
{
	writer_event(writer, ns, prev_pid, 4);
	writer_text(writer, 1, prev);
	pb_uint(&writer->pb, 2, (uint64_t)(int64_t)prev_pid);
	pb_uint(&writer->pb, 3, 120);
	pb_uint(&writer->pb, 4, (uint64_t)state);
	writer_text(writer, 5, next);
	pb_uint(&writer->pb, 6, (uint64_t)(int64_t)next_pid);
	pb_uint(&writer->pb, 7, 120);
	writer_event_end(writer);
}

/* @number: 20 for waking, 114 for wakeup_new */
static inline void writer_wake(struct trace_writer *writer, uint64_t ns, uint32_t number,
			       int32_t waker, const char *comm, int32_t pid, unsigned int target)
{
	writer_event(writer, ns, waker, number);
	writer_text(writer, 1, comm);
	pb_uint(&writer->pb, 2, (uint64_t)pid);
	pb_uint(&writer->pb, 3, 120);
	pb_uint(&writer->pb, 5, target);
	writer_event_end(writer);
}

#endif
