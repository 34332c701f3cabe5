/* What does this host hold? See capacity.h. */
#include "suite/capacity.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cgroup.h"

/* A line of /proc/meminfo, in MiB; 0 when it is not there. */
static uint64_t meminfo_mib(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line + strlen(name), " %llu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib / 1024;
}

void capacity_read(struct capacity *capacity)
{
	struct cgroup_limit limit;
	cpu_set_t cpus;

	capacity->cpus = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1
								   : (unsigned int)CPU_COUNT(&cpus);
	if (!capacity->cpus)
		capacity->cpus = 1;
	capacity->memory_mib = meminfo_mib("MemTotal:");
	capacity->free_mib = meminfo_mib("MemAvailable:");
	if (cgroup_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup", &limit)) {
		if (limit.bytes >> 20 < capacity->memory_mib)
			capacity->memory_mib = limit.bytes >> 20;
		if (limit.left >> 20 < capacity->free_mib)
			capacity->free_mib = limit.left >> 20;
	}
	if (capacity->free_mib > capacity->memory_mib)
		capacity->free_mib = capacity->memory_mib;
}
