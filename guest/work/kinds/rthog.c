/*
 * A real-time hog: of each period it computes so long, and nothing below its policy runs where it
 * does. One iteration is a period.
 *
 * It leaves part of each CPU alone, by itself, and a group that would not is refused. The kernel's
 * own guards are none to build on: the throttling of real time (sched_rt_runtime_us, 950 of 1000
 * ms) is often turned off, and where the fair server has come in its place (6.12) that lends time
 * to fair tasks alone. Who measures is neither: it runs at real-time priority 1, and on a machine
 * full of such hogs the load would never end. For a hog without end there is spin with --policy
 * fifo:N, with --cpus that leave out some.
 */
#include <errno.h>

#include "../plan.h"
#include "kinds.h"

/* Of the time of the CPUs together, and of each where tasks are pinned. */
#define MOST_PERCENT 90

static int check(const struct work_group *group, struct failure *failure)
{
	const uint64_t busy = kind_param(group, "busy"), period = kind_param(group, "period");
	uint64_t cpus, tasks = group->nr_tasks;
	cpu_set_t set = group->cpus;

	if (group->sched.inherit ||
	    (group->sched.policy != POLICY_FIFO && group->sched.policy != POLICY_RR))
		return failure_set(failure, -EINVAL,
				   "group '%s': kind 'rthog' is a real-time load; give it --policy "
				   "fifo:1 or rr:1, or another priority",
				   group->name);
	if (group->cgroup.has_cpus)
		CPU_AND(&set, &set, &group->cgroup.cpus);
	cpus = (uint64_t)CPU_COUNT(&set);
	/* Where they may meet on one CPU, that one has to bear them. */
	if (group->spread == SPREAD_EACH) {
		tasks = (tasks + cpus - 1) / cpus;
		cpus = 1;
	} else if (group->spread != SPREAD_ALL) {
		cpus = 1;
	}
	if (busy <= period / 100 * MOST_PERCENT &&
	    tasks <= period / 100 * MOST_PERCENT * cpus / busy)
		return 0;
	return failure_set(
		failure, -EINVAL,
		"group '%s': kind 'rthog': %llu tasks that take %llu us of each %llu us "
		"leave less than %d %% of %llu CPUs to all others; give a smaller busy=, "
		"fewer --tasks or more --cpus",
		group->name, (unsigned long long)tasks, (unsigned long long)(busy / WORK_US),
		(unsigned long long)(period / WORK_US), 100 - MOST_PERCENT,
		(unsigned long long)cpus);
}

static void run(struct task *task)
{
	const uint64_t busy_ns = kind_param(task->group, "busy");
	const uint64_t idle_ns = kind_param(task->group, "period") - busy_ns;

	/* It sleeps its part in any case: late hogs do not make up for it. */
	while (!task_done(task)) {
		task_run_for(task, busy_ns);
		task_iteration(task);
		task_sleep_until(task, task_now() + idle_ns);
	}
}

const struct kind kind_rthog = {
	.name = "rthog",
	.help = "a real-time hog (--policy fifo:N or rr:N) that leaves part of each period",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "busy", WORD_DURATION, 5 * WORK_MS, 10 * WORK_US, WORK_S,
		      "CPU time of each period" },
		    { "period", WORD_DURATION, 10 * WORK_MS, 100 * WORK_US, 2 * WORK_S,
		      "the rest of it is slept" } },
	.check = check,
	.run = run,
};
