/* How many CPUs does this host have, and how many of them may we use? */
#ifndef KTSTR_HOST_CPUS_H
#define KTSTR_HOST_CPUS_H

#include <sched.h>

struct host_cpus {
	unsigned int online;  /* 0: the host does not tell */
	unsigned int allowed; /* by our affinity (taskset, cpuset); at least 1 */
	double quota;	      /* by our cgroups, "2.5"; 0: none */
	unsigned int usable;  /* whole CPUs that both leave us, at least 1 */
};

/* host_cpus_read - as it is now. @root: before "/proc" and "/sys"; "" but for tests */
void host_cpus_read(const char *root, struct host_cpus *cpus);

/*
 * host_cpus_affinity - the CPUs that this thread may run on, @count bits. The caller's, CPU_FREE.
 * Returns NULL where the host does not tell.
 */
cpu_set_t *host_cpus_affinity(int *count);

#endif
