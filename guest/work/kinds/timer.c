/*
 * Timer jitter, cyclictest's shape: it sleeps until a time that was known before, and notes how
 * late it wakes; that is all it does. Wake-ups that are past already when it gets there are left
 * out. One iteration is a wake-up.
 */
#include "kinds.h"

static void run(struct task *task)
{
	const uint64_t interval_ns = kind_param(task->group, "interval");
	uint64_t due = task_now();

	while (!task_done(task)) {
		uint64_t now = task_now();

		due += interval_ns;
		if (due <= now)
			due += (now - due) / interval_ns * interval_ns + interval_ns;
		task_sleep_until(task, due);
		task_iteration(task);
	}
}

const struct kind kind_timer = {
	.name = "timer",
	.help = "as cyclictest: sleeps until the next interval, and tells how late it wakes",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "interval", WORD_DURATION, WORK_MS, 10 * WORK_US, 60 * WORK_S,
		      "from one wake-up to the next" } },
	.run = run,
};
