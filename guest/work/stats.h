/* What came of it? The tasks' records and the kernel's counters, in the window, by group. */
#ifndef KTSTR_WORK_STATS_H
#define KTSTR_WORK_STATS_H

#include "crew.h"

/* The worst of a group's tasks. */
struct stats_worst {
	struct task_worst worst;
	uint32_t task; /* in its group */
};

struct group_stats {
	const struct work_group *group;
	struct counters sum; /* has_ where all its tasks have it */
	uint64_t iterations;
	struct hist wakes, requests;
	struct stats_worst wake, gap, request;
	uint64_t moves_in_llc, moves_across_llc, moves_across_node, off_allowed_ns;
	uint32_t off_task; /* the one of the most off_allowed_ns */
	/* Of the tasks' run times and iterations: */
	uint64_t run_min, run_max;
	uint32_t run_min_task, run_max_task;
	double run_cv, iterations_cv; /* standard deviation / mean */
	uint32_t never_ran;	      /* tasks */
};

struct work_stats {
	const struct work_plan *plan;
	uint64_t start, window_ns;
	uint64_t run_ns; /* of all groups */
	uint64_t late_ns;
	struct group_stats groups[PLAN_MAX_GROUPS];
};

/* stats_make - from a crew that has run; free(), NULL without memory. */
struct work_stats *stats_make(const struct crew *crew);

#endif
