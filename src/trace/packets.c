/* How does a Perfetto trace look? See packets.h. */
#include "trace/packets.h"

#include <errno.h>
#include <string.h>

enum { TRACE_PACKET = 1 };
enum { BUNDLE_CPU = 1, BUNDLE_LOST_EVENTS = 3 };
enum { SNAPSHOT_CLOCKS = 1, SNAPSHOT_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { INFO_UTSNAME = 1, INFO_NUM_CPUS = 8 };
enum { UTSNAME_SYSNAME = 1, UTSNAME_VERSION = 2, UTSNAME_RELEASE = 3, UTSNAME_MACHINE = 4 };
enum { TRACK_UUID = 1, TRACK_NAME = 2 };
enum { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_CATEGORIES = 22, EVENT_NAME = 23 };
/* enum TrackEvent.Type, enum TracePacket.SequenceFlags */
enum { TYPE_INSTANT = 3, INCREMENTAL_STATE_CLEARED = 1 };
/* enum BuiltinClock */
enum { BUILTIN_REALTIME = 1, BUILTIN_MONOTONIC = 3, BUILTIN_BOOTTIME = 6 };

int trace_packet(const struct trace_sink *sink, struct pb *body, struct failure *failure)
{
	uint8_t start[16];
	struct pb prefix = { .data = start, .size = sizeof(start) };
	int ret;

	pb_uint(body, PACKET_SEQUENCE_ID, TRACE_SEQUENCE_ID);
	if (body->full)
		return failure_set(failure, -EMSGSIZE, "trace: a packet is too large");
	pb_length_prefix(&prefix, TRACE_PACKET, body->used);
	ret = sink->write(sink->data, start, prefix.used, failure);
	return ret ? ret : sink->write(sink->data, body->data, body->used, failure);
}

static void clock_entry(struct pb *pb, uint64_t id, uint64_t ns)
{
	size_t mark = pb_begin(pb, SNAPSHOT_CLOCKS);

	pb_uint(pb, CLOCK_ID, id);
	pb_uint(pb, CLOCK_TIMESTAMP, ns);
	pb_end(pb, mark);
}

int trace_header(const struct trace_sink *sink, const struct trace_machine *machine,
		 struct failure *failure)
{
	uint8_t space[1024];
	struct pb pb = { .data = space, .size = sizeof(space) };
	size_t packet, inner;
	int ret;

	packet = pb_begin(&pb, PACKET_CLOCK_SNAPSHOT);
	clock_entry(&pb, BUILTIN_BOOTTIME, machine->boottime_ns);
	clock_entry(&pb, BUILTIN_REALTIME, machine->realtime_ns);
	clock_entry(&pb, BUILTIN_MONOTONIC, machine->monotonic_ns);
	pb_uint(&pb, SNAPSHOT_PRIMARY, BUILTIN_BOOTTIME);
	pb_end(&pb, packet);
	ret = trace_packet(sink, &pb, failure);
	if (ret)
		return ret;

	pb.used = 0;
	packet = pb_begin(&pb, PACKET_SYSTEM_INFO);
	inner = pb_begin(&pb, INFO_UTSNAME);
	pb_string(&pb, UTSNAME_SYSNAME, machine->sysname, strlen(machine->sysname));
	pb_string(&pb, UTSNAME_VERSION, machine->version, strlen(machine->version));
	pb_string(&pb, UTSNAME_RELEASE, machine->release, strlen(machine->release));
	pb_string(&pb, UTSNAME_MACHINE, machine->machine, strlen(machine->machine));
	pb_end(&pb, inner);
	pb_uint(&pb, INFO_NUM_CPUS, machine->cpus);
	pb_end(&pb, packet);
	return trace_packet(sink, &pb, failure);
}

int trace_bundle(const struct trace_sink *sink, uint16_t cpu, bool lost, const uint8_t *events,
		 size_t size, struct failure *failure)
{
	const size_t cpu_size = 1 + pb_varint_size(cpu);
	const size_t bundle = cpu_size + size + (lost ? 2 : 0);
	const size_t packet = 1 + pb_varint_size(bundle) + bundle;
	const size_t sequence = 1 + pb_varint_size(TRACE_SEQUENCE_ID);
	uint8_t start[32], end[16];
	struct pb prefix = { .data = start, .size = sizeof(start) };
	struct pb suffix = { .data = end, .size = sizeof(end) };
	int ret;

	/* All field numbers are below 16, so that each tag is one byte. */
	pb_length_prefix(&prefix, TRACE_PACKET, packet + sequence);
	pb_length_prefix(&prefix, PACKET_FTRACE_EVENTS, bundle);
	pb_uint(&prefix, BUNDLE_CPU, cpu);
	if (lost)
		pb_uint(&suffix, BUNDLE_LOST_EVENTS, 1);
	pb_uint(&suffix, PACKET_SEQUENCE_ID, TRACE_SEQUENCE_ID);

	ret = sink->write(sink->data, start, prefix.used, failure);
	if (!ret)
		ret = sink->write(sink->data, events, size, failure);
	if (!ret)
		ret = sink->write(sink->data, end, suffix.used, failure);
	return ret;
}

/* A track's number is any that no other one has. */
#define MARKS_UUID 0x6b74737472ull

int trace_marks_track(const struct trace_sink *sink, struct failure *failure)
{
	uint8_t space[64];
	struct pb pb = { .data = space, .size = sizeof(space) };
	size_t mark;

	pb_uint(&pb, PACKET_SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
	mark = pb_begin(&pb, PACKET_TRACK_DESCRIPTOR);
	pb_uint(&pb, TRACK_UUID, MARKS_UUID);
	pb_string(&pb, TRACK_NAME, TRACE_MARKS_NAME, strlen(TRACE_MARKS_NAME));
	pb_end(&pb, mark);
	return trace_packet(sink, &pb, failure);
}

int trace_mark(const struct trace_sink *sink, uint64_t boottime_ns, const char *name,
	       struct failure *failure)
{
	uint8_t space[1024];
	struct pb pb = { .data = space, .size = sizeof(space) };
	size_t mark;

	pb_uint(&pb, PACKET_TIMESTAMP, boottime_ns);
	mark = pb_begin(&pb, PACKET_TRACK_EVENT);
	pb_uint(&pb, EVENT_TYPE, TYPE_INSTANT);
	pb_uint(&pb, EVENT_TRACK, MARKS_UUID);
	pb_string(&pb, EVENT_CATEGORIES, TRACE_MARKS_NAME, strlen(TRACE_MARKS_NAME));
	pb_string(&pb, EVENT_NAME, name, strnlen(name, sizeof(space) / 2));
	pb_end(&pb, mark);
	return trace_packet(sink, &pb, failure);
}
