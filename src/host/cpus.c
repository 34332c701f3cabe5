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
cpu_set_t *host_cpus_affinity(int *count)
{
	for (*count = CPU_SETSIZE; *count <= MOST_CPUS; *count *= 2) {
		cpu_set_t *set = CPU_ALLOC(*count);
		bool larger;

		if (!set)
			return NULL;
		if (sched_getaffinity(0, CPU_ALLOC_SIZE(*count), set) == 0)
			return set;
		larger = errno == EINVAL;
		CPU_FREE(set);
		if (!larger)
			return NULL;
	}
	return NULL;
}

static unsigned int count_allowed(void)
{
	int count, allowed;
	cpu_set_t *set = host_cpus_affinity(&count);

	if (!set)
		return 0;
	allowed = CPU_COUNT_S(CPU_ALLOC_SIZE(count), set);
	CPU_FREE(set);
	return (unsigned int)allowed;
}

void host_cpus_read(const char *root, struct host_cpus *cpus)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	char cgroups[PATH_MAX], mount[PATH_MAX];

	*cpus = (struct host_cpus){ .online = online > 0 ? (unsigned int)online : 0 };
	cpus->allowed = count_allowed();
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
