/*
 * What machine does a test get? Topology, memory and tracer are decided once and used for both the
 * first VM and the repro VM.
 */
#ifndef KTSTR_PLAN_PLAN_H
#define KTSTR_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/topology.h"
#include "util/error.h"

#define PLAN_DEFAULT_MEMORY_MIB 2048
#define PLAN_DEFAULT_TOPOLOGY	"1n1l2c1t"

/*
 * plan_test_memory_mib - the one derivation of a test VM's memory: max(64 x CPUs, 256, @entry_mib),
 * then the tracer's floor. Used for a test's own topology, one from the command line, one from a
 * preset, and `shell --test`; a plain shell takes its memory as given and does not come here.
 */
uint64_t plan_test_memory_mib(const struct topology *topology, uint64_t entry_mib, bool wprof);

/* What the operator said on the command line; 0 or false: nothing. */
struct plan_override {
	bool has_topology;
	struct topology topology;
	uint64_t memory_mib; /* honoured word for word, also below the floor */
};

struct plan {
	struct topology topology;
	uint64_t memory_mib;
	bool wprof;
	/* The caller's to fill in, from host_tsc_read, once for all VMs of a run. */
	bool tsc_reliable;
	char warning[256]; /* "" or one line: the operator's memory conflicts with the floor */
};

/*
 * plan_make - from an entry's wishes and the operator's override to the machine.
 * Returns 0, or -EINVAL from topology_check.
 */
int plan_make(const struct topology *entry_topology, uint64_t entry_memory_mib, bool wprof,
	      const struct plan_override *override, struct plan *out, struct error *err);

#endif
