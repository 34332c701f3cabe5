/*
 * The flight recorder: what the scheduler does on every CPU, from before the payload to the end, in
 * rings that overwrite what is oldest. Nobody in the guest reads them: the host does, when the
 * machine stands still, and so also when the guest is dead.
 */
#ifndef KTSTR_GUEST_FLIGHT_H
#define KTSTR_GUEST_FLIGHT_H

#include <stdint.h>

#include "channel.h"
#include "protocol.h"
#include "trace/tracepoint.h"

/* Of one CPU; -1: there is none. */
struct flight_cpu {
	/* The first one's; also when its CPU has gone, as the ring is still mapped, and the CPU's
	 * next events go into it. */
	int ring_fd;
	int fds[TRACEPOINT_TYPES]; /* of the events that record now; the first one leads */
};

struct flight_recorder {
	struct ktstr_record facts;
	/* Owned, facts.nr_rings of them each, of all CPUs of the machine. Where a CPU was never
	 * online nothing but the place for its ring is there. */
	struct ktstr_record_ring *rings;
	struct flight_cpu *cpus;
	uint8_t *formats;		/* owned, facts.formats_size bytes: for the host to read */
	uint16_t ids[TRACEPOINT_TYPES]; /* by number of event_types; 0: there is none */
	int hotplug;			/* readable when CPUs have come or gone; -1: nobody tells */
};

/*
 * flight_open - open the rings and start to record. What keeps it from that is told by flight_say.
 * @kib: what the host put into KTSTR_RECORD_PARAM: the size of each CPU's ring
 */
void flight_open(struct flight_recorder *flight, const char *kib);

/*
 * flight_follow - CPUs have come or gone: those that are there are recorded. What comes of one that
 * was there before goes into its ring. What cannot be recorded is said as a line of init's log.
 */
void flight_follow(struct flight_recorder *flight, struct guest_channel *channel);

/* Tell the host where the rings are, and what it takes to read them. */
void flight_say(const struct flight_recorder *flight, struct guest_channel *channel);

#endif
