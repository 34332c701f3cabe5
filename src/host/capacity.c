/* What does this host hold? See capacity.h. */
#include "host/capacity.h"

#include <sched.h>

#include "host/memory.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void capacity_read(struct capacity *capacity)
{
	struct host_memory memory;
	cpu_set_t cpus;

	capacity->cpus = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1
								   : (unsigned int)CPU_COUNT(&cpus);
	if (!capacity->cpus)
		capacity->cpus = 1;
	host_memory_read("", &memory);
	capacity->memory_mib = least(memory.total_mib, memory.limit_mib);
	capacity->free_mib = least(memory.available_mib, memory.left_mib);
	capacity->free_mib = least(capacity->free_mib, capacity->memory_mib);
}
