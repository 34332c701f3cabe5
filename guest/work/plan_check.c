/* Does the plan fit together, and where may each task of it run? See plan.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan_words.h"

const struct work_group *work_plan_group(const struct work_plan *plan, const char *name,
					 size_t length)
{
	for (uint32_t i = 0; i < plan->nr_groups; i++)
		if (strlen(plan->groups[i].name) == length &&
		    !memcmp(plan->groups[i].name, name, length))
			return &plan->groups[i];
	return NULL;
}

uint64_t kind_param(const struct work_group *group, const char *name)
{
	const struct kind_param *params = group->kind->params;
	size_t i = 0;

	while (strcmp(params[i].name, name))
		i++;
	return group->params[i];
}

int plan_check_group(const struct work_group *group, struct failure *failure)
{
	cpu_set_t both;

	CPU_AND(&both, &group->cpus, &group->cgroup.cpus);
	if (group->cgroup.has_cpus && !CPU_COUNT(&both))
		return failure_set(failure, -EINVAL,
				   "group '%s': no CPU of its --cpus is one of its cgroup's",
				   group->name);
	if (group->sched.nice && group->sched.policy != POLICY_OTHER &&
	    group->sched.policy != POLICY_BATCH && group->sched.policy != POLICY_EXT)
		return failure_set(failure, -EINVAL,
				   "group '%s': --nice means nothing to its policy; it is for "
				   "other, batch and ext",
				   group->name);
	return group->kind->check ? group->kind->check(group, failure) : 0;
}

/* What a task takes of the kernel and of us: its stacks and tables, its notes of some 40 KiB, and
 * these for each phase once more. */
#define TASK_MEMORY   (160ull << 10)
#define THREAD_MEMORY (64ull << 10)
#define PHASE_MEMORY  (40ull << 10)

static int check_memory(const struct work_plan *plan, struct failure *failure)
{
	uint64_t available, needed = 0;
	int ret = machine_available_memory(&available, failure);

	for (uint32_t i = 0; i < plan->nr_groups; i++)
		needed += plan->groups[i].nr_tasks *
			  ((plan->groups[i].threads ? THREAD_MEMORY : TASK_MEMORY) +
			   (work_plan_windows(plan) - 1) * PHASE_MEMORY);
	if (ret || needed <= available)
		return ret;
	return failure_set(failure, -EINVAL,
			   "option '--tasks': %u tasks take some %llu MiB, of which %llu are free; "
			   "take fewer, or --threads",
			   plan->nr_tasks, (unsigned long long)(needed >> 20),
			   (unsigned long long)(available >> 20));
}

/* A limit of the kernel's, from a file of one number. */
static uint64_t limit_of(const char *path)
{
	unsigned long long limit = UINT64_MAX;
	FILE *file = fopen(path, "re");

	if (!file)
		return limit;
	if (fscanf(file, "%llu", &limit) != 1)
		limit = UINT64_MAX;
	fclose(file);
	return limit;
}

/* Some are taken already; a fork that fails all the same says so, later. */
#define OTHERS 64

static int check_limits(const struct work_plan *plan, struct failure *failure)
{
	static const char *const paths[] = { "/proc/sys/kernel/pid_max",
					     "/proc/sys/kernel/threads-max" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		uint64_t limit = limit_of(paths[i]);

		if (plan->nr_tasks + OTHERS > limit)
			return failure_set(
				failure, -EINVAL,
				"option '--tasks': %u tasks are more than this kernel "
				"has numbers for ('%s' is %llu); take fewer, or raise it",
				plan->nr_tasks, paths[i], (unsigned long long)limit);
	}
	return check_memory(plan, failure);
}

int work_plan_complete(struct work_plan *plan, struct failure *failure)
{
	uint64_t state = plan->seed;
	int ret;

	if (!plan->nr_groups)
		return failure_set(
			failure, -EINVAL,
			"no load: give --group NAME KIND, or --rt-app FILE; see --help and "
			"--list");
	for (uint32_t i = 0; i < plan->nr_groups; i++) {
		struct work_group *group = &plan->groups[i];

		if (!group->kind)
			return failure_set(failure, -EINVAL,
					   "group '%s': no kind of load is given; see --list",
					   group->name);
		if (plan->nr_tasks + group->nr_tasks > PLAN_MAX_TASKS)
			return failure_set(failure, -EINVAL, "more than %d tasks in all",
					   PLAN_MAX_TASKS);
		group->first_task = plan->nr_tasks;
		group->seed = work_random(&state);
		plan->nr_tasks += group->nr_tasks;
	}
	if (plan->duration_said && !plan->phases_said)
		plan->phases[0].duration_ns = plan->said_ns;
	ret = plan_resolve_phases(plan, failure);
	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++)
		ret = plan_check_group(&plan->groups[i], failure);
	if (ret)
		return ret;
	return check_limits(plan, failure);
}

void work_group_allowed(const struct work_group *group, const struct places *places, uint32_t index,
			cpu_set_t *set)
{
	uint64_t state = group->seed + index;
	cpu_set_t within = group->cpus;

	if (group->cgroup.has_cpus)
		CPU_AND(&within, &within, &group->cgroup.cpus);
	switch (group->spread) {
	case SPREAD_EACH:
		places_unit_set(places, PLACES_CPU, &within, index, set);
		break;
	case SPREAD_LLC:
		places_unit_set(places, PLACES_LLC, &within, index, set);
		break;
	case SPREAD_NODE:
		places_unit_set(places, PLACES_NODE, &within, index, set);
		break;
	case SPREAD_RANDOM:
		places_unit_set(places, PLACES_CPU, &within, (unsigned int)work_random(&state),
				set);
		break;
	default:
		*set = within;
	}
}
