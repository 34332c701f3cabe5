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
 * fewer (KVM_CAP_MAX_VCPUS), which is asked when the machine is made. APIC ids have to stay below
 * 4 * 1024, KVM_MAX_VCPU_IDS: where all LLCs are alike they do, since both factors of an id that
 * are no power of two cost less than one bit each; else it is checked.
 */
#define TOPOLOGY_MAX_CPUS     1024
#define TOPOLOGY_MAX_APIC_ID  (4 * TOPOLOGY_MAX_CPUS - 1)
/*
 * The largest APIC id that the 8 bits of an xAPIC's destinations reach, and that ACPI's entries of
 * the old kind hold; 255 is the broadcast. Beyond it is x2APIC (ACPI 6.4, 5.2.12.12).
 */
#define TOPOLOGY_MAX_XAPIC_ID 254

/* Kinds of LLCs in one machine; more than any that is sold. */
#define TOPOLOGY_MAX_PARTS     8
/* All pairs of eight nodes. */
#define TOPOLOGY_MAX_DISTANCES 28
/* ACPI 6.4, 5.2.17: a distance is one byte; a node is at 10 from itself, 255 is unreachable. */
#define TOPOLOGY_DISTANCE_MIN  11
#define TOPOLOGY_DISTANCE_MAX  254
/* Nodes that SLIT's bytes are written for. */
#define TOPOLOGY_SLIT_NODES    255

/* LLCs that are alike and have neighbouring numbers. */
struct topology_part {
	unsigned int llcs;
	unsigned int cores;   /* behind each */
	unsigned int threads; /* of a core */
};

/* Of two nodes from each other, both ways. */
struct topology_distance {
	unsigned int a, b; /* a < b */
	unsigned int distance;
};

/* By a, then by b; a pair that is not here has the default, 20. */
struct topology_distances {
	unsigned int count;
	struct topology_distance list[TOPOLOGY_MAX_DISTANCES];
};

/*
 * An LLC is presented as one package (socket): every CPU family's kernel code agrees that a package
 * shares one L3, and the scheduler's domains (SMT, MC, PKG, NUMA) come out the same as with several
 * LLCs in a package.
 *
 * The nodes that have CPUs share the LLCs evenly: each has the same number of them, or, where there
 * are more nodes than LLCs, each LLC spans the same number of nodes, and its cores are shared
 * evenly among them. All members that are not in use are 0, so that equal ones are equal to the
 * byte.
 */
struct topology {
	unsigned int numa_nodes;   /* those that have CPUs */
	unsigned int memory_nodes; /* those behind them that have memory only */
	unsigned int nr_parts;	   /* 1: all LLCs are alike */
	struct topology_part parts[TOPOLOGY_MAX_PARTS];
	struct topology_distances distances;
};

/* One whose LLCs are all alike, as an initialiser. */
#define TOPOLOGY(nodes, llcs_, cores_, threads_)                                                   \
	{                                                                                          \
		.numa_nodes = (nodes), .nr_parts = 1, .parts = {                                   \
			{ .llcs = (llcs_), .cores = (cores_), .threads = (threads_) }              \
		}                                                                                  \
	}

/* Room for the longest spec of a topology that topology_check takes, with its NUL. */
#define TOPOLOGY_SPEC_SIZE 640

/*
 * topology_parse - read a spec, lower case, its parts in this order:
 *
 *	1n2l4c2t	NUMA nodes, last-level caches of the whole machine, cores behind each LLC,
 *			SMT threads of a core
 *	1n:4c2t+2l2c1t	the LLCs one by one, or several that are alike
 *	...+1m		and so many nodes that have memory only; their numbers follow the others'
 *	...@0-1=15,0-2=40
 *			and the distance of these nodes; of all others it is 20
 *
 * Returns 0, or -EINVAL with a message that names the part at fault and the rule it breaks; then
 * @out is as it was.
 */
int topology_parse(const char *spec, struct topology *out, struct error *err);

/*
 * topology_parse_distances - "0-1=15,0-2=40", in any order. A pair that is there already gets the
 * new distance. Whether there are such nodes is for topology_check. Returns 0, or -EINVAL.
 */
int topology_parse_distances(const char *text, struct topology_distances *out, struct error *err);

/* Give @topology these distances, beside those that it has. -EINVAL: too many. */
int topology_add_distances(struct topology *topology, const struct topology_distances *more,
			   struct error *err);

/* topology_check - the same rules for a topology that was put together from its parts. */
int topology_check(const struct topology *topology, struct error *err);

void topology_format(const struct topology *topology, char out[TOPOLOGY_SPEC_SIZE]);

unsigned int topology_cpus(const struct topology *topology);
unsigned int topology_llcs(const struct topology *topology);
/* Those with CPUs and those without. */
unsigned int topology_nodes(const struct topology *topology);
/* Of the core that has the most. */
unsigned int topology_max_threads(const struct topology *topology);
/* Of node @a from node @b, as ACPI has it. */
unsigned int topology_distance(const struct topology *topology, unsigned int a, unsigned int b);

/* Where a CPU stands. */
struct topology_place {
	unsigned int node;
	unsigned int llc;		  /* of the machine */
	unsigned int core;		  /* of its LLC */
	unsigned int thread;		  /* of its core */
	const struct topology_part *part; /* that its LLC is of; the topology's */
};

/*
 * topology_place - of CPU number @cpu (0-based, the order of the MADT and so of Linux's own
 * numbers), which must be one of them. Threads of a core are neighbours, cores of an LLC are
 * neighbours, LLCs of a node are neighbours.
 */
struct topology_place topology_place(const struct topology *topology, unsigned int cpu);

/*
 * The bits that an APIC id has for the thread and for the core: ceil(log2) of the most threads of a
 * core and of the most cores of an LLC. APIC id = llc << (core_bits + thread_bits) | core <<
 * thread_bits | thread (Intel SDM vol. 3, 9.9.1 "Hierarchical Mapping of Shared Resources").
 */
unsigned int topology_thread_bits(const struct topology *topology);
unsigned int topology_core_bits(const struct topology *topology);
uint32_t topology_apic_id(const struct topology *topology, unsigned int cpu);
/* The last CPU's, which is the largest. */
uint32_t topology_max_apic_id(const struct topology *topology);

#endif
