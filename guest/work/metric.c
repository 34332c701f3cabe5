/* What is said of a group? See metric.h. */
#include "metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of a task's time, for one to be compared with another: some ticks of the slowest clock (10 ms).
 */
#define RUN_MIN_NS (50 * WORK_MS)

/* Why a value is not known. */
#define UNKNOWN(value, ...) snprintf((value)->why, sizeof((value)->why), __VA_ARGS__)

static void known(struct metric_value *value, double is)
{
	value->value = value->low = is;
	value->known = true;
}

static void detail_of(const struct work_stats *stats, const struct group_stats *group,
		      const struct stats_worst *of, struct metric_value *value)
{
	double from = (double)(of->worst.at_ns - of->worst.ns - stats->start) / 1e9;
	char cpu[32] = "not run till the end";

	if (of->worst.cpu != UINT32_MAX)
		snprintf(cpu, sizeof(cpu), "CPU %u", of->worst.cpu);
	if (!of->worst.ns)
		return;
	value->worst = of;
	snprintf(value->detail, sizeof(value->detail), "task %s/%u, %s, waited from %.3f s",
		 group->group->name, of->task, cpu, from);
}

static void share(const struct work_stats *stats, const struct group_stats *group,
		  const struct metric *metric, struct metric_value *value)
{
	(void)metric;
	if (stats->run_ns < RUN_MIN_NS)
		UNKNOWN(value, "all groups together ran for less than 50 ms");
	else
		known(value, 10000.0 * (double)group->sum.run_ns / (double)stats->run_ns);
}

/* Do its tasks have enough time to be compared? */
static bool comparable(const struct group_stats *group, struct metric_value *value)
{
	uint64_t mean = group->sum.run_ns / group->group->nr_tasks;

	snprintf(value->detail, sizeof(value->detail),
		 "least: task %s/%u %.3f s, most: task %s/%u %.3f s", group->group->name,
		 group->run_min_task, (double)group->run_min / 1e9, group->group->name,
		 group->run_max_task, (double)group->run_max / 1e9);
	if (mean >= RUN_MIN_NS)
		return true;
	UNKNOWN(value, "its tasks ran for %.1f ms each on average, 50 ms are needed",
		(double)mean / 1e6);
	return false;
}

static void share_spread(const struct work_stats *stats, const struct group_stats *group,
			 const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (comparable(group, value))
		known(value, 10000.0 * (double)(group->run_max - group->run_min) *
				     group->group->nr_tasks / (double)group->sum.run_ns);
}

static void share_cv(const struct work_stats *stats, const struct group_stats *group,
		     const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (comparable(group, value))
		known(value, 10000.0 * group->run_cv);
}

static void max_gap(const struct work_stats *stats, const struct group_stats *group,
		    const struct metric *metric, struct metric_value *value)
{
	(void)metric;
	known(value, (double)group->gap.worst.ns);
	detail_of(stats, group, &group->gap, value);
}

static void wake_quantile(const struct work_stats *stats, const struct group_stats *group,
			  const struct metric *metric, struct metric_value *value)
{
	uint64_t is = hist_quantile(&group->wakes, metric->quantile);

	known(value, (double)is);
	if (is >= HIST_SUB && is != group->wakes.max)
		value->low = (double)is * (1 - 1.0 / HIST_SUB);
	detail_of(stats, group, &group->wake, value);
}

static void wake_max(const struct work_stats *stats, const struct group_stats *group,
		     const struct metric *metric, struct metric_value *value)
{
	(void)metric;
	known(value, (double)group->wakes.max);
	detail_of(stats, group, &group->wake, value);
}

/* As many as the quantile needs, so that ten are above it. */
static bool enough_requests(const struct group_stats *group, uint64_t needed,
			    struct metric_value *value)
{
	if (group->requests.count >= needed)
		return true;
	UNKNOWN(value, "%" PRIu64 " requests were seen, %" PRIu64 " are needed; run longer",
		group->requests.count, needed);
	return false;
}

static void request_quantile(const struct work_stats *stats, const struct group_stats *group,
			     const struct metric *metric, struct metric_value *value)
{
	uint64_t is = hist_quantile(&group->requests, metric->quantile);

	if (!enough_requests(group, 1000000 / (100000 - metric->quantile), value))
		return;
	known(value, (double)is);
	if (is >= HIST_SUB && is != group->requests.max)
		value->low = (double)is * (1 - 1.0 / HIST_SUB);
	detail_of(stats, group, &group->request, value);
}

static void request_max(const struct work_stats *stats, const struct group_stats *group,
			const struct metric *metric, struct metric_value *value)
{
	(void)metric;
	if (!enough_requests(group, 1, value))
		return;
	known(value, (double)group->requests.max);
	detail_of(stats, group, &group->request, value);
}

static void run_delay(const struct work_stats *stats, const struct group_stats *group,
		      const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (!group->sum.has_delay)
		UNKNOWN(value, "the kernel has no /proc/PID/schedstat (CONFIG_SCHED_INFO)");
	else
		known(value, (double)group->sum.delay_ns / group->group->nr_tasks);
}

static void switches(const struct work_stats *stats, const struct group_stats *group,
		     const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	if (!group->sum.has_switches)
		UNKNOWN(value, "/proc/PID/status tells no switches");
	else
		known(value, (double)(metric->quantile ? group->sum.voluntary : group->sum.forced));
}

static void migrations(const struct work_stats *stats, const struct group_stats *group,
		       const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (!group->sum.has_migrations)
		UNKNOWN(value, "the kernel has no /proc/PID/sched (CONFIG_SCHED_DEBUG)");
	else
		known(value, (double)group->sum.migrations);
}

static void moves(const struct work_stats *stats, const struct group_stats *group,
		  const struct metric *metric, struct metric_value *value)
{
	const uint64_t of[] = { group->moves_in_llc, group->moves_across_llc,
				group->moves_across_node };

	(void)stats;
	known(value, (double)of[metric->quantile]);
}

static void per_second(const struct work_stats *stats, const struct group_stats *group,
		       const struct metric *metric, struct metric_value *value)
{
	(void)metric;
	known(value, (double)group->iterations * 1e9 / (double)stats->looked_ns);
}

static void iterations_cv(const struct work_stats *stats, const struct group_stats *group,
			  const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (group->iterations < 10ull * group->group->nr_tasks)
		UNKNOWN(value, "fewer than 10 iterations a task");
	else
		known(value, 10000.0 * group->iterations_cv);
}

static void off_allowed(const struct work_stats *stats, const struct group_stats *group,
			const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	known(value, (double)group->off_allowed_ns);
	if (group->off_allowed_ns)
		snprintf(value->detail, sizeof(value->detail), "most of it: task %s/%u",
			 group->group->name, group->off_task);
}

static void numa_local(const struct work_stats *stats, const struct group_stats *group,
		       const struct metric *metric, struct metric_value *value)
{
	(void)stats;
	(void)metric;
	if (stats->nr_nodes < 2) {
		UNKNOWN(value, "there is one NUMA node");
	} else if (group->memory_unknown) {
		UNKNOWN(value, "the kernel has no /proc/PID/numa_maps (CONFIG_NUMA, "
			       "CONFIG_PROC_PAGE_MONITOR)");
	} else if (group->homeless) {
		UNKNOWN(value, "%u of its tasks had less than 64 KiB of memory of their own",
			group->homeless);
	} else if (!group->node_ns) {
		UNKNOWN(value, "it is not known where its tasks ran");
	} else {
		known(value, 10000.0 * (double)group->local_ns / (double)group->node_ns);
		snprintf(value->detail, sizeof(value->detail),
			 "least: task %s/%u %.0f %%, memory on node %u", group->group->name,
			 group->local_task, 100 * group->local_least, group->local_node);
	}
}

#define WAKES KIND_TELLS_WAKES
#define GAPS  KIND_TELLS_GAPS
#define SERVE KIND_TELLS_REQUESTS

static const struct metric metrics[] = {
	{ "share", UNIT_PERCENT, BETTER_NEITHER, 10, 1, 0, 0, "of the CPU time of all groups",
	  share, 0 },
	{ "share_spread", UNIT_PERCENT, BETTER_LOWER, 100, 2, 0, 0,
	  "between its tasks: (most - least) / mean", share_spread, 0 },
	{ "share_cv", UNIT_PERCENT, BETTER_LOWER, 100, 2, 0, 0,
	  "between its tasks: standard deviation / mean", share_cv, 0 },
	{ "max_gap", UNIT_NS, BETTER_LOWER, TASK_GAP_NS, 1, 0, GAPS,
	  "the longest that a task wanted to run and did not", max_gap, 0 },
	{ "run_delay", UNIT_NS, BETTER_LOWER, 1000, 1, 0, 0,
	  "runnable and not running, the kernel's count and what goes on, mean of its tasks",
	  run_delay, 0 },
	{ "wake_p50", UNIT_NS, BETTER_LOWER, 1000, 1, 20, WAKES, "wake-up latency, median",
	  wake_quantile, 50000 },
	{ "wake_p99", UNIT_NS, BETTER_LOWER, 1000, 1, 1000, WAKES, "wake-up latency, 99 %",
	  wake_quantile, 99000 },
	{ "wake_p999", UNIT_NS, BETTER_LOWER, 1000, 1, 10000, WAKES, "wake-up latency, 99.9 %",
	  wake_quantile, 99900 },
	{ "wake_max", UNIT_NS, BETTER_LOWER, 1000, 1, 1, WAKES, "wake-up latency, the longest",
	  wake_max, 0 },
	{ "request_p50", UNIT_NS, BETTER_LOWER, 1000, 1, 0, SERVE,
	  "from sending a request to its end, median", request_quantile, 50000 },
	{ "request_p99", UNIT_NS, BETTER_LOWER, 1000, 1, 0, SERVE,
	  "from sending a request to its end, 99 %", request_quantile, 99000 },
	{ "request_p999", UNIT_NS, BETTER_LOWER, 1000, 1, 0, SERVE,
	  "from sending a request to its end, 99.9 %", request_quantile, 99900 },
	{ "request_max", UNIT_NS, BETTER_LOWER, 1000, 1, 0, SERVE,
	  "from sending a request to its end, the longest", request_max, 0 },
	{ "switches_vol", UNIT_COUNT, BETTER_NEITHER, 0, 1, 0, 0, "context switches that it wanted",
	  switches, 1 },
	{ "switches_invol", UNIT_COUNT, BETTER_NEITHER, 0, 1, 0, 0,
	  "context switches that it did not want", switches, 0 },
	{ "migrations", UNIT_COUNT, BETTER_NEITHER, 0, 1, 0, 0, "between CPUs, the kernel's count",
	  migrations, 0 },
	{ "moves_in_llc", UNIT_COUNT, BETTER_NEITHER, 0, 1, 0, GAPS,
	  "between CPUs of an LLC, seen by the tasks themselves", moves, 0 },
	{ "moves_across_llc", UNIT_COUNT, BETTER_LOWER, 0, 1, 0, GAPS,
	  "between LLCs of a node, seen by the tasks themselves", moves, 1 },
	{ "moves_across_node", UNIT_COUNT, BETTER_LOWER, 0, 1, 0, GAPS,
	  "between NUMA nodes, seen by the tasks themselves", moves, 2 },
	{ "iterations_per_s", UNIT_PER_S, BETTER_HIGHER, 0, 1, 0, 0, "of the kind's own loop",
	  per_second, 0 },
	{ "iterations_cv", UNIT_PERCENT, BETTER_LOWER, 10, 2, 0, 0,
	  "of iterations between its tasks: standard deviation / mean", iterations_cv, 0 },
	{ "numa_local", UNIT_PERCENT, BETTER_HIGHER, 10, 1, 0, GAPS | KIND_TELLS_MEMORY,
	  "of its time on the NUMA node where most of a task's memory lies", numa_local, 0 },
	{ "off_allowed", UNIT_NS, BETTER_LOWER, TASK_GAP_NS, 1, 0, GAPS,
	  "time on CPUs that were not allowed to it", off_allowed, 0 },
};

#define NR_METRICS (sizeof(metrics) / sizeof(metrics[0]))

const struct metric *metric_at(size_t index)
{
	return index < NR_METRICS ? &metrics[index] : NULL;
}

const struct metric *metric_find(const char *name, size_t length)
{
	for (size_t i = 0; i < NR_METRICS; i++)
		if (strlen(metrics[i].name) == length && !memcmp(metrics[i].name, name, length))
			return &metrics[i];
	return NULL;
}

void metric_get(const struct metric *metric, const struct work_stats *stats,
		const struct group_stats *group, struct metric_value *value)
{
	*value = (struct metric_value){ 0 };
	if (!group->sum.has_run)
		UNKNOWN(value, "the kernel told nothing of its tasks' time (is /proc mounted?)");
	else if (!group->sum.run_ns && !group->iterations)
		UNKNOWN(value, "no task of the group ran in the window");
	else if ((metric->needs & KIND_TELLS_GAPS) && !group->seen &&
		 /* It wanted to run all the while. */
		 (metric->get != max_gap || !group->gap.worst.ns))
		UNKNOWN(value, "no task of the group was seen in the window; make it longer");
	else if (group->wakes.count < metric->min_wakes)
		UNKNOWN(value, "%" PRIu64 " wake-ups were seen, %" PRIu64 " are needed; run longer",
			group->wakes.count, metric->min_wakes);
	else
		metric->get(stats, group, metric, value);
}

bool metric_is_timed(const struct metric *metric)
{
	/* Where tasks are is the guest's own choice. */
	return metric->unit != UNIT_COUNT && metric->get != off_allowed &&
	       metric->get != numa_local;
}

const char *metric_print(enum metric_unit unit, double value, char *text, size_t size)
{
	if (unit == UNIT_PERCENT)
		snprintf(text, size, "%.4g %%", value / 100);
	else if (unit == UNIT_COUNT)
		snprintf(text, size, "%.0f", value);
	else if (unit == UNIT_PER_S)
		snprintf(text, size, "%.0f/s", value);
	else if (value < 1e3)
		snprintf(text, size, "%.0f ns", value);
	else if (value < 1e6)
		snprintf(text, size, "%.4g us", value / 1e3);
	else if (value < 1e9)
		snprintf(text, size, "%.4g ms", value / 1e6);
	else
		snprintf(text, size, "%.4g s", value / 1e9);
	return text;
}

const char *metric_unit_name(enum metric_unit unit)
{
	static const char *const names[] = {
		[UNIT_NS] = "ns", [UNIT_PERCENT] = "%", [UNIT_COUNT] = "count", [UNIT_PER_S] = "/s"
	};

	return names[unit];
}
