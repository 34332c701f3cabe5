/* What came of it? The tasks' records and the kernel's counters, in a window, by group. */
#ifndef KTSTR_WORK_STATS_H
#define KTSTR_WORK_STATS_H

#include "crew.h"

/* The worst of a group's tasks. */
struct stats_worst {
	struct task_worst worst;
	uint32_t task; /* in its group */
	pid_t tid;
};

struct group_stats {
	const struct work_group *group;
	struct counters sum; /* has_ where all its tasks have it */
	uint64_t iterations;
	struct hist wakes, requests;
	struct stats_worst wake, gap, request;
	uint64_t moves_in_llc, moves_across_llc, moves_across_node, off_allowed_ns;
	/* What its tasks ran on the node where most of their memory lies, and on any. */
	uint64_t local_ns, node_ns;
	uint32_t homeless, memory_unknown; /* tasks without such a node */
	double local_least;		   /* of one task, of 1 */
	uint32_t local_task;
	uint16_t local_node; /* of that one */
	uint64_t off_most;   /* of one task */
	uint32_t off_task;
	/* Of the tasks' run times and iterations: */
	uint64_t run_min, run_max;
	uint32_t run_min_task, run_max_task;
	double run_cv, iterations_cv; /* standard deviation / mean */
	uint32_t never_ran;	      /* tasks */
	uint32_t seen;		      /* tasks that told something of themselves */
};

struct work_stats {
	const struct work_plan *plan;
	uint32_t window; /* 0: all of it; else phase @window - 1 */
	uint16_t nr_nodes;
	uint64_t start, window_ns;
	uint64_t run_ns;    /* of all groups */
	uint64_t looked_ns; /* from one look at the counters to the other */
	struct group_stats groups[PLAN_MAX_GROUPS];
};

/* stats_make - of one window of a crew that has run; free(), NULL without memory. */
struct work_stats *stats_make(const struct crew *crew, uint32_t window);

/* stats_runs - does the group run in that window, some of it at least? */
bool stats_runs(const struct work_plan *plan, uint32_t window, uint32_t group);

/* stats_label - what its names begin with: "" of all of it, "PHASE/" else. */
const char *stats_label(const struct work_plan *plan, uint32_t window, char *text, size_t size);

#endif
