/*
 * A task that wants to run all the time, and changes its own policy: OTHER, BATCH, IDLE in turn,
 * and FIFO and RR where that is asked for. One iteration is a change.
 */
#include <sys/syscall.h>

#include "churn.h"

static const enum work_policy policies[] = { POLICY_OTHER, POLICY_BATCH, POLICY_IDLE, POLICY_FIFO,
					     POLICY_RR };

#define NR_POLICIES 5
#define NR_FAIR	    3

static uint32_t number_of(const struct work_group *group)
{
	return kind_param(group, "realtime") ? NR_POLICIES : NR_FAIR;
}

/* Real time at the lowest priority; musl's function is a stub, struct sched_param is one int. */
static int change(enum work_policy policy)
{
	const int priority = policy == POLICY_FIFO || policy == POLICY_RR;

	return (int)syscall(SYS_sched_setscheduler, 0, policy, &priority);
}

static int change_all(const struct work_group *group)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i <= number_of(group); i++)
		ret = change(policies[i % number_of(group)]);
	return ret;
}

/* Two in five of its turns are real time, in which nothing else may run: not for long. */
static int check(const struct work_group *group, struct failure *failure)
{
	if (!kind_param(group, "realtime") || kind_param(group, "rate") >= 10)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': with realtime=1 a task keeps its CPU to itself for two "
			   "changes; give rate= of 10 or more",
			   group->name);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	int ret = churn_try(change_all, group);

	(void)shared;
	return ret ? failure_set(failure, ret,
				 "group '%s': kind 'policy': the kernel refuses its changes "
				 "(sched_setscheduler: %s); it needs root or CAP_SYS_NICE",
				 group->name, strerror(-ret))
		   : 0;
}

static void run(struct task *task)
{
	const uint32_t number = number_of(task->group);
	uint64_t due = task_now();

	for (uint32_t i = task->index + 1; !task_done(task); i++) {
		if (change(policies[i % number]))
			task_fail(task, "kind 'policy': sched_setscheduler is refused: %s",
				  strerror(errno));
		task_iteration(task);
		churn_wait(task, &due);
	}
}

const struct kind kind_policy = {
	.name = "policy",
	.help = "runs, and so many times a second changes its policy",
	.tells = KIND_TELLS_GAPS,
	.sets = KIND_SETS_POLICY,
	.params = { CHURN_RATE,
		    { "realtime", WORD_COUNT, 0, 0, 1, "1: FIFO and RR as well, at priority 1" } },
	.check = check,
	.setup = setup,
	.run = run,
};
