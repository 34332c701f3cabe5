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
#define PLAN_DEFAULT_CPUS	2
#define PLAN_WARNING_SIZE	384

#define PLAN_NO_RECORD_SIZE 192

/* MiB of each CPU's ring of the flight recorder where nobody says how many. */
#define PLAN_RECORD_MIB 4

/* What the operator, or a test's file, says of the flight recorder. */
struct record_word {
	bool said;
	uint64_t mib; /* of each CPU, a power of two; 0: none */
};

/* What a test, or a command line, asks for. */
struct plan_wish {
	struct topology topology;
	uint64_t memory_mib; /* at least so much */
	bool wprof;
	const char *wprof_args; /* or NULL for the defaults; not read without @wprof */
	uint64_t record_mib; /* of each CPU, for the flight recorder; a power of two, or 0: none */
	bool record_asked;   /* somebody has asked for it: where it cannot be, that is an error */
	uint64_t most_mib;   /* the largest guest that the host can have; 0: not known */
};

/*
 * plan_wish_record - the flight recorder as the operator wants it, else as the test's file does,
 * else @by_default of PLAN_RECORD_MIB.
 */
void plan_wish_record(struct plan_wish *wish, const struct record_word *by_operator,
		      const struct record_word *by_test, bool by_default);

/*
 * plan_test_memory_mib - the one derivation of a test VM's memory: max(64 x CPUs, 256, the wish);
 * with the tracer not below its floor, nor below its ring buffers and 512 MiB. What the flight
 * recorder takes comes on top of all but the wish and that floor. The same with every tracer: the
 * built-in one makes do with less, but a test's machine does not depend on the build. Used for a
 * test's own topology, one from the command line, one from a preset, and `shell --test`; a plain
 * shell takes its memory as given and does not come here. UINT64_MAX: no machine has it.
 */
uint64_t plan_test_memory_mib(const struct plan_wish *wish);

/* What the operator said on the command line; 0 or false: nothing. */
struct plan_override {
	bool has_topology;
	struct topology topology;
	struct topology_distances distances; /* beside those of the topology */
	uint64_t memory_mib; /* honoured word for word, also below what the tracer needs */
};

struct plan {
	struct topology topology;
	uint64_t memory_mib;
	bool wprof;
	uint64_t record_mib; /* of each CPU, for the flight recorder; 0: none */
	bool record_asked;   /* as wished */
	/* "" or why there is no flight recorder although there should be one: nobody asked for it,
	 * and it does not fit. */
	char no_record[PLAN_NO_RECORD_SIZE];
	/* The caller's to fill in, from host_tsc_read, once for all VMs of a run. */
	bool tsc_reliable;
	/* "" or one line: the operator's memory is less than the tracer needs. */
	char warning[PLAN_WARNING_SIZE];
};

/*
 * plan_make - from an entry's wish and the operator's override to the machine.
 * Returns 0; -EINVAL: from topology_check and topology_add_distances; -E2BIG: a flight recorder
 * that somebody has asked for does not fit into the memory that was given, and @out is that machine
 * all the same. One that nobody has asked for is left out where it does not fit, or makes the guest
 * larger than the host can have.
 */
int plan_make(const struct plan_wish *wish, const struct plan_override *override, struct plan *out,
	      struct error *err);

#endif
