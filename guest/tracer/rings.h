/*
 * How do the kernel's events reach us? One perf ring per CPU, all events of the CPU in it. A CPU
 * that is offline has none: when it comes online it gets one, and when it goes that one goes, too.
 */
#ifndef KTSTR_TRACER_RINGS_H
#define KTSTR_TRACER_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"
#include "trace/record.h"
#include "trace/tracepoint.h"

struct perf_event_mmap_page;

struct ring {
	uint16_t cpu;
	int fds[TRACEPOINT_TYPES];	   /* fds[0] leads the group and owns the ring; -1: none */
	struct perf_event_mmap_page *page; /* NULL: the CPU is offline */
	uint64_t lost;			   /* records that found the ring full */
	uint64_t lost_before;		   /* those of the rings that the CPU had before */
	uint64_t unreadable;		   /* times that the ring held what does not parse */
};

struct rings {
	const struct tracepoint *tps; /* the caller's */
	size_t nr_tps;
	struct ring *ring; /* owned; of all CPUs that there can be, ascending */
	size_t nr;
	size_t data_size; /* of each, bytes */
	uint8_t *scratch; /* owned, RECORD_MAX_SIZE */
};

/*
 * rings_open - open @tps (sched_switch first) on each of @cpus that is online, stopped. Times are
 * CLOCK_MONOTONIC: a tracepoint can hit in an NMI, so the kernel takes no clock that locks for it,
 * and CLOCK_BOOTTIME is one (perf_event_set_clock: -EINVAL).
 * @data_size: bytes of a CPU's ring, a power of two and at least a page
 * @tps must outlive the rings. At least one CPU must be online.
 * Returns 0 or what perf_event_open and mmap say.
 */
int rings_open(struct rings *rings, const struct tracepoint *tps, size_t nr_tps,
	       const uint16_t *cpus, size_t nr_cpus, size_t data_size, struct failure *failure);
void rings_close(struct rings *rings);

/* Of the CPU @cpu; NULL: it was not among those of rings_open. */
struct ring *rings_find(const struct rings *rings, uint16_t cpu);

/*
 * rings_reopen - the CPU of @ring, which is closed, has come online: record it as well. Returns 0;
 * -ENODEV: it has gone again; or another negative errno.
 */
int rings_reopen(struct rings *rings, struct ring *ring, struct failure *failure);

/* The CPU of @ring has gone offline, and the ring is drained. */
void rings_retire(struct rings *rings, struct ring *ring);

int rings_enable(struct rings *rings, struct failure *failure);
void rings_disable(struct rings *rings);

/*
 * rings_drain - hand what the ring of one CPU holds now to @sink, and give its space back.
 * Returns 0 or what @sink returned. A ring that does not parse is emptied and counted; one that is
 * closed holds nothing.
 */
int rings_drain(struct rings *rings, struct ring *ring, record_sink sink, void *context);

/*
 * ring_count_lost - bring ring->lost up to date when all is drained; true when there was more than
 * the ring told. One that is full to the end never gets to write the PERF_RECORD_LOST that would
 * tell; the kernel's own count does (PERF_FORMAT_LOST, since 6.0).
 */
bool ring_count_lost(struct ring *ring);

#endif
