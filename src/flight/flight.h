/*
 * The flight recorder, read from outside: the perf rings of a machine that stands still, alive or
 * dead, become a Perfetto trace that ends where the machine stands. What init said of its rings,
 * and what is in them, is the guest's, and may be anything: nothing outside of what was asked for
 * is read, and a ring that does not parse ends where it does not.
 */
#ifndef KTSTR_FLIGHT_FLIGHT_H
#define KTSTR_FLIGHT_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../guest/protocol.h"
#include "inspect/address.h"
#include "trace/packets.h"
#include "trace/tracepoint.h"
#include "util/error.h"

struct flight {
	uint64_t ring_size; /* bytes of each CPU's, as asked for; 0: there is no recorder */
	unsigned int cpus;  /* of the machine */

	/* Private: what the guest said. */
	bool has_root;
	struct address_root root; /* init's page tables */
	bool said;
	struct ktstr_record facts;
	struct ktstr_record_ring *rings; /* owned, facts.nr_rings of them */
};

/* flight_init - @ring_size and @cpus as in the struct; flight_destroy ends it. */
void flight_init(struct flight *flight, uint64_t ring_size, unsigned int cpus);
void flight_destroy(struct flight *flight);

/*
 * flight_find_init - at the ready point: whose page tables hold the rings? Init stands in a write
 * there, and is the only task in user space.
 */
void flight_find_init(struct flight *flight, const struct inspect_source *source);

/*
 * flight_take - KTSTR_RECORD
 * @payload: aligned as its struct. Returns 0; -EPROTO, with a message: no honest init says that;
 * -ENOMEM.
 */
int flight_take(struct flight *flight, const void *payload, uint32_t length, struct error *err);

struct flight_read {
	/* Set by the caller. */
	uint64_t from_ns; /* leave out what is older, guest's CLOCK_BOOTTIME */
	const char *release;

	/* What came of it. */
	uint64_t events;
	uint64_t first_ns, last_ns;    /* guest's CLOCK_BOOTTIME; 0: there are no events */
	unsigned int cpus, unreadable; /* rings that were read, and that could not be */
	bool wrapped;		       /* older events were overwritten */
};

/*
 * flight_write - all that the rings hold, as a trace
 * Returns 0; -ENODATA: there is nothing to be read, with why in @err; -ENOMEM; what @sink returns.
 */
int flight_write(const struct flight *flight, const struct inspect_source *source,
		 struct flight_read *read, const struct trace_sink *sink, struct error *err);

#endif
