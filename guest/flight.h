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

/* One tracepoint as this kernel has it. */
struct flight_type {
	uint16_t id;
	char *format; /* its text in tracefs, owned */
};

struct flight {
	struct ktstr_record facts;
	struct ktstr_record_ring *rings; /* owned, facts.nr_rings of them; their mappings as well */
	struct flight_type
		types[TRACEPOINT_TYPES]; /* by number of event_types; id 0: it has none */
};

/*
 * flight_open - open the rings and start to record. What keeps it from that is told by flight_say;
 * CPUs that are offline are not recorded.
 * @kib: what the host put into KTSTR_RECORD_PARAM: the size of each CPU's ring
 */
void flight_open(struct flight *flight, const char *kib);

/* Tell the host where the rings are, and how to read them. */
void flight_say(const struct flight *flight, struct guest_channel *channel);

#endif
