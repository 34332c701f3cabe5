/*
 * Which CPUs does the guest have, and what do they share? The one description that CPUID, the ACPI
 * tables, the memory split and the reports are all derived from.
 */
#ifndef KTSTR_PLAN_TOPOLOGY_H
#define KTSTR_PLAN_TOPOLOGY_H

#include <stdint.h>

#include "util/error.h"

/*
 * The most vCPUs that are accepted: what KVM_MAX_VCPUS of a stock kernel is. A host's KVM may allow
 * fewer (KVM_CAP_MAX_VCPUS), which is asked when the machine is made. Since both factors of an APIC
 * id that are no power of two cost less than one bit each, ids stay below 4 * 1024,
 * KVM_MAX_VCPU_IDS.
 */
#define TOPOLOGY_MAX_CPUS     1024
/*
 * The largest APIC id that the 8 bits of an xAPIC's destinations reach, and that ACPI's entries of
 * the old kind hold; 255 is the broadcast. Beyond it is x2APIC (ACPI 6.4, 5.2.12.12).
 */
#define TOPOLOGY_MAX_XAPIC_ID 254

/*
 * "NnNlNcNt". llcs counts the last-level caches of the whole machine, cores the cores behind one
 * LLC, threads the SMT threads of one core. An LLC is presented as one package (socket): every CPU
 * family's kernel code agrees that a package shares one L3, and the scheduler's domains (SMT, MC,
 * PKG, NUMA) come out the same as with several LLCs in a package.
 */
struct topology {
	unsigned int numa_nodes;
	unsigned int llcs; /* a multiple of numa_nodes */
	unsigned int cores;
	unsigned int threads;
};

/* Longest spec that topology_format writes, with its NUL. */
#define TOPOLOGY_SPEC_SIZE 48

/*
 * topology_parse - read "1n2l4c2t" (lower case, all four parts, in this order).
 * Returns 0, or -EINVAL with a message that names the part at fault and the rule it breaks
 * (malformed, zero, llcs no multiple of nodes, more than TOPOLOGY_MAX_CPUS).
 */
int topology_parse(const char *spec, struct topology *out, struct error *err);

/* topology_check - the same rules for a topology that was put together from its parts. */
int topology_check(const struct topology *topology, struct error *err);

void topology_format(const struct topology *topology, char out[TOPOLOGY_SPEC_SIZE]);

/* llcs x cores x threads. */
unsigned int topology_cpus(const struct topology *topology);

/*
 * Where CPU number @cpu (0-based, the order of the MADT and so of Linux's own numbers) stands.
 * Threads of a core are neighbours, cores of an LLC are neighbours, LLCs of a node are neighbours:
 * cpu = (llc * cores + core) * threads + thread.
 */
unsigned int topology_llc_of(const struct topology *topology, unsigned int cpu);
unsigned int topology_node_of(const struct topology *topology, unsigned int cpu);

/*
 * The bits that an APIC id has for the thread and for the core: ceil(log2(threads)) and
 * ceil(log2(cores)). APIC id = llc << (core_bits + thread_bits) | core << thread_bits | thread
 * (Intel SDM vol. 3, 9.9.1 "Hierarchical Mapping of Shared Resources").
 */
unsigned int topology_thread_bits(const struct topology *topology);
unsigned int topology_core_bits(const struct topology *topology);
uint32_t topology_apic_id(const struct topology *topology, unsigned int cpu);
/* The last CPU's, which is the largest. */
uint32_t topology_max_apic_id(const struct topology *topology);

#endif
