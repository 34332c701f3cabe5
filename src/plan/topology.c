/* Which CPUs does the guest have, and what do they share? See topology.h. */
#include "plan/topology.h"

#include <errno.h>
#include <stdio.h>

/* The parts of a spec in their order, each with the letter that ends it. */
static const struct {
	char letter;
	const char *name;
} parts[] = {
	{ 'n', "NUMA nodes" },
	{ 'l', "LLCs" },
	{ 'c', "cores per LLC" },
	{ 't', "threads per core" },
};

#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

/* Far above every limit, and far below what could overflow: where counting digits may stop. */
#define COUNT_MAX 1000000u

int topology_parse(const char *spec, struct topology *out, struct error *err)
{
	unsigned int values[NR_PARTS];
	struct topology topology;
	const char *p = spec;
	int ret;

	for (size_t i = 0; i < NR_PARTS; i++) {
		const char *start = p;
		unsigned int value = 0;

		while (*p >= '0' && *p <= '9') {
			value = value * 10 + (unsigned int)(*p++ - '0');
			if (value > COUNT_MAX)
				value = COUNT_MAX;
		}
		if (p == start || *p != parts[i].letter)
			return error_set(err, -EINVAL,
					 "topology '%s': expected a number and '%c' (%s) at '%s'; "
					 "give NnNlNcNt, for example 1n2l4c2t",
					 spec, parts[i].letter, parts[i].name, start);
		values[i] = value;
		p++;
	}
	if (*p)
		return error_set(err, -EINVAL,
				 "topology '%s': '%s' is left over after the threads per core; "
				 "give NnNlNcNt, for example 1n2l4c2t",
				 spec, p);

	topology = (struct topology){
		.numa_nodes = values[0],
		.llcs = values[1],
		.cores = values[2],
		.threads = values[3],
	};
	ret = topology_check(&topology, err);
	if (ret)
		return ret;
	*out = topology;
	return 0;
}

int topology_check(const struct topology *topology, struct error *err)
{
	const unsigned int values[NR_PARTS] = { topology->numa_nodes, topology->llcs,
						topology->cores, topology->threads };
	char spec[TOPOLOGY_SPEC_SIZE];
	uint64_t cpus = 1;

	topology_format(topology, spec);
	for (size_t i = 0; i < NR_PARTS; i++) {
		if (values[i] == 0)
			return error_set(err, -EINVAL,
					 "topology '%s': the number of %s ('%c') is 0; give 1 or "
					 "more",
					 spec, parts[i].name, parts[i].letter);
		/* So bounded, the product below fits. */
		if (values[i] > TOPOLOGY_MAX_CPUS)
			return error_set(err, -EINVAL,
					 "topology '%s': too many %s ('%c'); a guest has at most "
					 "%d CPUs",
					 spec, parts[i].name, parts[i].letter, TOPOLOGY_MAX_CPUS);
		if (parts[i].letter != 'n')
			cpus *= values[i];
	}
	if (cpus > TOPOLOGY_MAX_CPUS)
		return error_set(err, -EINVAL,
				 "topology '%s': %u x %u x %u = %llu CPUs; a guest has at most %d",
				 spec, topology->llcs, topology->cores, topology->threads,
				 (unsigned long long)cpus, TOPOLOGY_MAX_CPUS);
	if (topology->llcs % topology->numa_nodes)
		return error_set(err, -EINVAL,
				 "topology '%s': %u LLCs do not divide among %u NUMA nodes; make "
				 "the LLCs ('l', counted over the whole machine) a multiple of the "
				 "nodes ('n')",
				 spec, topology->llcs, topology->numa_nodes);
	return 0;
}

void topology_format(const struct topology *topology, char out[TOPOLOGY_SPEC_SIZE])
{
	snprintf(out, TOPOLOGY_SPEC_SIZE, "%un%ul%uc%ut", topology->numa_nodes, topology->llcs,
		 topology->cores, topology->threads);
}

unsigned int topology_cpus(const struct topology *topology)
{
	return topology->llcs * topology->cores * topology->threads;
}

unsigned int topology_llc_of(const struct topology *topology, unsigned int cpu)
{
	return cpu / (topology->cores * topology->threads);
}

unsigned int topology_node_of(const struct topology *topology, unsigned int cpu)
{
	return topology_llc_of(topology, cpu) / (topology->llcs / topology->numa_nodes);
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
	return order(topology->threads);
}

unsigned int topology_core_bits(const struct topology *topology)
{
	return order(topology->cores);
}

uint32_t topology_apic_id(const struct topology *topology, unsigned int cpu)
{
	unsigned int thread_bits = topology_thread_bits(topology);
	unsigned int core_bits = topology_core_bits(topology);
	uint32_t thread = cpu % topology->threads;
	uint32_t core = cpu / topology->threads % topology->cores;
	uint32_t llc = topology_llc_of(topology, cpu);

	return llc << (core_bits + thread_bits) | core << thread_bits | thread;
}

uint32_t topology_max_apic_id(const struct topology *topology)
{
	return topology_apic_id(topology, topology_cpus(topology) - 1);
}
