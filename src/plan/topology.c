/* Which CPUs does the guest have, and what do they share? See topology.h. */
#include "plan/topology.h"

#include <errno.h>

#define DISTANCE_LOCAL	10
#define DISTANCE_REMOTE 20

unsigned int topology_llcs(const struct topology *topology)
{
	unsigned int llcs = 0;

	for (unsigned int i = 0; i < topology->nr_parts; i++)
		llcs += topology->parts[i].llcs;
	return llcs;
}

unsigned int topology_cpus(const struct topology *topology)
{
	unsigned int cpus = 0;

	for (unsigned int i = 0; i < topology->nr_parts; i++) {
		const struct topology_part *part = &topology->parts[i];

		cpus += part->llcs * part->cores * part->threads;
	}
	return cpus;
}

unsigned int topology_nodes(const struct topology *topology)
{
	return topology->numa_nodes + topology->memory_nodes;
}

unsigned int topology_max_threads(const struct topology *topology)
{
	unsigned int threads = 0;

	for (unsigned int i = 0; i < topology->nr_parts; i++)
		if (topology->parts[i].threads > threads)
			threads = topology->parts[i].threads;
	return threads;
}

unsigned int topology_distance(const struct topology *topology, unsigned int a, unsigned int b)
{
	const struct topology_distances *distances = &topology->distances;

	if (a == b)
		return DISTANCE_LOCAL;
	for (unsigned int i = 0; i < distances->count; i++)
		if (distances->list[i].a == (a < b ? a : b) &&
		    distances->list[i].b == (a < b ? b : a))
			return distances->list[i].distance;
	return DISTANCE_REMOTE;
}

struct topology_place topology_place(const struct topology *topology, unsigned int cpu)
{
	const struct topology_part *part = topology->parts;
	unsigned int llcs = topology_llcs(topology), nodes = topology->numa_nodes;
	struct topology_place place = { 0 };

	for (; cpu >= part->llcs * part->cores * part->threads; part++) {
		cpu -= part->llcs * part->cores * part->threads;
		place.llc += part->llcs;
	}
	place.part = part;
	place.thread = cpu % part->threads;
	place.core = cpu / part->threads % part->cores;
	place.llc += cpu / (part->cores * part->threads);
	if (llcs >= nodes)
		place.node = place.llc / (llcs / nodes);
	else
		place.node =
			place.llc * (nodes / llcs) + place.core / (part->cores / (nodes / llcs));
	return place;
}

/* ceil(log2(@n)) */
static unsigned int order(unsigned int n)
{
	unsigned int bits = 0;

	while (1u << bits < n)
		bits++;
	return bits;
}

unsigned int topology_thread_bits(const struct topology *topology)
{
	return order(topology_max_threads(topology));
}

unsigned int topology_core_bits(const struct topology *topology)
{
	unsigned int cores = 0;

	for (unsigned int i = 0; i < topology->nr_parts; i++)
		if (topology->parts[i].cores > cores)
			cores = topology->parts[i].cores;
	return order(cores);
}

uint32_t topology_apic_id(const struct topology *topology, unsigned int cpu)
{
	struct topology_place place = topology_place(topology, cpu);
	unsigned int thread_bits = topology_thread_bits(topology);
	unsigned int core_bits = topology_core_bits(topology);

	return place.llc << (core_bits + thread_bits) | place.core << thread_bits | place.thread;
}

uint32_t topology_max_apic_id(const struct topology *topology)
{
	return topology_apic_id(topology, topology_cpus(topology) - 1);
}

/* What the letters of a spec stand for. */
static const char *const nodes_name = "NUMA nodes", *const llcs_name = "LLCs",
			 *const cores_name = "cores per LLC",
			 *const threads_name = "threads per core";

static int check_count(const char *spec, unsigned int count, char letter, const char *name,
		       struct error *err)
{
	if (count == 0)
		return error_set(err, -EINVAL,
				 "topology '%s': the number of %s ('%c') is 0; give 1 or more",
				 spec, name, letter);
	if (count > TOPOLOGY_MAX_CPUS)
		return error_set(err, -EINVAL,
				 "topology '%s': too many %s ('%c'); a guest has at most %d CPUs",
				 spec, name, letter, TOPOLOGY_MAX_CPUS);
	return 0;
}

static int check_part(const char *spec, const struct topology_part *part, struct error *err)
{
	int ret = check_count(spec, part->llcs, 'l', llcs_name, err);

	if (!ret)
		ret = check_count(spec, part->cores, 'c', cores_name, err);
	if (!ret)
		ret = check_count(spec, part->threads, 't', threads_name, err);
	return ret;
}

/* So bounded by check_part, the products fit. */
static int check_cpus(const char *spec, const struct topology *topology, struct error *err)
{
	const struct topology_part *part = topology->parts;
	uint64_t cpus = 0;

	for (unsigned int i = 0; i < topology->nr_parts; i++, part++)
		cpus += (uint64_t)part->llcs * part->cores * part->threads;
	if (cpus <= TOPOLOGY_MAX_CPUS)
		return 0;
	part = topology->parts;
	if (topology->nr_parts == 1)
		return error_set(err, -EINVAL,
				 "topology '%s': %u x %u x %u = %llu CPUs; a guest has at most %d",
				 spec, part->llcs, part->cores, part->threads,
				 (unsigned long long)cpus, TOPOLOGY_MAX_CPUS);
	return error_set(err, -EINVAL, "topology '%s': %llu CPUs; a guest has at most %d", spec,
			 (unsigned long long)cpus, TOPOLOGY_MAX_CPUS);
}

/* Do LLCs divide among nodes, or nodes among LLCs, and then the cores of each? */
static int check_nodes(const char *spec, const struct topology *topology, struct error *err)
{
	unsigned int llcs = topology_llcs(topology), nodes = topology->numa_nodes;

	if (llcs % nodes && nodes % llcs)
		return error_set(err, -EINVAL,
				 "topology '%s': %u LLCs do not divide among %u NUMA nodes; make "
				 "the LLCs ('l', counted over the whole machine) a multiple of the "
				 "nodes ('n'), or the nodes a multiple of the LLCs",
				 spec, llcs, nodes);
	for (unsigned int i = 0; llcs < nodes && i < topology->nr_parts; i++)
		if (topology->parts[i].cores % (nodes / llcs))
			return error_set(
				err, -EINVAL,
				"topology '%s': an LLC that spans %u NUMA nodes has as many "
				"cores in each, and %u ('c') do not divide among them; make "
				"the cores or the LLCs a multiple of the nodes",
				spec, nodes / llcs, topology->parts[i].cores);
	return 0;
}

static int check_apic_ids(const char *spec, const struct topology *topology, struct error *err)
{
	uint64_t each = 1ull << (topology_core_bits(topology) + topology_thread_bits(topology));

	/* In 64 bits: 1024 LLCs beside one of 1024 cores would wrap round. */
	if (topology_llcs(topology) * each <= TOPOLOGY_MAX_APIC_ID + 1)
		return 0;
	return error_set(
		err, -EINVAL,
		"topology '%s': the largest LLC takes %llu APIC ids, and so does each of the "
		"%u; KVM has %d; make the LLCs more alike, or fewer",
		spec, (unsigned long long)each, topology_llcs(topology), TOPOLOGY_MAX_APIC_ID + 1);
}

static int check_distances(const char *spec, const struct topology *topology, struct error *err)
{
	const struct topology_distances *distances = &topology->distances;
	unsigned int nodes = topology_nodes(topology);

	if (distances->count && nodes > TOPOLOGY_SLIT_NODES)
		return error_set(err, -EINVAL,
				 "topology '%s': distances are possible for at most %d NUMA nodes",
				 spec, TOPOLOGY_SLIT_NODES);
	for (unsigned int i = 0; i < distances->count; i++)
		if (distances->list[i].b >= nodes)
			return error_set(err, -EINVAL,
					 "topology '%s': a distance is given from node %u to node "
					 "%u, and the last one is node %u",
					 spec, distances->list[i].a, distances->list[i].b,
					 nodes - 1);
	return 0;
}

int topology_check(const struct topology *topology, struct error *err)
{
	char spec[TOPOLOGY_SPEC_SIZE];
	int ret;

	topology_format(topology, spec);
	ret = check_count(spec, topology->numa_nodes, 'n', nodes_name, err);
	for (unsigned int i = 0; !ret && i < topology->nr_parts; i++)
		ret = check_part(spec, &topology->parts[i], err);
	if (!ret)
		ret = check_cpus(spec, topology, err);
	if (!ret && topology->memory_nodes)
		ret = check_count(spec, topology->memory_nodes, 'm', "memory-only nodes", err);
	if (!ret)
		ret = check_nodes(spec, topology, err);
	if (!ret && topology->nr_parts > 1)
		ret = check_apic_ids(spec, topology, err);
	if (!ret && topology_nodes(topology) > TOPOLOGY_MAX_CPUS)
		ret = error_set(err, -EINVAL,
				"topology '%s': %u NUMA nodes; a guest has at most %d", spec,
				topology_nodes(topology), TOPOLOGY_MAX_CPUS);
	return ret ? ret : check_distances(spec, topology, err);
}
