/*
 * What do the tracer's parsers make of bytes that nobody meant for them? Format file, perf ring,
 * CPU list, uevent. The first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest/tracer/hotplug.h"
#include "../../guest/tracer/machine.h"
#include "../unit/tracer_samples.h"
#include "trace/record.h"
#include "trace/tracepoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A string of exactly this size, so that ASan sees a read beyond it. */
static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Encode @raw with @tps, into as little room as @room says; what comes out must be framed right. */
static void encode(const struct tracepoint *tps, size_t nr, const uint8_t *raw, size_t size,
		   size_t room)
{
	uint8_t *out = malloc(room ? room : 1);
	struct pb pb = { .data = out, .size = room };
	int ret;

	if (!out)
		abort();
	ret = tracepoint_encode(tps, nr, raw, size, UINT64_MAX, &pb);
	if (pb.full || pb.used > room || (ret && pb.used) || (!ret && out[0] != 0x12))
		abort();
	free(out);
}

/* A format of the fuzzer's own, and the same bytes as a record of it. */
static void fuzz_format(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size);
	struct tracepoint tp;
	size_t i;

	for (i = 0; i < TRACEPOINT_TYPES; i++) {
		uint8_t raw[600] = { 0 };

		if (tracepoint_parse_format(text, &event_types[i], &tp, NULL))
			continue;
		memcpy(raw, data, size < sizeof(raw) ? size : sizeof(raw));
		memcpy(raw, &tp.id, sizeof(tp.id));
		encode(&tp, 1, raw, sizeof(raw), 32768);
	}
	free(text);
}

struct sink {
	struct tracepoint tps[3];
	size_t room;
};

static int take(void *context, const struct record *record)
{
	struct sink *sink = context;

	if (record->kind == RECORD_SAMPLE)
		encode(sink->tps, 3, record->raw, record->raw_size, sink->room);
	return 0;
}

/* A ring of 64 to 8192 bytes at any position, its records of three real tracepoints. */
static void fuzz_ring(const uint8_t *data, size_t size)
{
	const struct event_type *fork = NULL, *exec = NULL;
	uint64_t ring_size, head, tail;
	uint8_t *ring, *scratch;
	struct sink sink;
	size_t i;

	if (size < 20)
		return;
	for (i = 0; i < TRACEPOINT_TYPES; i++) {
		if (!strcmp(event_types[i].name, "sched_process_fork"))
			fork = &event_types[i];
		if (!strcmp(event_types[i].name, "sched_process_exec"))
			exec = &event_types[i];
	}
	if (!fork || !exec ||
	    tracepoint_parse_format(format_6_1_sched_switch, &event_types[0], &sink.tps[0], NULL) ||
	    tracepoint_parse_format(format_6_17_sched_process_fork, fork, &sink.tps[1], NULL) ||
	    tracepoint_parse_format(format_6_12_sched_process_exec, exec, &sink.tps[2], NULL))
		abort();
	ring_size = 64u << (data[0] % 8);
	sink.room = data[1];
	memcpy(&tail, data + 2, 8);
	memcpy(&head, data + 10, 8);
	tail &= ~7ull;
	if (data[18] & 1) /* plausible, else anything */
		head = tail + head % (ring_size + 1);
	ring = calloc(1, ring_size);
	scratch = malloc(RECORD_MAX_SIZE);
	if (!ring || !scratch)
		abort();
	for (i = 0; i < size - 19 && i < ring_size; i++)
		ring[(tail + i) & (ring_size - 1)] = data[19 + i];
	records_walk(ring, ring_size, head, &tail, scratch, take, &sink);
	if (tail != head)
		abort();
	free(scratch);
	free(ring);
}

static void fuzz_cpulist(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size);
	uint16_t cpus[MACHINE_MAX_CPUS];
	int count = cpulist_parse(text, cpus), i;

	if (count > MACHINE_MAX_CPUS)
		abort();
	for (i = 0; i < count; i++)
		if (cpus[i] >= MACHINE_MAX_CPUS || (i && cpus[i] <= cpus[i - 1]))
			abort();
	free(text);
}

static void fuzz_uevent(const uint8_t *data, size_t size)
{
	struct hotplug_event event;
	char *message = malloc(size ? size : 1);

	if (!message)
		abort();
	memcpy(message, data, size);
	if (hotplug_parse(message, size, &event) && event.cpu >= MACHINE_MAX_CPUS)
		abort();
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		fuzz_format(data + 1, size - 1);
		break;
	case 1:
		fuzz_ring(data + 1, size - 1);
		break;
	case 2:
		fuzz_cpulist(data + 1, size - 1);
		break;
	default:
		fuzz_uevent(data + 1, size - 1);
	}
	return 0;
}
