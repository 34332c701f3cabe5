/* How many CPUs does this host have, and how many of them may we use? See cpus.h. */
#include "host/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cgroup.h"

/* Ends the search for a mask that is large enough; Linux is built for 8192 CPUs at most. */
#define MOST_CPUS (1 << 20)

/* The kernel refuses a mask that is smaller than its own: CPU_SETSIZE is 1024. */
static unsigned int affinity(void)
{
	for (int count = CPU_SETSIZE; count <= MOST_CPUS; count *= 2) {
		cpu_set_t *set = CPU_ALLOC(count);
		size_t size = CPU_ALLOC_SIZE(count);
		unsigned int allowed = 0;
		bool larger;

		if (!set)
			return 0;
		if (sched_getaffinity(0, size, set) == 0)
			allowed = (unsigned int)CPU_COUNT_S(size, set);
		larger = !allowed && errno == EINVAL;
		CPU_FREE(set);
		if (!larger)
			return allowed;
	}
	return 0;
}

void host_cpus_read(const char *root, struct host_cpus *cpus)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	char cgroups[PATH_MAX], mount[PATH_MAX];

	*cpus = (struct host_cpus){ .online = online > 0 ? (unsigned int)online : 0 };
	cpus->allowed = affinity();
	if (!cpus->allowed)
		cpus->allowed = 1;
	if (snprintf(cgroups, sizeof(cgroups), "%s/proc/self/cgroup", root) <
		    (int)sizeof(cgroups) &&
	    snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup", root) < (int)sizeof(mount))
		cpus->quota = cgroup_cpu_limit(cgroups, mount);
	cpus->usable = cpus->allowed;
	if (cpus->quota > 0 && cpus->quota < cpus->usable)
		cpus->usable = cpus->quota < 1 ? 1 : (unsigned int)cpus->quota;
}
