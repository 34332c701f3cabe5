/* What does this host hold? See capacity.h. */
#include "suite/capacity.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
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

/* @name's number in a file of numbers, each after its name; "": of the only one. 0: not there. */
static uint64_t cgroup_number(const char *folder, const char *file_name, const char *name)
{
	unsigned long long bytes = 0;
	char path[PATH_MAX + 64], line[256];
	size_t length = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, file_name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) &&
		    sscanf(line + length, length ? " %llu" : "%llu", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

/* What the limit's cgroup has in use, but for page cache that goes when its memory is wanted. */
static uint64_t cgroup_used(const struct cgroup_limit *limit)
{
	char folder[PATH_MAX];
	uint64_t used, cache;
	char *slash;
	bool v1;

	memcpy(folder, limit->path, sizeof(folder));
	slash = strrchr(folder, '/');
	if (!slash)
		return 0;
	v1 = !strcmp(slash + 1, "memory.limit_in_bytes");
	*slash = '\0';
	used = cgroup_number(folder, v1 ? "memory.usage_in_bytes" : "memory.current", "");
	/* v1's names without "total_" are of that cgroup without those below it. */
	cache = cgroup_number(folder, "memory.stat",
			      v1 ? "total_inactive_file " : "inactive_file ");
	return used > cache ? used - cache : 0;
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
		uint64_t used = cgroup_used(&limit);
		uint64_t left = limit.bytes > used ? (limit.bytes - used) >> 20 : 0;

		if (limit.bytes >> 20 < capacity->memory_mib)
			capacity->memory_mib = limit.bytes >> 20;
		if (left < capacity->free_mib)
			capacity->free_mib = left;
	}
	if (capacity->free_mib > capacity->memory_mib)
		capacity->free_mib = capacity->memory_mib;
}
