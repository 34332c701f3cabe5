/*
 * A task that wants to run all the time, and moves itself: each time it may run on one CPU only,
 * another one than where it is, by its random numbers. One iteration is a move.
 */
#include <errno.h>
#include <string.h>

#include "churn.h"

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct places places;
	int ret = places_read("/sys", &places, failure);

	(void)shared;
	for (uint32_t i = 0; !ret && i < group->nr_tasks; i++) {
		cpu_set_t set;
		char list[256];

		work_group_allowed(group, &places, i, &set);
		if (CPU_COUNT(&set) < 2)
			ret = failure_set(failure, -EINVAL,
					  "group '%s': kind 'affinity': task %u may run on CPU %s "
					  "alone, and so cannot move; it needs two",
					  group->name, i, places_print(&set, list, sizeof(list)));
	}
	return ret;
}

/* One of @set but @here. */
static int another(struct task *task, const cpu_set_t *set, int here)
{
	unsigned int others = (unsigned int)CPU_COUNT(set);
	uint64_t skip;
	int cpu = -1;

	if (here >= 0 && CPU_ISSET(here, set))
		others--;
	skip = work_random(&task->random) % others;
	for (;;) {
		cpu++;
		if (cpu != here && CPU_ISSET(cpu, set) && !skip--)
			return cpu;
	}
}

static void run(struct task *task)
{
	uint64_t due = task_now();

	while (!task_done(task)) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(another(task, &task->allowed, sched_getcpu()), &one);
		/* EINVAL: that CPU is offline now, or no longer the cgroup's. */
		if (!sched_setaffinity(0, sizeof(one), &one))
			task_iteration(task);
		else if (errno != EINVAL)
			task_fail(task, "kind 'affinity': sched_setaffinity is refused: %s",
				  strerror(errno));
		churn_wait(task, &due);
	}
}

const struct kind kind_affinity = {
	.name = "affinity",
	.help = "runs, and so many times a second moves itself to another CPU",
	.tells = KIND_TELLS_GAPS,
	.sets = KIND_SETS_CPUS,
	.params = { CHURN_RATE },
	.setup = setup,
	.run = run,
};
