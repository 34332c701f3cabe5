/*
 * How does a Perfetto trace look? Packets, one after the other; where they go is the caller's. All
 * times are CLOCK_BOOTTIME, Perfetto's default. Numbers: protos/perfetto/trace/ of Perfetto,
 * trace_packet.proto and what it includes.
 */
#ifndef KTSTR_TRACE_PACKETS_H
#define KTSTR_TRACE_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"
#include "trace/pb.h"

/* Fields of TracePacket. */
enum {
	PACKET_FTRACE_EVENTS = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_SYSTEM_INFO = 45,
	PACKET_TRACK_DESCRIPTOR = 60,
};

/* Every packet's trusted_packet_sequence_id: there is one writer, and it interns nothing. */
#define TRACE_SEQUENCE_ID 1

/* Where the bytes of a trace go. */
struct trace_sink {
	void *data;
	/* All of them, or a negative errno with @failure. */
	int (*write)(void *data, const void *bytes, size_t size, struct failure *failure);
};

/* Write a packet: @body holds the fields of a TracePacket, but for the sequence id. */
int trace_packet(const struct trace_sink *sink, struct pb *body, struct failure *failure);

/* The machine that was recorded. */
struct trace_machine {
	uint64_t boottime_ns, realtime_ns, monotonic_ns;   /* its clocks at one moment */
	const char *sysname, *version, *release, *machine; /* as uname(2) */
	unsigned int cpus;
};

/* The first packets: clocks, and what machine this is. */
int trace_header(const struct trace_sink *sink, const struct trace_machine *machine,
		 struct failure *failure);

/*
 * A packet with the events of one CPU, @size bytes that are encoded as FtraceEventBundle's field 2
 * already. @lost: events are missing in it or right before it.
 */
int trace_bundle(const struct trace_sink *sink, uint16_t cpu, bool lost, const uint8_t *events,
		 size_t size, struct failure *failure);

/* The track that marks are on: before the first of them. TRACE_MARKS_NAME is what it is called. */
#define TRACE_MARKS_NAME "ktstr"

int trace_marks_track(const struct trace_sink *sink, struct failure *failure);

/* A mark with a name, at a moment. */
int trace_mark(const struct trace_sink *sink, uint64_t boottime_ns, const char *name,
	       struct failure *failure);

#endif
