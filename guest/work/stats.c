/* What came of it? See stats.h. */
#include "stats.h"

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

static void keep_worst(struct stats_worst *of, const struct task_worst *worst, uint32_t task)
{
	if (worst->ns > of->worst.ns)
		*of = (struct stats_worst){ *worst, task };
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

static void make_group(const struct crew *crew, const struct work_group *group,
		       struct group_stats *stats)
{
	struct spread run = { 0 }, iterations = { 0 };
	uint64_t off_most = 0;

	stats->group = group;
	stats->run_min = UINT64_MAX;
	stats->sum = (struct counters){
		.has_run = true, .has_delay = true, .has_switches = true, .has_migrations = true
	};
	for (uint32_t i = 0; i < group->nr_tasks; i++) {
		const struct task_record *record = &crew->stage->records[group->first_task + i];
		const struct crew_task *task = &crew->tasks[group->first_task + i];
		struct counters used = counters_since(&task->after, &task->before);
		uint64_t done = task->iterations_after - task->iterations_before;

		add_counters(&stats->sum, &used);
		add_run(stats, used.run_ns, i);
		spread_add(&run, (double)used.run_ns);
		spread_add(&iterations, (double)done);
		stats->iterations += done;
		stats->never_ran += !done && !used.run_ns;
		hist_merge(&stats->wakes, &record->wakes);
		if (group->kind->tells & KIND_TELLS_REQUESTS)
			hist_merge(&stats->requests, &record->requests);
		keep_worst(&stats->request, &record->worst_request, i);
		keep_worst(&stats->wake, &record->worst_wake, i);
		keep_worst(&stats->gap, &record->worst_gap, i);
		stats->moves_in_llc += record->moves_in_llc;
		stats->moves_across_llc += record->moves_across_llc;
		stats->moves_across_node += record->moves_across_node;
		stats->off_allowed_ns += record->off_allowed_ns;
		if (record->off_allowed_ns > off_most) {
			off_most = record->off_allowed_ns;
			stats->off_task = i;
		}
	}
	stats->run_cv = spread_cv(&run);
	stats->iterations_cv = spread_cv(&iterations);
}

struct work_stats *stats_make(const struct crew *crew)
{
	struct work_stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return NULL;
	stats->plan = crew->plan;
	stats->start = crew->stage->start;
	stats->late_ns = crew->late_ns;
	stats->window_ns = crew->plan->phases[0].duration_ns;
	for (uint32_t i = 0; i < crew->plan->nr_groups; i++) {
		make_group(crew, &crew->plan->groups[i], &stats->groups[i]);
		stats->run_ns += stats->groups[i].sum.run_ns;
	}
	return stats;
}
