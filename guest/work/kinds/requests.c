/*
 * Request workers, schbench's shape: a message task hands a request to each of its workers that is
 * idle, and wakes it; the worker computes, says that it is idle, and sleeps. Both latencies are
 * told: until the worker runs (wake_*), and until the request is served (request_*). One iteration
 * is a request, handed out or served.
 */
#include <errno.h>

#include "../wait.h"
#include "kinds.h"

struct desk {
	struct wait_word
		word; /* a worker's: is there a request? a message task's: how many ended */
	uint64_t sent;
};

static uint32_t team_of(const struct work_group *group)
{
	return (uint32_t)kind_param(group, "workers") + 1;
}

static int check(const struct work_group *group, struct failure *failure)
{
	const uint32_t team = team_of(group);

	if (group->nr_tasks % team == 0)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': workers=%u is a team of %u tasks; give it a multiple of %u "
			   "--tasks, not %u, or another workers=",
			   group->name, team - 1, team, team, group->nr_tasks);
}

static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks * sizeof(struct desk);
}

static void hand_out(struct task *task, struct desk *desks)
{
	const uint32_t first = task->index + 1, end = task->index + team_of(task->group);
	uint32_t *ended = &desks[task->index].word.value;

	while (!task_done(task)) {
		uint32_t seen = __atomic_load_n(ended, __ATOMIC_SEQ_CST);

		for (uint32_t i = first; i < end; i++) {
			struct desk *desk = &desks[i];

			if (__atomic_load_n(&desk->word.value, __ATOMIC_ACQUIRE))
				continue;
			task_wakes(task, i);
			desk->sent = task_now();
			__atomic_store_n(&desk->word.value, 1, __ATOMIC_RELEASE);
			wake_one(&desk->word.value);
			task_iteration(task);
		}
		task_blocks(task);
		while (__atomic_load_n(ended, __ATOMIC_SEQ_CST) == seen && !task_done(task))
			wait_while(ended, seen);
		task_woken(task);
	}
}

static void serve(struct task *task, struct desk *desks)
{
	const uint32_t boss = task->index - task->index % team_of(task->group);
	const uint64_t think_ns = kind_param(task->group, "think");
	struct desk *desk = &desks[task->index];

	while (!task_done(task)) {
		task_blocks(task);
		while (!__atomic_load_n(&desk->word.value, __ATOMIC_ACQUIRE) && !task_done(task))
			wait_while(&desk->word.value, 0);
		task_woken(task);
		if (task_done(task))
			break;
		task_run_for(task, think_ns);
		if (task_done(task))
			break;
		task_served(task, desk->sent);
		task_iteration(task);
		__atomic_store_n(&desk->word.value, 0, __ATOMIC_RELEASE);
		task_wakes(task, boss);
		__atomic_fetch_add(&desks[boss].word.value, 1, __ATOMIC_SEQ_CST);
		wake_one(&desks[boss].word.value);
	}
}

static void run(struct task *task)
{
	if (task->index % team_of(task->group))
		serve(task, task->shared);
	else
		hand_out(task, task->shared);
}

const struct kind kind_requests = {
	.name = "requests",
	.help = "as schbench: workers are handed requests, compute, and sleep again",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS | KIND_TELLS_REQUESTS,
	.params = { { "workers", WORD_COUNT, 1, 1, 4096, "of each task that hands out requests" },
		    { "think", WORD_DURATION, WORK_MS, WORK_US, 60 * WORK_S,
		      "CPU time of a request" } },
	.check = check,
	.shared_size = shared_size,
	.run = run,
};
