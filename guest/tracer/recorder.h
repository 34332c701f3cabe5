/*
 * What becomes of an event between the kernel and the trace? It is taken from its CPU's ring,
 * encoded once, at the end of the segment that is open for the CPU, and waits in the spool. A CPU's
 * events stay in the order in which the kernel wrote them.
 */
#ifndef KTSTR_TRACER_RECORDER_H
#define KTSTR_TRACER_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "rings.h"
#include "spool.h"
#include "trace/failure.h"
#include "trace/tracepoint.h"
#include "trace_file.h"

/* The segment of one CPU that is being filled. */
struct stream {
	struct segment segment;
	uint8_t *body; /* owned, SPOOL_SEGMENT_SIZE */
};

struct recorder {
	const struct tracepoint *tps; /* borrowed, as are rings and spool */
	size_t nr_tps;
	struct rings *rings;
	struct spool *spool;
	uint64_t clock_offset;	/* added to the rings' times */
	struct stream *streams; /* owned, one for each ring */
	uint64_t recorded;	/* events */
	uint64_t malformed;	/* records that are none of the events that we asked for */
};

int recorder_open(struct recorder *recorder, const struct tracepoint *tps, size_t nr_tps,
		  struct rings *rings, struct spool *spool, uint64_t clock_offset,
		  struct failure *failure);
void recorder_close(struct recorder *recorder);

/* Take in one record of ring number @stream. Fails only when the spool does. */
int recorder_take(struct recorder *recorder, size_t stream, const struct record *record,
		  struct failure *failure);

/* Empty all rings once. Fails only when the spool does. */
int recorder_drain(struct recorder *recorder, struct failure *failure);

/*
 * The CPU has gone offline, and its events with it: what its ring still holds is taken. Does
 * nothing for a CPU that is known to be offline. Fails only when the spool does.
 */
int recorder_cpu_offline(struct recorder *recorder, uint16_t cpu, struct failure *failure);

/*
 * The CPU has come online: record it (again). What it did before that is marked as lost in the
 * trace. Fails when the spool does; where its events cannot be opened that is said on standard
 * error.
 */
int recorder_cpu_online(struct recorder *recorder, uint16_t cpu, struct failure *failure);

/* It is not known any more which CPUs have gone and come: both, for all. */
int recorder_cpus_unknown(struct recorder *recorder, struct failure *failure);

/* Empty all rings for the last time, and find out what was lost in all. The events are stopped. */
int recorder_finish(struct recorder *recorder, struct failure *failure);

/* Write all that was kept, oldest first, giving up the spool's memory on the way. */
int recorder_write(struct recorder *recorder, const struct trace_sink *sink,
		   struct failure *failure);

#endif
