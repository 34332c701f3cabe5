/* What does a file of rt-app's JSON ask for? See rtapp.h. */
#include "rtapp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtapp_words.h"

/* Of all of it; other numbers of the file are microseconds. */
#define SECONDS_MAX (24 * 3600)

static const struct {
	const char *name;
	enum work_policy policy;
} policies[] = {
	{ "SCHED_OTHER", POLICY_OTHER }, { "SCHED_BATCH", POLICY_BATCH },
	{ "SCHED_IDLE", POLICY_IDLE },	 { "SCHED_RR", POLICY_RR },
	{ "SCHED_FIFO", POLICY_FIFO },	 { "SCHED_DEADLINE", POLICY_DEADLINE },
};

/* Of another policy they would be without effect, or a slice of the task's own. */
static int refuse_deadline(struct rtapp_reading *r, const struct json_node *node)
{
	static const char *const names[] = { "dl-runtime", "dl-period", "dl-deadline",
					     "dl-reclaim" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json_node *member = json_member(r->json, node, names[i]);

		if (member)
			return WRONG(r, member,
				     "'%s' of '%.64s' is supported of SCHED_DEADLINE alone",
				     names[i], node->name);
	}
	return 0;
}

static int read_deadline(struct rtapp_reading *r, const struct json_node *node)
{
	struct work_sched *sched = &r->group->sched;
	const struct json_node *runtime = json_member(r->json, node, "dl-runtime"),
			       *period = json_member(r->json, node, "dl-period"),
			       *deadline = json_member(r->json, node, "dl-deadline"),
			       *reclaim = json_member(r->json, node, "dl-reclaim");
	int ret;

	if (!runtime)
		return WRONG(r, node, "'%.64s' is SCHED_DEADLINE and lacks 'dl-runtime'",
			     node->name);
	ret = rtapp_duration(r, runtime, &sched->runtime);
	sched->period = sched->runtime;
	if (!ret && period)
		ret = rtapp_duration(r, period, &sched->period);
	sched->deadline = sched->period;
	if (!ret && deadline)
		ret = rtapp_duration(r, deadline, &sched->deadline);
	if (!ret && reclaim)
		ret = rtapp_wants(r, reclaim, JSON_BOOL);
	sched->reclaim = !ret && reclaim && reclaim->number > 0;
	if (!ret && (sched->runtime < 2 * WORK_US || sched->runtime > sched->deadline ||
		     sched->deadline > sched->period || sched->period > 1ull << 40))
		ret = WRONG(r, node,
			    "'%.64s': 2 <= dl-runtime <= dl-deadline <= dl-period is needed",
			    node->name);
	return ret;
}

static int read_policy(struct rtapp_reading *r, const struct json_node *node)
{
	const struct json_node *policy = json_member(r->json, node, "policy"),
			       *priority = json_member(r->json, node, "priority");
	struct work_sched *sched = &r->group->sched;
	const char *name = r->default_policy;
	int64_t value;
	bool rt;
	size_t i = 0;
	int ret = policy ? rtapp_wants(r, policy, JSON_STRING) : 0;

	if (ret)
		return ret;
	if (policy)
		name = policy->text;
	while (i < sizeof(policies) / sizeof(policies[0]) && strcmp(policies[i].name, name))
		i++;
	if (i == sizeof(policies) / sizeof(policies[0]))
		return WRONG(r, policy ? policy : node, "policy '%.64s' is not supported", name);
	*sched = (struct work_sched){ .policy = policies[i].policy };
	if (sched->policy == POLICY_DEADLINE)
		return read_deadline(r, node);
	ret = refuse_deadline(r, node);
	if (ret)
		return ret;
	rt = sched->policy == POLICY_RR || sched->policy == POLICY_FIFO;
	value = rt ? 10 : 0;
	if (priority)
		ret = rtapp_whole_number(r, priority, rt ? 1 : -20, rt ? 99 : 19, &value);
	if (!ret && rt)
		sched->priority = (uint32_t)value;
	else if (!ret)
		sched->nice = (int)value;
	return ret;
}

static int read_cpus(struct rtapp_reading *r, const struct json_node *node)
{
	const struct json_node *cpus = json_member(r->json, node, "cpus"), *cpu;
	int64_t value;
	int ret = cpus ? rtapp_wants(r, cpus, JSON_ARRAY) : 0;

	if (ret || !cpus)
		return ret;
	CPU_ZERO(&r->group->cpus);
	r->group->has_cpus = true;
	for (cpu = json_child(r->json, cpus); !ret && cpu; cpu = json_next(r->json, cpu)) {
		ret = rtapp_whole_number(r, cpu, 0, PLACES_MAX_CPUS - 1, &value);
		if (!ret && !CPU_ISSET((size_t)value, &r->places->online))
			ret = WRONG(r, cpu, "no CPU %d is online here", (int)value);
		else if (!ret)
			CPU_SET((size_t)value, &r->group->cpus);
	}
	if (!ret && !CPU_COUNT(&r->group->cpus))
		ret = WRONG(r, cpus, "'cpus' of '%.64s' is empty", node->name);
	return ret;
}

/* What a task says beside its events or phases. */
static const char *const task_words[] = { "instance",	 "loop",       "delay",	     "phases",
					  "policy",	 "priority",   "dl-runtime", "dl-period",
					  "dl-deadline", "dl-reclaim", "cpus",	     NULL };

static int read_instances(struct rtapp_reading *r, const struct json_node *node,
			  struct rtapp_task *task)
{
	const struct json_node *instance = json_member(r->json, node, "instance"),
			       *loop = json_member(r->json, node, "loop"),
			       *delay = json_member(r->json, node, "delay");
	int64_t value = 1;
	int ret = 0;

	*task = (struct rtapp_task){ .loops = UINT64_MAX, .first_phase = r->plan->rtapp.nr_phases };
	if (instance)
		ret = rtapp_whole_number(r, instance, 1, PLAN_MAX_TASKS, &value);
	r->group->nr_tasks = (uint32_t)value;
	if (!ret && loop)
		ret = rtapp_loops(r, loop, &task->loops);
	if (!ret && delay)
		ret = rtapp_duration(r, delay, &task->delay_ns);
	return ret;
}

/* As a group's name: a point stands in checks between a group and its metric. */
static int read_name(struct rtapp_reading *r, const struct json_node *node,
		     char name[WORD_NAME_MAX + 1])
{
	snprintf(name, WORD_NAME_MAX + 1, "%s", node->name);
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '_';
	if (!word_is_name(name, strlen(name)) || strlen(node->name) > WORD_NAME_MAX)
		return WRONG(r, node, "the task's name '%.64s': %s", node->name, word_name_rule);
	if (work_plan_group(r->plan, name, strlen(name)))
		return WRONG(r, node, "there are two groups '%s'", name);
	return 0;
}

static int read_task(struct rtapp_reading *r, const struct json_node *node)
{
	const struct json_node *phases = json_member(r->json, node, "phases");
	struct work_plan *plan = r->plan;
	char name[WORD_NAME_MAX + 1];
	int ret = rtapp_wants(r, node, JSON_OBJECT);

	if (!ret)
		ret = read_name(r, node, name);
	if (ret)
		return ret;
	if (plan->nr_groups == PLAN_MAX_GROUPS)
		return WRONG(r, node, "more than %d groups", PLAN_MAX_GROUPS);
	r->group = &plan->groups[plan->nr_groups++];
	*r->group = (struct work_group){
		.kind = &kind_rtapp, .nr_tasks = 1, .threads = true, .cpus = r->places->online
	};
	snprintf(r->group->name, sizeof(r->group->name), "%s", name);
	r->task = node->name;
	ret = read_instances(r, node, &r->group->rtapp);
	if (!ret)
		ret = read_policy(r, node);
	if (!ret)
		ret = read_cpus(r, node);
	if (!ret && phases)
		ret = rtapp_only(r, node, task_words);
	if (!ret)
		ret = phases ? rtapp_read_phases(r, phases)
			     : rtapp_read_phase(r, node, task_words, 1);
	r->group->rtapp.nr_phases = plan->rtapp.nr_phases - r->group->rtapp.first_phase;
	return ret;
}

static int read_global(struct rtapp_reading *r, const struct json_node *node)
{
	static const char *const names[] = { "duration",
					     "default_policy",
					     "pi_enabled",
					     "lock_pages",
					     "calibration",
					     "logdir",
					     "log_basename",
					     "log_size",
					     "ftrace",
					     "gnuplot",
					     "cumulative_slack",
					     "io_device",
					     "mem_buffer_size",
					     "frag",
					     NULL };
	const struct json_node *duration, *policy, *pi;
	int64_t seconds;
	int ret = rtapp_wants(r, node, JSON_OBJECT);

	if (!ret)
		ret = rtapp_only(r, node, names);
	if (ret)
		return ret;
	policy = json_member(r->json, node, "default_policy");
	if (policy && !(ret = rtapp_wants(r, policy, JSON_STRING)))
		r->default_policy = policy->text;
	pi = json_member(r->json, node, "pi_enabled");
	if (!ret && pi)
		ret = rtapp_wants(r, pi, JSON_BOOL);
	if (!ret && pi && pi->number > 0)
		ret = WRONG(r, pi, "'%s': true is not supported", "pi_enabled");
	duration = json_member(r->json, node, "duration");
	if (ret || !duration)
		return ret;
	ret = rtapp_whole_number(r, duration, -1, SECONDS_MAX, &seconds);
	if (!ret && !seconds)
		ret = WRONG(r, duration, "a duration of %d", 0);
	if (!ret && seconds > 0 && !r->plan->duration_said && !r->plan->phases_said)
		r->plan->phases[0].duration_ns = (uint64_t)seconds * WORK_S;
	return ret;
}

/* They make themselves when they are named; of an older rt-app's one can stand for another. */
static int refuse_targets(struct rtapp_reading *r, const struct json_node *resources)
{
	const struct json_node *resource = json_child(r->json, resources), *target;

	for (; resource; resource = json_next(r->json, resource)) {
		target = json_member(r->json, resource, "target");
		if (target)
			return WRONG(r, target, "'target' of '%.64s' is not supported",
				     resource->name ? resource->name : "element");
	}
	return 0;
}

static int read_all(struct rtapp_reading *r)
{
	static const char *const names[] = { "tasks", "global", "resources", NULL };
	const struct json_node *whole = r->json->nodes, *global, *resources, *tasks, *task;
	struct json_node named = *whole;
	int ret;

	named.name = "the file";
	ret = rtapp_wants(r, &named, JSON_OBJECT);
	if (!ret)
		ret = rtapp_only(r, &named, names);
	if (!ret)
		ret = rtapp_needed(r, &named, "tasks", &tasks);
	if (!ret)
		ret = rtapp_wants(r, tasks, JSON_OBJECT);
	if (ret)
		return ret;
	global = json_member(r->json, whole, "global");
	if (global)
		ret = read_global(r, global);
	resources = json_member(r->json, whole, "resources");
	if (!ret && resources)
		ret = refuse_targets(r, resources);
	task = json_child(r->json, tasks);
	if (!ret && !task)
		ret = WRONG(r, tasks, "'%s' is empty", "tasks");
	for (; !ret && task; task = json_next(r->json, task))
		ret = read_task(r, task);
	return ret;
}

int rtapp_read(const char *what, const char *text, size_t size, const struct places *places,
	       struct work_plan *plan, struct failure *failure)
{
	struct json json;
	struct rtapp_reading r = { .what = what,
				   .json = &json,
				   .places = places,
				   .plan = plan,
				   .default_policy = "SCHED_OTHER",
				   .failure = failure };
	int ret = json_read(what, text, size, &json, failure);

	if (!ret)
		ret = read_all(&r);
	json_free(&json);
	return ret;
}

int rtapp_read_file(const char *path, const struct places *places, struct work_plan *plan,
		    struct failure *failure)
{
	char what[256], *text = malloc(JSON_MAX_BYTES + 1);
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int ret = text ? 0 : -ENOMEM;

	snprintf(what, sizeof(what), "option '--rt-app': '%.200s'", path);
	if (!file)
		ret = -errno;
	else if (text)
		size = fread(text, 1, JSON_MAX_BYTES + 1, file);
	if (!ret && ferror(file))
		ret = -errno;
	if (ret)
		failure_set(failure, ret, "%s: cannot read it: %s", what, strerror(-ret));
	else
		ret = rtapp_read(what, text, size, places, plan, failure);
	if (file)
		fclose(file);
	free(text);
	return ret;
}
