/*
 * Page faults, and memory on this NUMA node or another: maps memory, writes to it at each stride,
 * and unmaps it after so many passes. One iteration is a pass. A page fault counts as a gap.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../sysfs.h"
#include "kinds.h"
#include "memory.h"

#define NODES_MAX 1024
#define PAGE	  4096ull
#define LONG_BITS (8 * sizeof(unsigned long))

/* Of a group: the nodes with memory. */
struct nodes {
	uint16_t list[MACHINE_MAX_CPUS];
	int number;
};

static size_t shared_size(const struct work_group *group)
{
	(void)group;
	return sizeof(struct nodes);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct nodes *nodes = shared;
	char line[SYSFS_LINE];

	if (kind_param(group, "remote")) {
		nodes->number = sysfs_line(line, "/sys/devices/system/node/has_memory")
					? cpulist_parse(line, nodes->list)
					: 0;
		if (nodes->number < 2)
			return failure_set(failure, -EINVAL,
					   "group '%s': remote= puts memory on another NUMA node, "
					   "and there is one with memory; leave it out",
					   group->name);
	}
	return memory_check(group, kind_param(group, "size"), failure);
}

/* The first @bytes of @map on another node than the one where the task runs. */
static void put_away(struct task *task, char *map, uint64_t bytes)
{
	const struct nodes *nodes = task->shared;
	unsigned long mask[NODES_MAX / LONG_BITS] = { 0 };
	unsigned int node = 0;
	uint16_t other;

	syscall(SYS_getcpu, NULL, &node, NULL);
	do
		other = nodes->list[work_random(&task->random) % (unsigned int)nodes->number];
	while (other == node);
	mask[other / LONG_BITS] = 1ul << other % LONG_BITS;
	if (syscall(SYS_mbind, map, bytes, MPOL_BIND, mask, NODES_MAX + 1, 0))
		task_fail(task, "kind 'touch': the kernel refuses memory on node %u (mbind: %s)",
			  other, strerror(errno));
}

static char *map_anew(struct task *task, uint64_t size)
{
	/* Hundredths of a percent. */
	uint64_t away = size / PAGE * kind_param(task->group, "remote") / 10000 * PAGE;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		task_fail(task, "kind 'touch': cannot map %llu bytes: %s", (unsigned long long)size,
			  strerror(errno));
	/* Page by page, wherever the kernel would take huge ones. A kernel without them refuses. */
	madvise(map, size, MADV_NOHUGEPAGE);
	if (away)
		put_away(task, map, away);
	return map;
}

static void run(struct task *task)
{
	const uint64_t size = kind_param(task->group, "size");
	const uint64_t stride = kind_param(task->group, "stride");
	const uint64_t passes = kind_param(task->group, "passes");

	while (!task_done(task)) {
		volatile char *map = map_anew(task, size);

		for (uint64_t i = 0; i < passes && !task_done(task); i++) {
			for (uint64_t at = 0; at < size && !task_done(task); at += stride) {
				map[at]++;
				task_ran(task, task_now());
			}
			if (!task_done(task))
				task_iteration(task);
		}
		munmap((char *)map, size);
	}
}

const struct kind kind_touch = {
	.name = "touch",
	.help = "maps memory, writes to it, unmaps it, and again: page faults, remote nodes",
	.tells = KIND_TELLS_GAPS | KIND_TELLS_MEMORY,
	.params = { { "size", WORD_SIZE, 4 << 20, PAGE, 1ull << 40, "of what is mapped" },
		    { "stride", WORD_SIZE, PAGE, 1, 1 << 30, "from one byte to the next" },
		    { "passes", WORD_COUNT, 1, 1, 1000000, "before it is unmapped" },
		    { "remote", WORD_PERCENT, 0, 0, 10000, "of it on another NUMA node" } },
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
};
