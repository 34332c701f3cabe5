/* Guest RAM: one mapping, split at the hole below 4 GiB and over the NUMA nodes. See memory.h. */
#include "vmm/memory.h"

#include <errno.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/huge.h"
#include "vmm/arch.h"

#define MIB	      (1ull << 20)
/* Linux drops nodes below 4 MiB, and each has its share of kernel, initramfs and memory map. */
#define NODE_MIN_SIZE (32 * MIB)
/* Left out of older headers. */
#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

/* Add node @node's RAM, [start, end) counted in bytes of RAM, leaving out the hole. */
static void add_node(struct guest_memory *memory, unsigned int node, uint64_t start, uint64_t end)
{
	uint64_t low_end = end < memory->low_size ? end : memory->low_size;
	uint64_t high_start = start > memory->low_size ? start : memory->low_size;

	if (start < low_end)
		memory->ranges[memory->nr_ranges++] = (struct memory_range){
			.gpa = start, .size = low_end - start, .node = node
		};
	if (high_start < end)
		memory->ranges[memory->nr_ranges++] =
			(struct memory_range){ .gpa = memory->high_gpa +
						      (high_start - memory->low_size),
					       .size = end - high_start,
					       .node = node };
}

/*
 * Equal shares with boundaries at multiples of 2 MiB; the first node, which also holds kernel and
 * initramfs, takes what is left over, and a last odd MiB falls to the last node.
 */
static void split(struct guest_memory *memory, unsigned int nodes)
{
	uint64_t share = memory->size / nodes & ~(HUGE_PAGE_SIZE - 1);
	uint64_t whole = memory->size & ~(HUGE_PAGE_SIZE - 1);
	uint64_t start = 0;
	uint64_t end = whole - share * (nodes - 1);

	for (unsigned int node = 0; node < nodes; node++) {
		add_node(memory, node, start, node + 1 == nodes ? memory->size : end);
		start = end;
		end += share;
	}
}

static int map_at(uint8_t *at, uint64_t size, int flags, int fd, uint64_t offset)
{
	void *mapped = mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_NORESERVE | flags, fd,
			    (off_t)offset);

	return mapped == at ? 0 : -errno;
}

static int map_copy(struct guest_memory *memory, const struct memory_source *source)
{
	const struct extents *extents = source->extents;
	int ret;

	if (!extents) {
		ret = extents_add(&memory->in_file, 0, memory->size);
		return ret ? ret
			   : map_at(memory->host, memory->size, MAP_PRIVATE, source->fd,
				    source->offset);
	}
	ret = map_at(memory->host, memory->size, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; !ret && i < extents->count; i++) {
		ret = map_at(memory->host + extents->list[i].at, extents->list[i].size, MAP_PRIVATE,
			     source->fd, source->offset + extents->list[i].at);
		if (!ret)
			ret = extents_add(&memory->in_file, extents->list[i].at,
					  extents->list[i].size);
	}
	return ret;
}

static int map(struct guest_memory *memory, const struct memory_source *source)
{
	memory->host = huge_reserve(memory->size);
	if (!memory->host)
		return -errno;
	return source ? map_copy(memory, source)
		      : map_at(memory->host, memory->size, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int guest_memory_create(struct guest_memory *memory, const struct topology *topology, uint64_t mib,
			const struct memory_source *source, struct error *err)
{
	const struct arch_hole hole = arch_hole();
	unsigned int nodes = topology_nodes(topology);
	int ret;

	*memory = (struct guest_memory){ 0 };
	if (nodes == 0 || nodes > TOPOLOGY_MAX_CPUS)
		return error_set(err, -EINVAL, "guest memory: %u NUMA nodes, expected 1 to %d",
				 nodes, TOPOLOGY_MAX_CPUS);
	if (mib < nodes * (NODE_MIN_SIZE / MIB))
		return error_set(err, -EINVAL,
				 "guest memory: %llu MiB is too little for %u NUMA node%s; give "
				 "%llu MiB or more, %llu a node",
				 (unsigned long long)mib, nodes, nodes == 1 ? "" : "s",
				 nodes * (NODE_MIN_SIZE / MIB), NODE_MIN_SIZE / MIB);

	/* No address space holds more; in bytes it would be a small number again. */
	if (mib > UINT64_MAX / 4 / MIB)
		return error_set(err, -ENOMEM, "guest memory: mapping %llu MiB: %s",
				 (unsigned long long)mib, strerror(ENOMEM));
	memory->size = mib * MIB;
	memory->high_gpa = hole.end;
	memory->low_size = memory->size < hole.start ? memory->size : hole.start;
	ret = map(memory, source);
	if (ret) {
		guest_memory_destroy(memory);
		return error_set(err, ret, "guest memory: mapping %llu MiB: %s",
				 (unsigned long long)mib, strerror(-ret));
	}
	/* All three only advise, and a host without one of them is fine. */
	if (!source)
		madvise(memory->host, memory->size, MADV_HUGEPAGE);
	madvise(memory->host, memory->size, MADV_DONTDUMP);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory->host, memory->size, "ktstr-guest-ram");
	split(memory, nodes);
	return 0;
}

int guest_memory_bind(const struct guest_memory *memory, const unsigned int *nodes,
		      struct error *err)
{
	enum { BITS = CHAR_BIT * sizeof(unsigned long) };

	for (size_t i = 0; i < memory->nr_ranges; i++) {
		const struct memory_range *range = &memory->ranges[i];
		unsigned long mask[MEMORY_HOST_NODES / BITS] = { 0 };
		unsigned int node = nodes[range->node];
		int ret;

		if (node >= MEMORY_HOST_NODES)
			return error_set(err, -EINVAL, "guest memory: host node %u", node);
		mask[node / BITS] |= 1ul << node % BITS;
		/* The kernel takes one bit less than it is told of. */
		if (syscall(SYS_mbind, guest_memory_at(memory, range->gpa, range->size),
			    range->size, MPOL_BIND, mask, MEMORY_HOST_NODES + 1ul, 0ul) == 0)
			continue;
		ret = -errno;
		return error_set(
			err, ret, "guest memory: binding node %u's to the host's node %u: %s%s",
			range->node, node, strerror(-ret),
			ret == -EPERM	 ? " (a container needs CAP_SYS_NICE for it)"
			: ret == -EINVAL ? " (it has no memory, or a cpuset does not allow "
					   "it: see Mems_allowed_list in "
					   "/proc/self/status)"
					 : "");
	}
	return 0;
}

void guest_memory_destroy(struct guest_memory *memory)
{
	if (memory->host)
		munmap(memory->host, memory->size);
	extents_free(&memory->in_file);
	*memory = (struct guest_memory){ 0 };
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa, uint64_t size)
{
	uint64_t part_start = 0, part_size = memory->low_size, host_offset = 0;

	if (gpa >= memory->high_gpa) {
		part_start = memory->high_gpa;
		part_size = memory->size - memory->low_size;
		host_offset = memory->low_size;
	}
	/* Written so that nothing can overflow. */
	if (gpa - part_start > part_size || size > part_size - (gpa - part_start))
		return NULL;
	return memory->host + host_offset + (gpa - part_start);
}
