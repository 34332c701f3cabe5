/* What came of it? See stats.h. */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>

/* The mean and the spread of numbers that come one by one (Welford). */
struct spread {
	double mean, squares;
	uint32_t count;
};

static void spread_add(struct spread *spread, double value)
{
	double from = value - spread->mean;

	spread->mean += from / ++spread->count;
	spread->squares += from * (value - spread->mean);
}

/* By Newton's rule: no library of mathematics for one root. */
static double root(double value)
{
	double guess = value > 1 ? value : 1;

	for (int i = 0; value > 0 && i < 200; i++) {
		double next = (guess + value / guess) / 2;

		if (next >= guess)
			break;
		guess = next;
	}
	return value > 0 ? guess : 0;
}

static double spread_cv(const struct spread *spread)
{
	return spread->mean > 0 ? root(spread->squares / spread->count) / spread->mean : 0;
}

static void keep_worst(struct stats_worst *of, const struct task_worst *worst, uint32_t task,
		       pid_t tid)
{
	if (worst->ns > of->worst.ns)
		*of = (struct stats_worst){ *worst, task, tid };
}

static void add_counters(struct counters *sum, const struct counters *more)
{
	sum->run_ns += more->run_ns;
	sum->delay_ns += more->delay_ns;
	sum->voluntary += more->voluntary;
	sum->forced += more->forced;
	sum->migrations += more->migrations;
	sum->has_run &= more->has_run;
	sum->has_delay &= more->has_delay;
	sum->has_switches &= more->has_switches;
	sum->has_migrations &= more->has_migrations;
}

static void add_run(struct group_stats *stats, uint64_t run_ns, uint32_t task)
{
	if (run_ns < stats->run_min) {
		stats->run_min = run_ns;
		stats->run_min_task = task;
	}
	if (run_ns > stats->run_max || !task) {
		stats->run_max = run_ns;
		stats->run_max_task = task;
	}
}

/* What a task says itself. */
static void add_notes(struct group_stats *stats, const struct task_notes *notes, uint32_t task,
		      pid_t tid)
{
	hist_merge(&stats->wakes, &notes->wakes);
	if (stats->group->kind->tells & KIND_TELLS_REQUESTS)
		hist_merge(&stats->requests, &notes->requests);
	keep_worst(&stats->request, &notes->worst_request, task, tid);
	keep_worst(&stats->wake, &notes->worst_wake, task, tid);
	keep_worst(&stats->gap, &notes->worst_gap, task, tid);
	stats->moves_in_llc += notes->moves_in_llc;
	stats->moves_across_llc += notes->moves_across_llc;
	stats->moves_across_node += notes->moves_across_node;
	stats->seen += notes->seen;
	stats->off_allowed_ns += notes->off_allowed_ns;
	if (notes->off_allowed_ns > stats->off_most) {
		stats->off_most = notes->off_allowed_ns;
		stats->off_task = task;
	}
}

/* As much as is more than stacks. */
#define HOME_KIB 64

/* By the look that saw more of its memory: some kinds give it back and take it anew. */
static void add_memory(struct group_stats *stats, const struct node_memory *before,
		       const struct node_memory *after, const struct task_notes *notes,
		       uint32_t task)
{
	const struct node_memory *home = after->kib >= before->kib ? after : before;
	uint64_t all = 0;
	double local;

	stats->memory_unknown += !home->known;
	stats->homeless += home->kib < HOME_KIB;
	for (uint32_t i = 0; i < PLACES_MAX_NODES; i++)
		all += notes->node_ns[i];
	stats->node_ns += all;
	if (!all || home->kib < HOME_KIB)
		return;
	stats->local_ns += notes->node_ns[home->node];
	local = (double)notes->node_ns[home->node] / (double)all;
	if (local < stats->local_least) {
		stats->local_least = local;
		stats->local_task = task;
		stats->local_node = home->node;
	}
}

/* The looks before and after the window. */
static const struct crew_look *look_of(const struct crew *crew, uint32_t window, bool after,
				       uint32_t task)
{
	uint32_t number = !window ? (after ? crew->plan->nr_phases : 0) : window - !after;

	return &crew->looks[(size_t)number * crew->plan->nr_tasks + task];
}

static void make_group(const struct crew *crew, uint32_t window, const struct work_group *group,
		       struct group_stats *stats)
{
	struct spread run = { 0 }, iterations = { 0 };

	stats->group = group;
	stats->run_min = UINT64_MAX;
	/* Above each. */
	stats->local_least = 2;
	stats->sum = (struct counters){
		.has_run = true, .has_delay = true, .has_switches = true, .has_migrations = true
	};
	for (uint32_t i = 0; i < group->nr_tasks; i++) {
		const uint32_t task = group->first_task + i;
		const struct crew_look *before = look_of(crew, window, false, task);
		const struct crew_look *after = look_of(crew, window, true, task);
		struct counters used = counters_since(&after->counters, &before->counters);
		uint64_t done = after->iterations - before->iterations;
		const struct task_notes *notes;

		add_counters(&stats->sum, &used);
		add_run(stats, used.run_ns, i);
		spread_add(&run, (double)used.run_ns);
		spread_add(&iterations, (double)done);
		stats->iterations += done;
		stats->never_ran += !done && !used.run_ns;
		notes = &crew->notes[(size_t)task * crew->stage->nr_windows + window];
		add_notes(stats, notes, i, crew->stage->records[task].tid);
		add_memory(stats, &before->memory, &after->memory, notes, i);
	}
	stats->run_cv = spread_cv(&run);
	stats->iterations_cv = spread_cv(&iterations);
}

bool stats_runs(const struct work_plan *plan, uint32_t window, uint32_t group)
{
	return !window || work_plan_presence(plan, group, window - 1) == GROUP_RUNS;
}

const char *stats_label(const struct work_plan *plan, uint32_t window, char *text, size_t size)
{
	text[0] = '\0';
	if (window)
		snprintf(text, size, "%s/", plan->phases[window - 1].name);
	return text;
}

struct work_stats *stats_make(const struct crew *crew, uint32_t window)
{
	struct work_stats *stats = calloc(1, sizeof(*stats));
	const uint64_t *looked = crew->looked_ns;
	const struct work_plan *plan = crew->plan;

	if (!stats)
		return NULL;
	stats->plan = plan;
	stats->window = window;
	stats->nr_nodes = crew->places->nr_nodes;
	stats->start = crew->stage->start;
	stats->window_ns = window ? plan->phases[window - 1].duration_ns : work_plan_duration(plan);
	stats->looked_ns = window ? looked[window] - looked[window - 1]
				  : looked[plan->nr_phases] - looked[0];
	for (uint32_t i = 0; i < plan->nr_groups; i++) {
		make_group(crew, window, &plan->groups[i], &stats->groups[i]);
		stats->run_ns += stats->groups[i].sum.run_ns;
	}
	return stats;
}
