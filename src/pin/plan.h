/* Which CPU of the host is each vCPU's, so that what vCPUs share is shared there as well? */
#ifndef KTSTR_PIN_PLAN_H
#define KTSTR_PIN_PLAN_H

#include <stdbool.h>

#include "pin/host.h"
#include "plan/topology.h"
#include "util/error.h"

struct pin_plan {
	unsigned int nr_cpus;
	unsigned int cpus[TOPOLOGY_MAX_CPUS]; /* of the host, by vCPU */
	unsigned int nr_nodes;
	unsigned int nodes[TOPOLOGY_MAX_CPUS]; /* of the host, by the guest's, memory-only ones last
						*/
};

/*
 * pin_plan_make - vCPUs of one core lie on one core of the host, cores of one LLC behind one LLC,
 * LLCs of one node on one node; and what is two in the guest is two on the host: cores, LLCs,
 * nodes, memory-only nodes as well. A core is had whole: where the guest's has fewer threads,
 * nothing else of ours runs on the rest. CPU 0, which has most of the host's own work, comes last.
 * Distances of nodes are not compared.
 * @taken: by index in host->cpus, those that are not to be had; NULL: all are free
 * @memory_mib: the guest's, which is shared among its nodes
 * Returns 0; -ENOSPC, with a message that says what the host lacks; -ENOMEM.
 */
int pin_plan_make(const struct topology *topology, uint64_t memory_mib, const struct pin_host *host,
		  const bool *taken, struct pin_plan *plan, struct error *err);

#endif
