/* How much memory and CPU do our cgroups, and so a container or a service, leave us? */
#ifndef KTSTR_HOST_CGROUP_H
#define KTSTR_HOST_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct cgroup_limit {
	uint64_t bytes;
	char path[PATH_MAX]; /* the file that says so */
	uint64_t left;	     /* bytes that none of the limits refuses now; siblings use some, too */
};

/*
 * cgroup_memory_limit - the smallest limit on the way from our cgroup up to the root of the mount:
 * memory.max (Linux, Documentation/admin-guide/cgroup-v2.rst) and memory.limit_in_bytes
 * (cgroup-v1/memory.rst).
 * @cgroups: "/proc/self/cgroup", which cgroups(7) describes; @mount: "/sys/fs/cgroup"
 * Returns false when there is none, or none that can be read and understood.
 */
bool cgroup_memory_limit(const char *cgroups, const char *mount, struct cgroup_limit *limit);

/*
 * cgroup_cpu_limit - the smallest CPU quota on that way, in CPUs ("2.5"): cpu.max, and of version 1
 * cpu.cfs_quota_us by cpu.cfs_period_us (Linux, Documentation/scheduler/sched-bwc.rst).
 * Returns 0 when there is none.
 */
double cgroup_cpu_limit(const char *cgroups, const char *mount);

#endif
