/*
 * A task that wants to run all the time, and changes its own nice value to another one of -20 to
 * 19, by its random numbers. One iteration is a change.
 */
#include <sys/resource.h>

#include "churn.h"

#define NICE_MIN   (-20)
#define NR_NICES   40
#define NICE_LEAST (NR_NICES + NICE_MIN - 1)

static int check(const struct work_group *group, struct failure *failure)
{
	if (group->sched.inherit || group->sched.policy == POLICY_OTHER ||
	    group->sched.policy == POLICY_BATCH || group->sched.policy == POLICY_EXT)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': kind 'nice': nice means nothing to its policy; take other, "
			   "batch or ext",
			   group->name);
}

/* Up is what needs the right. */
static int change_all(const struct work_group *group)
{
	(void)group;
	return setpriority(PRIO_PROCESS, 0, NICE_LEAST) ?: setpriority(PRIO_PROCESS, 0, NICE_MIN);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	int ret = churn_try(change_all, group);

	(void)shared;
	return ret ? failure_set(
			     failure, ret,
			     "group '%s': kind 'nice': the kernel refuses nice %d (setpriority: "
			     "%s); it needs root or CAP_SYS_NICE",
			     group->name, NICE_MIN, strerror(-ret))
		   : 0;
}

static void run(struct task *task)
{
	uint64_t due = task_now();
	int nice = 0;

	while (!task_done(task)) {
		/* Any but the one that it has. */
		nice = (nice - NICE_MIN + 1 + (int)(work_random(&task->random) % (NR_NICES - 1))) %
			       NR_NICES +
		       NICE_MIN;
		/* Of the calling thread, in Linux. */
		if (setpriority(PRIO_PROCESS, 0, nice))
			task_fail(task, "kind 'nice': setpriority is refused: %s", strerror(errno));
		task_iteration(task);
		churn_wait(task, &due);
	}
}

const struct kind kind_nice = {
	.name = "nice",
	.help = "runs, and so many times a second changes its nice value",
	.tells = KIND_TELLS_GAPS,
	.sets = KIND_SETS_POLICY,
	.params = { CHURN_RATE },
	.check = check,
	.setup = setup,
	.run = run,
};
