/*
 * What does a task of a load tell of itself? What kinds of load call while they run. It is noted in
 * the task's own record, in memory shared with the process that measures, without locks: one writer
 * each, but for ready_since, which who wakes a task sets.
 */
#ifndef KTSTR_WORK_TASK_H
#define KTSTR_WORK_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "hist.h"
#include "plan.h"

enum task_state { TASK_NONE, TASK_READY, TASK_FAILED, TASK_ENDED };

/* The worst of its kind: how long, until when (CLOCK_MONOTONIC), on which CPU it ended. */
struct task_worst {
	uint64_t ns, at_ns;
	uint32_t cpu;
};

struct task_record {
	uint32_t state; /* enum task_state */
	pid_t pid, tid;
	char failure[240]; /* of TASK_FAILED */
	/* Since when it wants to run and has not been seen running; a time to come: it sleeps until
	 * then; 0: it waits for another. */
	uint64_t ready_since;
	uint64_t iterations;
	struct hist wakes;    /* ns from when it should run to when it ran */
	struct hist requests; /* ns from when one was sent to when it was served */
	struct task_worst worst_wake, worst_gap, worst_request;
	uint64_t moves_in_llc, moves_across_llc, moves_across_node;
	uint64_t off_allowed_ns;
};

/* Of what tasks of several groups share: rt-app's resources. */
#define TASK_COMMON RTAPP_MAX_RESOURCES

/* One for all tasks. What is in the window [window_start, window_end) is noted. */
struct task_stage {
	uint32_t go, stop;
	uint64_t start, window_start, window_end; /* CLOCK_MONOTONIC, ns; set before go */
	uint64_t common[TASK_COMMON];
	struct task_record records[];
};

struct task {
	struct task_stage *stage;
	struct task_record *record;
	const struct work_group *group;
	const struct places *places;
	const struct rtapp *rtapp; /* the plan's */
	uint32_t index;		   /* in its group */
	void *shared;		   /* the group's, of the kind's shared_size */
	cpu_set_t allowed;
	uint64_t random;    /* state of work_random, from the seed */
	uint64_t last;	    /* when it was last seen to run */
	uint64_t cpu_since; /* since when without a gap, on @cpu */
	unsigned int cpu;
};

/* A time between two looks at the clock that is no gap: no task is switched in less. */
#define TASK_GAP_NS 1000

static inline uint64_t task_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * WORK_S + (uint64_t)now.tv_nsec;
}

/* task_done - is it over? */
static inline bool task_done(const struct task *task)
{
	return __atomic_load_n(&task->stage->stop, __ATOMIC_RELAXED);
}

/* task_iteration - one more piece of what the kind counts. */
static inline void task_iteration(struct task *task)
{
	__atomic_store_n(&task->record->iterations, task->record->iterations + 1, __ATOMIC_RELAXED);
}

/* A jump of the clock, from task->last to @now; called by task_ran. */
void task_gap(struct task *task, uint64_t now);

/* task_ran - a task that wants to run all the time does, now. */
static inline void task_ran(struct task *task, uint64_t now)
{
	if (now - task->last >= TASK_GAP_NS)
		task_gap(task, now);
	task->last = now;
	__atomic_store_n(&task->record->ready_since, now, __ATOMIC_RELAXED);
}

/* task_run_for - uses @ns of a CPU's time, however long that takes. */
void task_run_for(struct task *task, uint64_t ns);

/*
 * task_sleep_until - sleeps until @when (CLOCK_MONOTONIC) and notes how late it wakes; returns at
 * once where that is past, and when all is over.
 */
void task_sleep_until(struct task *task, uint64_t when);

/*
 * Waits for other tasks of the group: task_blocks before it, task_woken behind it. Who ends the
 * wait calls task_wakes before it does: from then on the other wants to run.
 */
void task_blocks(struct task *task);
void task_wakes(struct task *task, uint32_t index);
void task_woken(struct task *task);

/* task_served - a request that was sent at @sent has been served, now. */
void task_served(struct task *task, uint64_t sent);

/*
 * task_fail - the kernel refuses what the kind is made of: ends the load with this sentence. It is
 * for what cannot be seen before the load starts.
 */
_Noreturn void task_fail(struct task *task, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Before and behind the kind's run(): the first look at clock and CPU, and what is left to note. */
void task_begin(struct task *task);
void task_end(struct task *task);

#endif
