/* How much memory does this host have, and how much of it may we use? */
#ifndef KTSTR_HOST_MEMORY_H
#define KTSTR_HOST_MEMORY_H

#include <limits.h>
#include <stdint.h>

#include "util/error.h"

struct host_memory {
	uint64_t total_mib, available_mib; /* of the host; 0: /proc/meminfo does not tell */
	uint64_t huge_pages;		   /* reserved ones (HugePages_Total) */
	uint64_t limit_mib;	   /* the smallest of our cgroups' limits; UINT64_MAX: none */
	uint64_t left_mib;	   /* what the limits leave now; UINT64_MAX: no limit */
	char limit_path[PATH_MAX]; /* the file that has the limit, or "" */
};

/* host_memory_read - as it is now. @root: before "/proc" and "/sys"; "" but for tests */
void host_memory_read(const char *root, struct host_memory *memory);

/*
 * host_memory_stalled_ns - for how long some task of the host has waited for memory since it
 * booted, for reclaim, thrashing or swapping in: "some" of /proc/pressure/memory (PSI), ns.
 * UINT64_MAX: it does not tell. @root: as above
 */
uint64_t host_memory_stalled_ns(const char *root);

/*
 * host_memory_of_guest - what a guest with @mib MiB and @cpus vCPUs takes of the host once it has
 * touched all of its memory, MiB: page tables, KVM's own and the launcher are counted for our
 * cgroup as well. A fork can touch all of it, too. Never overflows.
 */
uint64_t host_memory_of_guest(uint64_t mib, unsigned int cpus);

/* The same backwards: the largest guest with @cpus vCPUs that takes no more than @mib MiB. */
uint64_t host_memory_largest_guest(uint64_t mib, unsigned int cpus);

/*
 * host_memory_most - the most that a guest and all beside it may take of this host, or of our
 * cgroup's limit, MiB; 0: that is not known
 */
uint64_t host_memory_most(const struct host_memory *memory);

/* A guest, and what this process holds in memory beside it. */
struct host_memory_need {
	uint64_t guest_mib;
	unsigned int cpus;
	uint64_t cargo_mib; /* what the guest is to unpack; it is given back once that is done */
	uint64_t base_mib;  /* base_held_mib of what it is forked from */
};

/*
 * host_memory_fits - may this process run it? Compared with what the host has in all, and with the
 * limits of our cgroups; not with what is free now, which changes. Returns 0, or -ENOMEM with the
 * numbers.
 */
int host_memory_fits(const struct host_memory *memory, const struct host_memory_need *need,
		     struct error *err);

#endif
