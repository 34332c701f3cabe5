/* What becomes of an event between the kernel and the trace? See recorder.h. */
#include "recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int recorder_open(struct recorder *recorder, const struct tracepoint *tps, size_t nr_tps,
		  struct rings *rings, struct spool *spool, uint64_t clock_offset,
		  struct failure *failure)
{
	size_t i;

	*recorder = (struct recorder){
		.tps = tps,
		.nr_tps = nr_tps,
		.rings = rings,
		.spool = spool,
		.clock_offset = clock_offset,
	};
	recorder->streams = calloc(rings->nr, sizeof(*recorder->streams));
	for (i = 0; recorder->streams && i < rings->nr; i++) {
		recorder->streams[i].segment.cpu = rings->ring[i].cpu;
		recorder->streams[i].body = calloc(1, SPOOL_SEGMENT_SIZE);
		if (!recorder->streams[i].body)
			break;
	}
	if (recorder->streams && i == rings->nr)
		return 0;
	recorder_close(recorder);
	return failure_set(failure, -ENOMEM, "recorder: no memory for the events of %zu CPUs",
			   rings->nr);
}

void recorder_close(struct recorder *recorder)
{
	size_t i;

	for (i = 0; recorder->streams && i < recorder->rings->nr; i++)
		free(recorder->streams[i].body);
	free(recorder->streams);
	recorder->streams = NULL;
}

static int put_segment(struct recorder *recorder, struct stream *stream, struct failure *failure)
{
	int ret = spool_put(recorder->spool, &stream->segment, stream->body, failure);

	stream->segment = (struct segment){ .cpu = stream->segment.cpu };
	return ret;
}

static int take_sample(struct recorder *recorder, struct stream *stream,
		       const struct record *record, struct failure *failure)
{
	struct pb pb;
	int ret, tries;

	for (tries = 0; tries < 2; tries++) {
		pb = (struct pb){ .data = stream->body,
				  .size = SPOOL_SEGMENT_SIZE,
				  .used = stream->segment.used };
		ret = tracepoint_encode(recorder->tps, recorder->nr_tps, record->raw,
					record->raw_size, record->time + recorder->clock_offset,
					&pb);
		if (!ret) {
			stream->segment.used = (uint32_t)pb.used;
			stream->segment.events++;
			recorder->recorded++;
			return 0;
		}
		if (ret != -ENOSPC || !stream->segment.used)
			break;
		ret = put_segment(recorder, stream, failure);
		if (ret)
			return ret;
	}
	recorder->malformed++;
	stream->segment.lost = true;
	return 0;
}

int recorder_take(struct recorder *recorder, size_t stream, const struct record *record,
		  struct failure *failure)
{
	struct ring *ring = &recorder->rings->ring[stream];

	switch (record->kind) {
	case RECORD_SAMPLE:
		return take_sample(recorder, &recorder->streams[stream], record, failure);
	case RECORD_LOST:
		if (__builtin_add_overflow(ring->lost, record->lost, &ring->lost))
			ring->lost = UINT64_MAX;
		recorder->streams[stream].segment.lost = true;
		return 0;
	default:
		return 0;
	}
}

struct drain {
	struct recorder *recorder;
	size_t stream;
	struct failure *failure;
};

static int drain_sink(void *context, const struct record *record)
{
	struct drain *drain = context;

	return recorder_take(drain->recorder, drain->stream, record, drain->failure);
}

static int drain_ring(struct recorder *recorder, size_t stream, struct failure *failure)
{
	struct drain drain = { .recorder = recorder, .stream = stream, .failure = failure };
	struct ring *ring = &recorder->rings->ring[stream];
	const uint64_t unreadable = ring->unreadable;
	int ret = rings_drain(recorder->rings, ring, drain_sink, &drain);

	if (ring->unreadable != unreadable)
		recorder->streams[stream].segment.lost = true;
	return ret;
}

int recorder_drain(struct recorder *recorder, struct failure *failure)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < recorder->rings->nr; i++)
		ret = drain_ring(recorder, i, failure);
	return ret;
}

int recorder_cpu_offline(struct recorder *recorder, uint16_t cpu, struct failure *failure)
{
	struct ring *ring = rings_find(recorder->rings, cpu);
	size_t stream;
	int ret;

	if (!ring || !ring->page)
		return 0;
	stream = (size_t)(ring - recorder->rings->ring);
	ret = drain_ring(recorder, stream, failure);
	if (ring_count_lost(ring))
		recorder->streams[stream].segment.lost = true;
	rings_retire(recorder->rings, ring);
	return ret;
}

int recorder_cpu_online(struct recorder *recorder, uint16_t cpu, struct failure *failure)
{
	struct ring *ring = rings_find(recorder->rings, cpu);
	struct stream *stream;
	int ret;

	if (!ring)
		return 0;
	/* It was not seen to go. */
	ret = recorder_cpu_offline(recorder, cpu, failure);
	if (ret)
		return ret;
	ret = rings_reopen(recorder->rings, ring, failure);
	if (ret) {
		if (ret != -ENODEV)
			fprintf(stderr, "wprof: CPU %d is back and cannot be recorded: %s\n", cpu,
				failure->text);
		return 0;
	}
	/* A segment says for all of its events whether some are missing before it. */
	stream = &recorder->streams[ring - recorder->rings->ring];
	if (stream->segment.used)
		ret = put_segment(recorder, stream, failure);
	stream->segment.lost = true;
	return ret;
}

int recorder_cpus_unknown(struct recorder *recorder, struct failure *failure)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < recorder->rings->nr; i++)
		ret = recorder_cpu_online(recorder, recorder->rings->ring[i].cpu, failure);
	return ret;
}

int recorder_finish(struct recorder *recorder, struct failure *failure)
{
	int ret = recorder_drain(recorder, failure);
	size_t i;

	for (i = 0; !ret && i < recorder->rings->nr; i++)
		if (ring_count_lost(&recorder->rings->ring[i]))
			recorder->streams[i].segment.lost = true;
	return ret;
}

int recorder_write(struct recorder *recorder, const struct trace_sink *sink,
		   struct failure *failure)
{
	const uint64_t kept = spool_kept(recorder->spool);
	struct segment segment;
	uint8_t *body;
	uint64_t n;
	size_t i;
	int ret = 0;

	body = malloc(SPOOL_SEGMENT_SIZE);
	if (!body)
		return failure_set(failure, -ENOMEM, "recorder: no memory to copy events");
	for (n = 0; !ret && n < kept; n++) {
		ret = spool_get(recorder->spool, n, &segment, body, failure);
		/* First, so that spool and trace fit into a tmpfs that is full. */
		spool_release(recorder->spool, n);
		if (!ret)
			ret = trace_bundle(sink, segment.cpu, segment.lost, body, segment.used,
					   failure);
	}
	for (i = 0; !ret && i < recorder->rings->nr; i++) {
		const struct stream *stream = &recorder->streams[i];

		if (stream->segment.used || stream->segment.lost)
			ret = trace_bundle(sink, stream->segment.cpu, stream->segment.lost,
					   stream->body, stream->segment.used, failure);
	}
	free(body);
	return ret;
}
