/*
 * How does a Perfetto trace file look, and when does it get its name? Packets go to <path>.tmp one
 * after the other; only a whole file is renamed to <path>. All times are CLOCK_BOOTTIME, Perfetto's
 * default. Numbers: protos/perfetto/trace/ of Perfetto, trace_packet.proto and what it includes.
 */
#ifndef KTSTR_TRACER_TRACE_H
#define KTSTR_TRACER_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "pb.h"
#include "spool.h"

/* Fields of TracePacket. */
enum {
	PACKET_FTRACE_EVENTS = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_SYSTEM_INFO = 45,
};

/* Every packet's trusted_packet_sequence_id: there is one writer, and it interns nothing. */
#define TRACE_SEQUENCE_ID 1

struct trace {
	int fd;
	const char *path; /* borrowed */
	char *temporary;  /* owned */
	uint64_t size;
};

/* trace_open - make <path>.tmp. @path that is there and no regular file is refused. */
int trace_open(struct trace *trace, const char *path, struct failure *failure);

/*
 * trace_reserve - set @size bytes of the file system aside for what is written from here on, where
 * the file system can. What is not used is given back at the end.
 */
int trace_reserve(struct trace *trace, uint64_t size, struct failure *failure);

/* trace_finish - close the file and give it its name. */
int trace_finish(struct trace *trace, struct failure *failure);

/* trace_close - give up whatever is unfinished. */
void trace_close(struct trace *trace);

/* Write a packet: @body holds the fields of a TracePacket, but for the sequence id. */
int trace_packet(struct trace *trace, struct pb *body, struct failure *failure);

/* The first packets: clocks, and what machine this is. */
int trace_header(struct trace *trace, unsigned int cpus, struct failure *failure);

/* A packet with the events of one segment, already encoded as FtraceEventBundle's field 2. */
int trace_segment(struct trace *trace, const struct segment *segment, const uint8_t *body,
		  struct failure *failure);

#endif
