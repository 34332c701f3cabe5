/* What is said at the end? See report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of so many batches the fastest: others run here as well. */
#define COST_BATCHES 200
#define COST_TRIES   50

static double cost_of(struct task *task, bool of_wakes)
{
	uint64_t best = UINT64_MAX;

	for (int batch = 0; batch < COST_BATCHES; batch++) {
		uint64_t from = task_now(), took;

		task->last = from;
		for (int i = 0; i < COST_TRIES; i++) {
			if (of_wakes)
				task_woken(task);
			else
				task_ran(task, task_now());
		}
		took = task_now() - from;
		if (took < best)
			best = took;
	}
	return (double)best / COST_TRIES;
}

void report_cost(const struct work_plan *plan, struct work_cost *cost)
{
	const uint32_t nr_windows = work_plan_windows(plan);
	struct task_stage *stage = calloc(1, sizeof(*stage) + sizeof(struct task_record));
	struct task_notes *notes = calloc(nr_windows, sizeof(*notes));
	struct places *places = calloc(1, sizeof(*places));
	struct task task = { .stage = stage, .notes = notes, .places = places };

	*cost = (struct work_cost){ 0 };
	if (stage && notes && places) {
		/* All of it is noted. */
		stage->nr_windows = nr_windows;
		stage->windows[0].to = UINT64_MAX;
		stage->groups[0].nr_live = 1;
		stage->groups[0].live[0].to = UINT64_MAX;
		task.record = &stage->records[0];
		cost->look_ns = cost_of(&task, false);
		cost->wake_ns = cost_of(&task, true);
	}
	free(places);
	free(notes);
	free(stage);
}

static const char *policy_name(const struct work_sched *sched)
{
	static const char *const names[] = { "other", "fifo", "rr",	  "batch",
					     "?",     "idle", "deadline", "ext" };

	return sched->inherit ? "as the caller" : names[sched->policy];
}

static void print_group(FILE *out, const struct work_stats *stats, const struct group_stats *group)
{
	const struct work_group *is = group->group;
	const struct metric *metric;
	char text[48], value_text[48];

	fprintf(out, "\n%s: %u %s of %s", is->name, is->nr_tasks,
		is->threads ? "threads" : "processes", is->kind->name);
	for (size_t i = 0; is->kind->params[i].name; i++)
		fprintf(out, " %s=%s", is->kind->params[i].name,
			word_print(is->kind->params[i].type, is->params[i], text, sizeof(text)));
	fprintf(out, ", policy %s%s%s\n", policy_name(&is->sched),
		is->cgroup.name[0] ? ", cgroup " : "", is->cgroup.name);
	if (group->never_ran)
		fprintf(out, "  %u of its tasks never ran in the window\n", group->never_ran);
	for (size_t i = 0; (metric = metric_at(i)); i++) {
		struct metric_value value;

		if ((metric->needs & ~is->kind->tells) || is->nr_tasks < metric->min_tasks)
			continue;
		metric_get(metric, stats, group, &value);
		if (value.known)
			metric_print(metric->unit, value.value, value_text, sizeof(value_text));
		fprintf(out, "  %-17s %12s  %s%s%s\n", metric->name, value.known ? value_text : "-",
			value.known ? value.detail : "not known: ", value.known ? "" : value.why,
			"");
	}
}

void report_stats(FILE *out, const struct work_stats *stats)
{
	const struct work_plan *plan = stats->plan;
	char text[48];

	if (stats->window)
		fprintf(out, "\nphase %s, %s:\n", plan->phases[stats->window - 1].name,
			word_print(WORD_DURATION, stats->window_ns, text, sizeof(text)));
	else
		fprintf(out, "ktstr-work: %s measured",
			word_print(WORD_DURATION, stats->window_ns, text, sizeof(text)));
	if (!stats->window)
		fprintf(out, " after %s, seed %" PRIu64 "\n",
			word_print(WORD_DURATION, plan->warmup_ns, text, sizeof(text)), plan->seed);
	for (uint32_t i = 0; i < plan->nr_groups; i++)
		if (stats_runs(plan, stats->window, i))
			print_group(out, stats, &stats->groups[i]);
}

void report_measuring(FILE *out, const struct work_stats *stats, const struct work_cost *cost)
{
	double wakes = 0;

	for (uint32_t i = 0; i < stats->plan->nr_groups; i++)
		wakes += (double)stats->groups[i].wakes.count;
	fprintf(out,
		"\nmeasuring took %.3f %% of one CPU's time: %.3f ms of the process that measures, "
		"%.0f wake-ups of %.0f ns; one look at the clock takes %.0f ns\n",
		100.0 * ((double)cost->process_ns + wakes * cost->wake_ns) /
			(double)stats->window_ns,
		(double)cost->process_ns / 1e6, wakes, cost->wake_ns, cost->look_ns);
	if (cost->stolen_ns)
		fprintf(out,
			"the host took %.2f s of the CPUs meanwhile (steal), by the kernel's ticks; what it "
			"took while this process looked is left out: %.3f ms\n",
			(double)cost->stolen_ns / 1e9, (double)cost->others_ns / 1e6);
	fprintf(out,
		"latencies are known to 1/%u of themselves, never told too low; maxima exactly\n",
		HIST_SUB);
}

void report_metrics(FILE *out, const struct work_stats *stats)
{
	static const char *const better[] = {
		[BETTER_NEITHER] = "", [BETTER_LOWER] = " lower", [BETTER_HIGHER] = " higher"
	};
	const struct metric *metric;
	char label[16];

	stats_label(stats->plan, stats->window, label, sizeof(label));
	for (uint32_t i = 0; i < stats->plan->nr_groups; i++) {
		const struct work_group *group = &stats->plan->groups[i];

		for (size_t j = 0; (metric = metric_at(j)); j++) {
			struct metric_value value;

			if ((metric->needs & ~group->kind->tells) ||
			    group->nr_tasks < metric->min_tasks ||
			    !stats_runs(stats->plan, stats->window, i))
				continue;
			metric_get(metric, stats, &stats->groups[i], &value);
			if (value.known)
				fprintf(out, "%s%s.%s %.9g %s%s\n", label, group->name,
					metric->name,
					metric->unit == UNIT_PERCENT ? value.value / 100
								     : value.value,
					metric_unit_name(metric->unit), better[metric->better]);
		}
	}
}
