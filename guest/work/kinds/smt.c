/*
 * Pairs on the two threads of a core: tasks 2n and 2n+1 want to run all the time, each on one of
 * two siblings. Pairs take one core after the other, of those that have two siblings in --cpus.
 */
#include <errno.h>
#include <string.h>

#include "../sysfs.h"
#include "kinds.h"
#include "pairs.h"

static int check(const struct work_group *group, struct failure *failure)
{
	if (group->spread != SPREAD_ALL)
		return failure_set(failure, -EINVAL,
				   "group '%s': kind 'smt' spreads its tasks itself; give --cpus a "
				   "list, or leave it out",
				   group->name);
	return pairs_check(group, failure);
}

/* Of each task its CPU. */
static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks * sizeof(uint16_t);
}

/* The siblings of a core of which @cpu is the first that is allowed; false where it is not. */
static bool core_at(const cpu_set_t *allowed, uint16_t cpu, uint16_t pair[2])
{
	uint16_t list[MACHINE_MAX_CPUS];
	char line[SYSFS_LINE];
	int number, found = 0;

	if (!CPU_ISSET(cpu, allowed) ||
	    !sysfs_line(line, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu))
		return false;
	number = cpulist_parse(line, list);
	for (int i = 0; i < number && found < 2; i++)
		if (CPU_ISSET(list[i], allowed))
			pair[found++] = list[i];
	return found == 2 && pair[0] == cpu;
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	uint16_t *cpus = shared, pair[2];
	uint32_t placed = 0;
	cpu_set_t allowed;
	bool any = true;

	CPU_AND(&allowed, &group->cpus, &group->cgroup.cpus);
	if (!group->cgroup.has_cpus)
		allowed = group->cpus;
	while (placed < group->nr_tasks && any) {
		any = false;
		for (uint16_t cpu = 0; cpu < PLACES_MAX_CPUS && placed < group->nr_tasks; cpu++) {
			if (!core_at(&allowed, cpu, pair))
				continue;
			any = true;
			cpus[placed++] = pair[0];
			cpus[placed++] = pair[1];
		}
	}
	return any ? 0
		   : failure_set(failure, -EINVAL,
				 "group '%s': kind 'smt' needs a core with two threads, and of its "
				 "CPUs no two are siblings (see "
				 "/sys/devices/system/cpu/cpu*/topology/thread_siblings_list)",
				 group->name);
}

static void run(struct task *task)
{
	const uint16_t cpu = ((const uint16_t *)task->shared)[task->index];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		task_fail(task, "kind 'smt': the kernel refuses CPU %u: %s", cpu, strerror(errno));
	while (!task_done(task)) {
		task_ran(task, task_now());
		task_iteration(task);
	}
}

const struct kind kind_smt = {
	.name = "smt",
	.help = "pairs that want to run all the time, on the two threads of a core",
	.tells = KIND_TELLS_GAPS,
	.sets = KIND_SETS_CPUS,
	.check = check,
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
};
