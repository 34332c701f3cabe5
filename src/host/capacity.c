/* What does this host hold? See capacity.h. */
#include "host/capacity.h"

#include "host/cpus.h"
#include "host/memory.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void capacity_read(struct capacity *capacity)
{
	struct host_memory memory;
	struct host_cpus cpus;

	host_cpus_read("", &cpus);
	capacity->cpus = cpus.usable;
	host_memory_read("", &memory);
	capacity->memory_mib = host_memory_most(&memory);
	capacity->free_mib = least(memory.available_mib, memory.left_mib);
	capacity->free_mib = least(capacity->free_mib, capacity->memory_mib);
}
