/* What does this host hold? For the number of VMs at once, and for tests that are too large for it.
 */
#ifndef KTSTR_HOST_CAPACITY_H
#define KTSTR_HOST_CAPACITY_H

#include <stdint.h>

struct capacity {
	unsigned int cpus; /* that we may use, by affinity and quota */
	/* What guests take of it, with all beside them: host_memory_of_guest. */
	uint64_t memory_mib; /* the most that can be had: the host's, or our cgroup's limit */
	uint64_t free_mib;   /* what can be had now: MemAvailable, and what the limit leaves */
};

void capacity_read(struct capacity *capacity);

#endif
