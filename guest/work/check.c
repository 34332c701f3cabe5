/* Does what was measured hold? See check.h. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char shape[] = "[PHASE/]GROUP.METRIC OP VALUE, for one 'client.wake_p99 < 5ms', or "
			    "isolated([PHASE/]GROUP)";

static const char blanks[] = " \t";

/* "PHASE/" at the begin of @name goes, and is the check's window then. */
static int find_window(const char *text, const char **name, size_t *length,
		       const struct work_plan *plan, struct work_check *check,
		       struct failure *failure)
{
	const char *slash = memchr(*name, '/', *length);
	size_t phase = slash ? (size_t)(slash - *name) : 0;

	check->window = 0;
	if (!slash)
		return 0;
	for (uint32_t i = 0; i < plan->nr_phases; i++) {
		if (strlen(plan->phases[i].name) != phase ||
		    memcmp(plan->phases[i].name, *name, phase))
			continue;
		/* One phase alone is all of it. */
		check->window = plan->nr_phases > 1 ? 1 + i : 0;
		*name = slash + 1;
		*length -= phase + 1;
		return 0;
	}
	return failure_set(failure, -EINVAL, "check '%s': there is no phase '%.*s'", text,
			   (int)phase, *name);
}

static int find_group(const char *text, const char *name, size_t length,
		      const struct work_plan *plan, struct work_check *check,
		      struct failure *failure)
{
	const struct work_group *group;

	if (find_window(text, &name, &length, plan, check, failure))
		return -EINVAL;
	group = work_plan_group(plan, name, length);
	if (!group)
		return failure_set(failure, -EINVAL, "check '%s': there is no group '%.*s'", text,
				   (int)length, name);
	check->group = (uint32_t)(group - plan->groups);
	if (!stats_runs(plan, check->window, check->group))
		return failure_set(failure, -EINVAL,
				   "check '%s': group '%s' does not run in that phase", text,
				   group->name);
	return 0;
}

/* Is there anything that could be broken, in the phases of the check? */
static int check_restricted(const struct work_check *check, const struct work_plan *plan,
			    const struct places *places, struct failure *failure)
{
	const uint32_t first = check->window ? check->window - 1 : 0;
	const uint32_t last = check->window ? first : plan->nr_phases - 1;

	for (uint32_t phase = first; phase <= last; phase++) {
		const struct work_group *is = work_plan_in_phase(plan, check->group, phase);

		for (uint32_t i = 0; i < is->nr_tasks; i++) {
			cpu_set_t allowed;

			work_group_allowed(is, places, i, &allowed);
			if (CPU_COUNT(&allowed) < places->nr_cpus)
				return 0;
		}
	}
	return failure_set(failure, -EINVAL,
			   "check '%s': the group may run on every CPU, so it can be on no wrong "
			   "one; give it --cpus or --cgroup NAME:cpus=LIST",
			   check->text);
}

static int parse_isolated(const char *text, const struct work_plan *plan,
			  const struct places *places, struct work_check *check,
			  struct failure *failure)
{
	const char *name = text + strlen("isolated(");
	size_t length = strcspn(name, ")");
	int ret;

	if (strcmp(name + length, ")"))
		return failure_set(failure, -EINVAL, "check '%s' is not isolated(GROUP)", text);
	ret = find_group(text, name, length, plan, check, failure);
	check->isolated = true;
	check->metric = metric_find("off_allowed", strlen("off_allowed"));
	check->op = CHECK_AT_MOST;
	return ret ? ret : check_restricted(check, plan, places, failure);
}

/* All metrics, for the sentence about one that is none. */
static const char *metric_names(char *text, size_t size)
{
	const struct metric *metric;
	size_t used = 0;

	for (size_t i = 0; (metric = metric_at(i)) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "",
					 metric->name);
	return text;
}

static const char *why_not(unsigned int lacks)
{
	return lacks & KIND_TELLS_REQUESTS ? "serves no requests"
	       : lacks & KIND_TELLS_MEMORY ? "works on no memory of its own"
	       : lacks & KIND_TELLS_WAKES
		       ? "never sleeps, or not so that it is known when it was woken"
		       : "does not note when it runs";
}

/* Can this group tell that? */
static int check_tells(const char *text, const struct work_group *group,
		       const struct places *places, const struct metric *metric,
		       struct failure *failure)
{
	if (metric->needs & ~group->kind->tells)
		return failure_set(failure, -EINVAL,
				   "check '%s': kind '%s' %s, so group '%s' has no %s", text,
				   group->kind->name, why_not(metric->needs & ~group->kind->tells),
				   group->name, metric->name);
	if ((metric->needs & KIND_TELLS_MEMORY) && places->nr_nodes < 2)
		return failure_set(failure, -EINVAL,
				   "check '%s': there is one NUMA node here, so all memory is "
				   "local; give the machine two, for one --topology 2n2l4c1t",
				   text);
	if (group->nr_tasks < metric->min_tasks)
		return failure_set(
			failure, -EINVAL,
			"check '%s': %s is between tasks, and group '%s' has %u; give it "
			"--tasks",
			text, metric->name, group->name, group->nr_tasks);
	return 0;
}

static const char *parse_op(const char *at, enum check_op *op)
{
	*op = *at == '<' ? CHECK_BELOW : CHECK_ABOVE;
	if (*at != '<' && *at != '>')
		return NULL;
	if (at[1] != '=')
		return at + 1;
	*op = *at == '<' ? CHECK_AT_MOST : CHECK_AT_LEAST;
	return at + 2;
}

static int parse_limit(const char *text, const char *at, struct work_check *check,
		       struct failure *failure)
{
	static const enum word_type types[] = { [UNIT_NS] = WORD_DURATION,
						[UNIT_PERCENT] = WORD_PERCENT,
						[UNIT_COUNT] = WORD_COUNT,
						[UNIT_PER_S] = WORD_COUNT };
	const struct metric *metric = check->metric;
	char what[128], low[32];
	uint64_t limit;
	int ret;

	snprintf(what, sizeof(what), "check '%.80s'", text);
	ret = word_parse(what, at, types[metric->unit], 0, WORD_MAX, &limit, failure);
	if (ret)
		return ret;
	check->limit = (double)limit;
	if (check->limit < metric->resolution)
		return failure_set(
			failure, -EINVAL,
			"check '%s': the limit is below what %s can tell apart, %s", text,
			metric->name,
			metric_print(metric->unit, metric->resolution, low, sizeof(low)));
	return 0;
}

int check_parse(const char *text, const struct work_plan *plan, const struct places *places,
		struct work_check *check, struct failure *failure)
{
	size_t group = strcspn(text, ".("), length;
	const char *name = text + group + 1, *at;
	char names[512];
	int ret;

	*check = (struct work_check){ .text = text };
	if (!strncmp(text, "isolated(", 9))
		return parse_isolated(text, plan, places, check, failure);
	if (text[group] != '.')
		return failure_set(failure, -EINVAL, "check '%s' is not %s", text, shape);
	ret = find_group(text, text, group, plan, check, failure);
	if (ret)
		return ret;
	length = strcspn(name, " \t<>=");
	check->metric = metric_find(name, length);
	if (!check->metric)
		return failure_set(failure, -EINVAL,
				   "check '%s': '%.*s' is no metric; there are: %s", text,
				   (int)length, name, metric_names(names, sizeof(names)));
	at = name + length;
	at = parse_op(at + strspn(at, blanks), &check->op);
	if (!at)
		return failure_set(failure, -EINVAL,
				   "check '%s': behind the metric comes one of < <= > >=", text);
	ret = parse_limit(text, at + strspn(at, blanks), check, failure);
	return ret ? ret
		   : check_tells(text, &plan->groups[check->group], places, check->metric, failure);
}

static bool holds(const struct work_check *check, double value)
{
	switch (check->op) {
	case CHECK_BELOW:
		return value < check->limit;
	case CHECK_AT_MOST:
		return value <= check->limit;
	case CHECK_ABOVE:
		return value > check->limit;
	default:
		return value >= check->limit;
	}
}

enum check_verdict check_decide(const struct work_check *check, const struct work_stats *stats,
				char *line, size_t size)
{
	const struct group_stats *group = &stats->groups[check->group];
	const char *metric = check->metric->name;
	char was[48], limit[48], name[64], label[16];
	struct metric_value value;
	bool high, low;

	snprintf(name, sizeof(name), "%s%s",
		 stats_label(stats->plan, stats->window, label, sizeof(label)), group->group->name);
	metric_get(check->metric, stats, group, &value);
	if (!value.known) {
		snprintf(line, size, "inconclusive: %s: %s", check->text, value.why);
		return CHECK_INCONCLUSIVE;
	}
	metric_print(check->metric->unit, value.value, was, sizeof(was));
	metric_print(check->metric->unit, check->limit, limit, sizeof(limit));
	high = holds(check, value.value);
	low = holds(check, value.low);
	if (high != low) {
		snprintf(line, size,
			 "inconclusive: %s.%s was %s or up to 1/%u less, too near to the limit %s",
			 name, metric, was, HIST_SUB, limit);
		return CHECK_INCONCLUSIVE;
	}
	if (check->isolated)
		snprintf(line, size, "%s: %s was %s on CPUs that it may not use%s%s%s",
			 high ? "holds" : "FAILS", name, was, value.detail[0] ? " (" : "",
			 value.detail, value.detail[0] ? ")" : "");
	else
		snprintf(line, size, "%s: %s.%s was %s, limit %s%s%s%s", high ? "holds" : "FAILS",
			 name, metric, was, limit, value.detail[0] ? " (" : "", value.detail,
			 value.detail[0] ? ")" : "");
	return high ? CHECK_HOLDS : CHECK_FAILS;
}

void check_words(const struct work_check *check, const struct work_stats *stats, char *text,
		 size_t size)
{
	static const char *const ops[] = { [CHECK_BELOW] = "<",
					   [CHECK_AT_MOST] = "<=",
					   [CHECK_ABOVE] = ">",
					   [CHECK_AT_LEAST] = ">=" };
	const struct group_stats *group = &stats->groups[check->group];
	/* As metrics are written. */
	const double scale = check->metric->unit == UNIT_PERCENT ? 0.01 : 1;
	struct metric_value value;
	char number[32] = "-", label[16];

	metric_get(check->metric, stats, group, &value);
	if (value.known)
		snprintf(number, sizeof(number), "%.9g", value.value * scale);
	snprintf(text, size, "%s %s %.9g %s %s%s.%s", number, ops[check->op], check->limit * scale,
		 metric_unit_name(check->metric->unit),
		 stats_label(stats->plan, stats->window, label, sizeof(label)), group->group->name,
		 check->metric->name);
}
