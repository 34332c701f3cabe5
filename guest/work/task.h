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

/* TASK_LEFT: its group goes before the end. It sleeps, so that its counters can be read. */
enum task_state { TASK_NONE, TASK_READY, TASK_FAILED, TASK_LEFT, TASK_ENDED };

/* The worst of its kind: how long, until when (CLOCK_MONOTONIC), on which CPU it ended. */
struct task_worst {
	uint64_t ns, at_ns;
	uint32_t cpu;
};

struct task_record {
	uint32_t state; /* enum task_state */
	uint32_t began; /* it has run since it was let go */
	pid_t pid, tid;
	char failure[240]; /* of TASK_FAILED */
	/* Since when it wants to run and has not been seen running; a time to come: it sleeps until
	 * then; 0: it waits for another. */
	uint64_t ready_since;
	uint64_t iterations;
};

/* What it tells of one window. */
struct task_notes {
	struct hist wakes;    /* ns from when it should run to when it ran */
	struct hist requests; /* ns from when one was sent to when it was served */
	struct task_worst worst_wake, worst_gap, worst_request;
	uint64_t moves_in_llc, moves_across_llc, moves_across_node;
	uint64_t off_allowed_ns;
	uint64_t node_ns[PLACES_MAX_NODES]; /* where it ran; where there are several nodes */
	bool seen;			    /* it looked at the clock, running, in the window */
};

/* Of what tasks of several groups share: rt-app's resources. */
#define TASK_COMMON RTAPP_MAX_RESOURCES

/* All of what is measured, and then each phase (work_plan_windows). */
#define TASK_WINDOWS (1 + PLAN_MAX_PHASES)

/* [from, to) of CLOCK_MONOTONIC, ns; to come: UINT64_MAX. */
struct task_span {
	uint64_t from, to;
};

/* One for all tasks; who measures writes it. What is in a window is noted. */
struct task_stage {
	uint32_t stop;
	uint32_t nr_windows;
	uint64_t start;
	struct task_span windows[TASK_WINDOWS];
	struct task_crowd {
		uint32_t go, stop;
		/* When it was there, and not frozen: at most once begun in a phase. */
		uint32_t nr_live;
		struct task_span live[PLAN_MAX_PHASES];
	} groups[PLAN_MAX_GROUPS];
	/* While each change of the plan was made: all of a phase at the same time. */
	struct task_span changes[PLAN_MAX_CHANGES];
	uint64_t common[TASK_COMMON];
	struct task_record records[];
};

/* Where it may run when that change was made (index of the plan's; UINT32_MAX: from its start). */
struct task_places {
	uint32_t change;
	cpu_set_t allowed;
};

struct task {
	struct task_stage *stage;
	struct task_record *record;
	struct task_notes *notes; /* one a window */
	const struct work_group *group;
	uint32_t number; /* of its group */
	const struct places *places;
	const struct rtapp *rtapp; /* the plan's */
	uint32_t index;		   /* in its group */
	void *shared;		   /* the group's, of the kind's shared_size */
	cpu_set_t allowed;	   /* at first */
	const struct task_places *changes;
	uint32_t nr_changes;
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

/* task_done - is it over, for its group at least? */
static inline bool task_done(const struct task *task)
{
	return __atomic_load_n(&task->stage->groups[task->number].stop, __ATOMIC_RELAXED);
}

/* task_came - when its group was let go. */
static inline uint64_t task_came(const struct task *task)
{
	return __atomic_load_n(&task->stage->groups[task->number].live[0].from, __ATOMIC_RELAXED);
}

/* task_iteration - one more piece of what the kind counts. */
static inline void task_iteration(struct task *task)
{
	__atomic_store_n(&task->record->iterations, task->record->iterations + 1, __ATOMIC_RELAXED);
}

/*
 * task_longest - the longest piece of [from, to) that is in the window, and in which the group was
 * there and not frozen: ns, and where it ends.
 */
uint64_t task_longest(const struct task_stage *stage, uint32_t number, uint32_t window,
		      uint64_t from, uint64_t to, uint64_t *end);

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

/* Before and behind the kind's run(): the first look at clock and CPU, and what is left to note;
 * it wants to run no more. */
void task_begin(struct task *task);
void task_end(struct task *task);

#endif
