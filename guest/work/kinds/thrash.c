/*
 * A cache thrash: writes to each line of memory as large as the last level cache, over and over, in
 * an order that no prefetcher guesses. One iteration is a pass.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../sysfs.h"
#include "kinds.h"
#include "memory.h"

#define CACHE_LINE   64u
/* Lines between two looks at the clock: what misses takes some 100 ns. */
#define LINES_A_LOOK 4
/* Of a cache's folders in sysfs; today there are four. */
#define CACHES_MAX   16

static size_t shared_size(const struct work_group *group)
{
	(void)group;
	return sizeof(uint64_t);
}

/* Of the first CPU of the group: "32768K" of its highest level; 0 where sysfs does not tell. */
static uint64_t llc_size(const struct work_group *group)
{
	unsigned long best_level = 0, level, size = 0;
	char line[SYSFS_LINE];
	int cpu = 0;

	while (cpu < PLACES_MAX_CPUS - 1 &&
	       (!CPU_ISSET(cpu, &group->cpus) ||
		(group->cgroup.has_cpus && !CPU_ISSET(cpu, &group->cgroup.cpus))))
		cpu++;
	for (int i = 0; i < CACHES_MAX; i++) {
		if (!sysfs_line(line, "/sys/devices/system/cpu/cpu%d/cache/index%d/level", cpu, i))
			break;
		level = strtoul(line, NULL, 10);
		if (level <= best_level ||
		    !sysfs_line(line, "/sys/devices/system/cpu/cpu%d/cache/index%d/size", cpu, i))
			continue;
		best_level = level;
		size = strtoul(line, NULL, 10);
	}
	return (uint64_t)size << 10;
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	uint64_t *size = shared;

	*size = kind_param(group, "size");
	if (!*size)
		*size = llc_size(group);
	if (!*size)
		return failure_set(failure, -EINVAL,
				   "group '%s': sysfs does not tell the size of the last level "
				   "cache here; give size=",
				   group->name);
	if (*size < CACHE_LINE)
		return failure_set(failure, -EINVAL,
				   "group '%s': size=%lluB is less than one line of a cache, 64B",
				   group->name, (unsigned long long)*size);
	return memory_check(group, *size, failure);
}

/* A power of two of lines, so that an odd step meets each of them; what is above is left out. */
static uint64_t step_of(uint64_t *lines)
{
	while (*lines & (*lines - 1))
		*lines &= *lines - 1;
	/* The golden section, odd. */
	return ((uint64_t)(0.6180339887 * (double)*lines)) | 1;
}

static void run(struct task *task)
{
	const uint64_t size = *(const uint64_t *)task->shared;
	uint64_t lines = size / CACHE_LINE, step, at = 0;
	volatile char *map =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		task_fail(task, "kind 'thrash': cannot map %llu bytes: %s",
			  (unsigned long long)size, strerror(errno));
	step = step_of(&lines);
	while (!task_done(task)) {
		for (uint64_t i = 0; i < lines && !task_done(task); i++) {
			at = (at + step) & (lines - 1);
			map[at * CACHE_LINE]++;
			if (i % LINES_A_LOOK == 0)
				task_ran(task, task_now());
		}
		if (!task_done(task))
			task_iteration(task);
	}
	munmap((char *)map, size);
}

const struct kind kind_thrash = {
	.name = "thrash",
	.help = "writes to as much memory as the last level cache holds, over and over",
	.tells = KIND_TELLS_GAPS | KIND_TELLS_MEMORY,
	.params = { { "size", WORD_SIZE, 0, 0, 1ull << 40,
		      "of a task's memory, down to a power of two; 0B: the LLC's" } },
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
};
