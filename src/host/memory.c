/* How much memory does this host have, and how much of it may we use? See memory.h. */
#include "host/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../guest/protocol.h"
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

uint64_t host_memory_stalled_ns(const char *root)
{
	char path[PATH_MAX], line[128];
	uint64_t us = UINT64_MAX;
	FILE *file = NULL;

	if (snprintf(path, sizeof(path), "%s/proc/pressure/memory", root) < (int)sizeof(path))
		file = fopen(path, "re");
	/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345", in us (Documentation/accounting/
	 * psi.rst). A kernel with PSI switched off (psi=0) fails at the read. */
	if (file && fgets(line, sizeof(line), file) && strstr(line, " total=") &&
	    sscanf(strstr(line, " total="), " total=%" SCNu64, &us) != 1)
		us = UINT64_MAX;
	if (file)
		fclose(file);
	return us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;
}

/*
 * For each page of 4 KiB 8 bytes of EPT or NPT, 8 of our own page tables, and 8 of the reverse map
 * that KVM has where it shadows page tables (ept=0, nested guests of some versions). Huge pages
 * spare most of it, and nobody promises them.
 */
#define TABLES_PART(mib) ((mib) / 512 * 3 + ((mib) % 512 * 3 + 511) / 512)

/*
 * In KiB: struct kvm_vcpu, VMCS or VMCB, FPU states, kvm_run, two stacks, and above all the 40
 * pages, twice, that KVM's page table code keeps ready (KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE).
 */
#define VCPU_KIB 512

/*
 * The launcher while a guest runs (tools/bench: 3 MiB), and room for what it has just unpacked, or
 * for a small cargo.
 */
#define LAUNCHER_MIB 16

static uint64_t beside_guest(uint64_t mib, unsigned int cpus)
{
	return TABLES_PART(mib) + ((uint64_t)cpus * VCPU_KIB + 1023) / 1024 +
	       ((KTSTR_CHANNEL_SIZE + (1 << 20) - 1) >> 20) + LAUNCHER_MIB;
}

uint64_t host_memory_of_guest(uint64_t mib, unsigned int cpus)
{
	uint64_t beside = beside_guest(mib, cpus);

	return mib > UINT64_MAX - beside ? UINT64_MAX : mib + beside;
}

uint64_t host_memory_largest_guest(uint64_t mib, unsigned int cpus)
{
	uint64_t guest = mib > beside_guest(mib, cpus) ? mib - beside_guest(mib, cpus) : 0;

	/* Too little by the tables of what was taken off. */
	while (host_memory_of_guest(guest + 1, cpus) <= mib)
		guest++;
	return guest;
}

uint64_t host_memory_most(const struct host_memory *memory)
{
	return memory->total_mib < memory->limit_mib ? memory->total_mib : memory->limit_mib;
}

/* "512 MiB, and 22 more for page tables, KVM and the launcher, 30 for what it is to unpack" */
static void describe(const struct host_memory_need *need, char text[256])
{
	uint64_t all = host_memory_of_guest(need->guest_mib, need->cpus);
	int used = snprintf(text, 256,
			    "%" PRIu64 " MiB, and %" PRIu64
			    " more for page tables, KVM and the launcher",
			    need->guest_mib, all - need->guest_mib);

	if (need->cargo_mib)
		used += snprintf(text + used, 256 - (size_t)used,
				 ", %" PRIu64 " for what it is to unpack", need->cargo_mib);
	if (need->base_mib)
		snprintf(text + used, 256 - (size_t)used,
			 ", %" PRIu64 " for the machine that it is forked from", need->base_mib);
}

/* Is it more than @mib? Then @most is the largest guest that is not. */
static bool is_over(const struct host_memory_need *need, uint64_t mib, uint64_t *most)
{
	uint64_t beside = need->cargo_mib + need->base_mib;
	uint64_t left = mib > beside ? mib - beside : 0;

	*most = host_memory_largest_guest(left, need->cpus);
	return host_memory_of_guest(need->guest_mib, need->cpus) > left;
}

int host_memory_fits(const struct host_memory *memory, const struct host_memory_need *need,
		     struct error *err)
{
	char text[256];
	uint64_t most;

	describe(need, text);
	if (memory->total_mib && is_over(need, memory->total_mib, &most))
		return error_set(err, -ENOMEM,
				 "guest memory: %s, is more than the %" PRIu64
				 " MiB that the host has; give the guest at most %" PRIu64,
				 text, memory->total_mib, most);
	if (memory->limit_mib != UINT64_MAX && is_over(need, memory->limit_mib, &most))
		return error_set(err, -ENOMEM,
				 "guest memory: %s, is more than the %" PRIu64
				 " MiB that this container or service may use ('%s'): the kernel "
				 "would kill the launcher; give the guest at most %" PRIu64
				 " with --memory, or raise that limit",
				 text, memory->limit_mib, memory->limit_path, most);
	return 0;
}
