/* How much memory does this host have, and how much of it may we use? See memory.h. */
#include "host/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "host/cgroup.h"

void host_memory_read(const char *root, struct host_memory *memory)
{
	char path[PATH_MAX], mount[PATH_MAX], line[128];
	struct cgroup_limit limit;
	FILE *file = NULL;
	uint64_t number;

	*memory = (struct host_memory){ .limit_mib = UINT64_MAX, .left_mib = UINT64_MAX };
	if (snprintf(path, sizeof(path), "%s/proc/meminfo", root) < (int)sizeof(path))
		file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemTotal: %" SCNu64, &number) == 1)
			memory->total_mib = number >> 10;
		else if (sscanf(line, "MemAvailable: %" SCNu64, &number) == 1)
			memory->available_mib = number >> 10;
		else if (sscanf(line, "HugePages_Total: %" SCNu64, &number) == 1)
			memory->huge_pages = number;
	}
	if (file)
		fclose(file);
	if (snprintf(path, sizeof(path), "%s/proc/self/cgroup", root) < (int)sizeof(path) &&
	    snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup", root) < (int)sizeof(mount) &&
	    cgroup_memory_limit(path, mount, &limit)) {
		memory->limit_mib = limit.bytes >> 20;
		memory->left_mib = limit.left >> 20;
		snprintf(memory->limit_path, sizeof(memory->limit_path), "%s", limit.path);
	}
}

int host_memory_fits(const struct host_memory *memory, uint64_t mib, struct error *err)
{
	if (memory->total_mib && mib > memory->total_mib)
		return error_set(err, -ENOMEM,
				 "guest memory: %" PRIu64 " MiB is more than the %" PRIu64
				 " MiB that the host has; give the guest less",
				 mib, memory->total_mib);
	if (mib > memory->limit_mib)
		return error_set(err, -ENOMEM,
				 "guest memory: %" PRIu64 " MiB is more than the %" PRIu64
				 " MiB that this container or service may use ('%s'): the kernel "
				 "would kill the launcher; give the guest less with --memory, or "
				 "raise that limit",
				 mib, memory->limit_mib, memory->limit_path);
	return 0;
}
