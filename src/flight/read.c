/* What do the rings hold, and how does it become a trace? See flight.h. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "flight/flight.h"
#include "trace/record.h"

/*
 * A CPU that was stopped while it wrote has put its record over the oldest ones, and not told of it
 * yet. Of events within events (task, interrupt, NMI) all are much smaller than this.
 */
#define UNDER_WAY 4096u

/* Of one packet. */
#define BUNDLE_SIZE 32768u

/* One ring, copied out. */
struct ring {
	uint8_t *data;	   /* owned, size bytes */
	uint64_t *offsets; /* owned: where the records begin, newest first */
	size_t nr;
	uint64_t size, end; /* end: of the oldest record that is whole */
	bool wrapped;
};

struct writing {
	const struct flight *flight;
	struct flight_read *read;
	const struct trace_sink *sink;
	struct failure *failure;
	struct tracepoint tps[TRACEPOINT_TYPES];
	size_t nr_tps;
	uint64_t to_boottime; /* added to a record's time */
	uint16_t cpu;
	bool lost;
	struct pb pb;
	uint8_t body[BUNDLE_SIZE];
	uint8_t scratch[RECORD_MAX_SIZE];
};

/* @size bytes at @address of init. */
static bool copy(const struct flight *flight, const struct inspect_source *source, uint64_t address,
		 void *dst, uint64_t size)
{
	uint8_t *to = dst;

	while (size) {
		struct address_page page;
		uint64_t offset, step;

		if (!address_walk(source, &flight->root, address, &page))
			return false;
		offset = address & (page.size - 1);
		step = page.size - offset < size ? page.size - offset : size;
		if (!source->read(source->data, page.gpa + offset, to, step))
			return false;
		to += step;
		address += step;
		size -= step;
	}
	return true;
}

/* How its tracepoints' records are read. One that this build cannot read is done without, as it is
 * in the guest. */
static int parse_formats(struct writing *writing, const uint8_t *bytes, size_t size)
{
	char text[KTSTR_RECORD_FORMAT_MAX + 1];
	struct ktstr_record_format head;
	struct failure failure;

	while (size) {
		if (size < sizeof(head))
			return -EBADMSG;
		memcpy(&head, bytes, sizeof(head));
		bytes += sizeof(head);
		size -= sizeof(head);
		if (head.type >= TRACEPOINT_TYPES || head.length > size ||
		    head.length > KTSTR_RECORD_FORMAT_MAX || writing->nr_tps == TRACEPOINT_TYPES)
			return -EBADMSG;
		memcpy(text, bytes, head.length);
		text[head.length] = '\0';
		bytes += head.length;
		size -= head.length;
		if (!tracepoint_parse_format(text, &event_types[head.type],
					     &writing->tps[writing->nr_tps], &failure))
			writing->nr_tps++;
	}
	return 0;
}

static int read_formats(struct writing *writing, const struct inspect_source *source)
{
	const struct ktstr_record *facts = &writing->flight->facts;
	uint8_t *bytes = malloc(facts->formats_size + 1);
	int ret;

	if (!bytes)
		return -ENOMEM;
	if (!copy(writing->flight, source, facts->formats, bytes, facts->formats_size))
		ret = failure_set(
			writing->failure, -ENODATA,
			"the formats of its tracepoints could not be read in the guest's memory");
	else if (parse_formats(writing, bytes, facts->formats_size))
		ret = failure_set(
			writing->failure, -ENODATA,
			"the formats of its tracepoints are damaged in the guest's memory");
	else
		ret = 0;
	free(bytes);
	return ret;
}

static int stop_behind_first(void *context, const struct record *record)
{
	(void)context;
	(void)record;
	return 1;
}

/* Where its records begin. The newest one is at the head, which goes down from 0. */
static void find_records(struct ring *ring, uint64_t head, uint8_t *scratch)
{
	uint64_t written = 0 - head, at = head;

	/* So it has lost something, if only what a CPU may be writing over. */
	ring->wrapped = written > ring->size - UNDER_WAY;
	if (ring->wrapped)
		written = ring->size - UNDER_WAY;
	ring->end = head;
	/* The oldest is cut where newer ones have come over it. */
	while (ring->end != head + written &&
	       records_walk(ring->data, ring->size, head + written, &at, scratch, stop_behind_first,
			    NULL) == 1) {
		ring->offsets[ring->nr++] = ring->end;
		ring->end = at;
	}
}

static int flush(struct writing *writing)
{
	int ret = trace_bundle(writing->sink, writing->cpu, writing->lost, writing->body,
			       writing->pb.used, writing->failure);

	writing->pb.used = 0;
	writing->lost = false;
	return ret;
}

static int put_event(void *context, const struct record *record)
{
	struct writing *writing = context;
	struct flight_read *read = writing->read;
	const uint64_t time = record->time + writing->to_boottime;
	int ret;

	if (record->kind != RECORD_SAMPLE || time < read->from_ns)
		return 0;
	ret = tracepoint_encode(writing->tps, writing->nr_tps, record->raw, record->raw_size, time,
				&writing->pb);
	if (ret == -ENOSPC && writing->pb.used) {
		ret = flush(writing);
		if (ret)
			return ret;
		ret = tracepoint_encode(writing->tps, writing->nr_tps, record->raw,
					record->raw_size, time, &writing->pb);
	}
	if (ret) {
		writing->lost = true;
		return 0;
	}
	read->events++;
	if (!read->first_ns || time < read->first_ns)
		read->first_ns = time;
	if (time > read->last_ns)
		read->last_ns = time;
	return 0;
}

static int write_ring(struct writing *writing, const struct ring *ring)
{
	int ret = 0;

	writing->pb = (struct pb){ .data = writing->body, .size = sizeof(writing->body) };
	writing->lost = ring->wrapped;
	for (size_t i = ring->nr; i-- > 0 && !ret;) {
		uint64_t at = ring->offsets[i];
		uint64_t end = i + 1 < ring->nr ? ring->offsets[i + 1] : ring->end;

		ret = records_walk(ring->data, ring->size, end, &at, writing->scratch, put_event,
				   writing);
	}
	return ret || !(writing->pb.used || writing->lost) ? ret : flush(writing);
}

static int read_ring(struct writing *writing, const struct inspect_source *source,
		     const struct ktstr_record_ring *said, struct ring *ring)
{
	const struct flight *flight = writing->flight;
	uint64_t head;

	ring->nr = 0;
	if (!copy(flight, source, said->address + offsetof(struct perf_event_mmap_page, data_head),
		  &head, sizeof(head)) ||
	    !copy(flight, source, said->address + ADDRESS_PAGE_SIZE, ring->data, ring->size)) {
		writing->read->unreadable++;
		return 0;
	}
	writing->read->cpus++;
	find_records(ring, head, writing->scratch);
	writing->read->wrapped |= ring->wrapped;
	writing->cpu = (uint16_t)said->cpu;
	return write_ring(writing, ring);
}

static int write_start(const struct writing *writing)
{
	const struct ktstr_record *facts = &writing->flight->facts;
	const struct trace_machine machine = {
		.boottime_ns = facts->boottime_ns,
		.realtime_ns = facts->realtime_ns,
		.monotonic_ns = facts->monotonic_ns,
		.sysname = "Linux",
		.version = "",
		.release = writing->read->release,
		.machine = "x86_64",
		.cpus = writing->flight->cpus,
	};

	return trace_header(writing->sink, &machine, writing->failure);
}

static int write_all(struct writing *writing, const struct inspect_source *source)
{
	const struct flight *flight = writing->flight;
	/* No record is shorter than its header. */
	const size_t most = flight->ring_size / sizeof(struct perf_event_header);
	struct ring ring = { .size = flight->ring_size };
	int ret = -ENOMEM;

	ring.data = malloc(ring.size);
	ring.offsets = malloc(most * sizeof(*ring.offsets));
	if (ring.data && ring.offsets)
		ret = read_formats(writing, source);
	if (!ret)
		ret = write_start(writing);
	for (uint32_t i = 0; i < flight->facts.nr_rings && !ret; i++)
		ret = read_ring(writing, source, &flight->rings[i], &ring);
	free(ring.offsets);
	free(ring.data);
	return ret;
}

int flight_write(const struct flight *flight, const struct inspect_source *source,
		 struct flight_read *read, const struct trace_sink *sink, struct error *err)
{
	struct failure failure = { "out of memory" };
	struct writing *writing;
	int ret;

	if (!flight->said)
		return error_set(err, -ENODATA, "the guest has not said where its rings are");
	if (flight->facts.error && !flight->facts.nr_rings)
		return error_set(err, -ENODATA, "it could not record: %s: %s", flight->facts.reason,
				 strerror((int)(flight->facts.error & 4095)));
	if (!flight->has_root)
		return error_set(err, -ENODATA, "the memory of its init was not found");
	writing = malloc(sizeof(*writing));
	if (!writing)
		return error_set(err, -ENOMEM, "out of memory");
	*writing = (struct writing){
		.flight = flight,
		.read = read,
		.sink = sink,
		.failure = &failure,
		.to_boottime = flight->facts.boottime_ns - flight->facts.monotonic_ns,
	};
	/* Those that were never opened. */
	read->unreadable += flight->cpus - flight->facts.nr_rings;
	ret = write_all(writing, source);
	free(writing);
	if (ret)
		return error_set(err, ret, "%s", failure.text);
	if (!read->cpus)
		return error_set(err, -ENODATA,
				 "its rings could not be read in the guest's memory");
	return 0;
}
