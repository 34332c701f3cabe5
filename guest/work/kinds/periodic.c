/*
 * A task that is woken by the clock, as rt-app's run and timer do: each period begins when it
 * should, however late the last one ended. Periods that are past when it gets there are left out.
 */
#include <errno.h>

#include "../plan.h"
#include "kinds.h"

static int check(const struct work_group *group, struct failure *failure)
{
	if (kind_param(group, "run") < kind_param(group, "period"))
		return 0;
	return failure_set(
		failure, -EINVAL,
		"group '%s': run is not below period, so it would never sleep; take spin",
		group->name);
}

static void run(struct task *task)
{
	const uint64_t run_ns = kind_param(task->group, "run");
	const uint64_t period_ns = kind_param(task->group, "period");
	uint64_t begin = task_now();

	while (!task_done(task)) {
		uint64_t now;

		task_run_for(task, run_ns);
		task_iteration(task);
		now = task_now();
		begin += period_ns;
		if (begin <= now)
			begin += (now - begin) / period_ns * period_ns + period_ns;
		task_sleep_until(task, begin);
	}
}

const struct kind kind_periodic = {
	.name = "periodic",
	.help = "woken by the clock each period, then runs for so much of a CPU's time",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "run", WORD_DURATION, WORK_MS, WORK_US, 60 * WORK_S, "CPU time" },
		    { "period", WORD_DURATION, 10 * WORK_MS, 10 * WORK_US, 60 * WORK_S,
		      "from one begin to the next" } },
	.check = check,
	.run = run,
};
