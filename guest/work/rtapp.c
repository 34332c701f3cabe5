/* What does a file of rt-app's JSON ask for? See rtapp.h. */
#include "rtapp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "plan.h"

/* Numbers of the file are microseconds, durations seconds. */
#define US_MAX	    (24 * 3600 * WORK_S / WORK_US)
#define SECONDS_MAX (24 * 3600)

struct reading {
	const char *what;
	const struct json *json;
	const struct places *places;
	struct work_plan *plan;
	struct work_group *group; /* whose phases are read */
	const char *task;	  /* its name in the file */
	const char *default_policy;
	struct failure *failure;
};

#define WRONG(r, node, fmt, ...)                                                                   \
	failure_set((r)->failure, -EINVAL, "%s: line %u: " fmt, (r)->what, (node)->line,           \
		    __VA_ARGS__)

static int wants(struct reading *r, const struct json_node *node, enum json_type type)
{
	if (node->type == type)
		return 0;
	return WRONG(r, node, "'%.64s' is %s, and has to be %s",
		     node->name ? node->name : "element", json_type_name(node->type),
		     json_type_name(type));
}

static int whole_number(struct reading *r, const struct json_node *node, int64_t min, int64_t max,
			int64_t *value)
{
	int ret = wants(r, node, JSON_NUMBER);

	if (ret)
		return ret;
	if (node->number < (double)min || node->number > (double)max ||
	    node->number != (double)(int64_t)node->number)
		return WRONG(r, node, "'%.64s': %g is no whole number between %lld and %lld",
			     node->name ? node->name : "element", node->number, (long long)min,
			     (long long)max);
	*value = (int64_t)node->number;
	return 0;
}

/* Microseconds, as ns. */
static int duration(struct reading *r, const struct json_node *node, uint64_t *ns)
{
	int64_t us = 0;
	int ret = whole_number(r, node, 0, US_MAX, &us);

	*ns = (uint64_t)us * WORK_US;
	return ret;
}

/* -1: for ever. */
static int loops(struct reading *r, const struct json_node *node, uint64_t *count)
{
	int64_t value = 1;
	int ret = whole_number(r, node, -1, 1ll << 40, &value);

	*count = value < 0 ? UINT64_MAX : (uint64_t)value;
	return ret;
}

/* By name and type; made where it is new. */
static int resource_named(struct reading *r, const struct json_node *node, const char *name,
			  enum rtapp_resource_type type, uint16_t *index)
{
	struct rtapp *rtapp = &r->plan->rtapp;
	struct rtapp_resource *made;

	if (!*name || strlen(name) > RTAPP_NAME_MAX)
		return WRONG(r, node, "the name '%.80s' has to have 1 to %d bytes", name,
			     RTAPP_NAME_MAX);
	for (*index = 0; *index < rtapp->nr_resources; (*index)++)
		if (rtapp->resources[*index].type == type &&
		    !strcmp(rtapp->resources[*index].name, name))
			return 0;
	if (*index == RTAPP_MAX_RESOURCES)
		return WRONG(r, node,
			     "'%s': more than %d mutexes, conditions, timers, barriers and "
			     "tasks to resume",
			     name, RTAPP_MAX_RESOURCES);
	made = &rtapp->resources[rtapp->nr_resources++];
	*made = (struct rtapp_resource){ .type = type };
	made->own = type == RESOURCE_TIMER && !strncmp(name, "unique", 6);
	snprintf(made->name, sizeof(made->name), "%s", name);
	return 0;
}

static int resource(struct reading *r, const struct json_node *node, enum rtapp_resource_type type,
		    uint16_t *index)
{
	int ret = wants(r, node, JSON_STRING);

	return ret ? ret : resource_named(r, node, node->text, type, index);
}

/* NAME; nothing, or "" is the task's own. */
static int read_suspend(struct reading *r, const struct json_node *node, struct rtapp_step *step)
{
	if (node->type == JSON_NULL || (node->type == JSON_STRING && !*node->text))
		return resource_named(r, node, r->task, RESOURCE_SUSPEND, &step->resource);
	return resource(r, node, RESOURCE_SUSPEND, &step->resource);
}

/* Exactly these members may an object have; the list ends in NULL. */
static int only(struct reading *r, const struct json_node *node, const char *const *names)
{
	const struct json_node *member = json_child(r->json, node);

	for (; member; member = json_next(r->json, member)) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], member->name))
			i++;
		if (!names[i])
			return WRONG(r, member, "'%.64s' of '%.64s' is not supported", member->name,
				     node->name);
	}
	return 0;
}

static int needed(struct reading *r, const struct json_node *node, const char *name,
		  const struct json_node **member)
{
	*member = json_member(r->json, node, name);
	return *member ? 0 : WRONG(r, node, "'%.64s' lacks '%s'", node->name, name);
}

/* An object of these members, one of which names a resource. */
static int read_ref(struct reading *r, const struct json_node *node, const char *const *names,
		    enum rtapp_resource_type type, uint16_t *out)
{
	const struct json_node *member;
	int ret = wants(r, node, JSON_OBJECT);

	if (!ret)
		ret = only(r, node, names);
	if (!ret)
		ret = needed(r, node, "ref", &member);
	return ret ? ret : resource(r, member, type, out);
}

/* { "ref" : NAME, "period" : us, "mode" : "relative"|"absolute" } */
static int read_timer(struct reading *r, const struct json_node *node, struct rtapp_step *step)
{
	static const char *const names[] = { "ref", "period", "mode", NULL };
	const struct json_node *mode, *member;
	int ret = read_ref(r, node, names, RESOURCE_TIMER, &step->resource);

	if (!ret)
		ret = needed(r, node, "period", &member);
	if (!ret)
		ret = duration(r, member, &step->ns);
	if (!ret && !step->ns)
		ret = WRONG(r, member, "a period of %d", 0);
	mode = ret ? NULL : json_member(r->json, node, "mode");
	if (!mode)
		return ret;
	ret = wants(r, mode, JSON_STRING);
	if (ret)
		return ret;
	step->absolute = !strcmp(mode->text, "absolute");
	if (!step->absolute && strcmp(mode->text, "relative"))
		return WRONG(r, mode, "mode '%.64s' is neither relative nor absolute", mode->text);
	return 0;
}

/* { "ref" : CONDITION, "mutex" : MUTEX } */
static int read_wait(struct reading *r, const struct json_node *node, struct rtapp_step *step)
{
	static const char *const names[] = { "ref", "mutex", NULL };
	const struct json_node *member;
	int ret = read_ref(r, node, names, RESOURCE_CONDITION, &step->resource);

	if (!ret)
		ret = needed(r, node, "mutex", &member);
	return ret ? ret : resource(r, member, RESOURCE_MUTEX, &step->mutex);
}

static int read_barrier(struct reading *r, const struct json_node *node, struct rtapp_step *step)
{
	int ret = resource(r, node, RESOURCE_BARRIER, &step->resource);

	/* One of its threads each time that the file names it, of each instance. */
	if (!ret)
		r->plan->rtapp.resources[step->resource].users += r->group->nr_tasks;
	return ret;
}

/* "sleep", "sleep1", "sleep_b": names in a JSON object should differ, so files number them. */
static bool is_event(const char *name, const char *event)
{
	size_t length = strlen(event);

	if (strncmp(name, event, length))
		return false;
	return !name[length] || strchr("0123456789_-", name[length]);
}

static const struct {
	const char *name;
	enum rtapp_step_type type;
} events[] = {
	{ "run", STEP_RUN },	     { "runtime", STEP_RUNTIME }, { "sleep", STEP_SLEEP },
	{ "timer", STEP_TIMER },     { "lock", STEP_LOCK },	  { "unlock", STEP_UNLOCK },
	{ "wait", STEP_WAIT },	     { "signal", STEP_SIGNAL },	  { "broad", STEP_BROAD },
	{ "sync", STEP_SYNC },	     { "barrier", STEP_BARRIER }, { "yield", STEP_YIELD },
	{ "suspend", STEP_SUSPEND }, { "resume", STEP_RESUME },
};

#define NR_EVENTS (sizeof(events) / sizeof(events[0]))

static int read_step(struct reading *r, const struct json_node *node, size_t event)
{
	struct rtapp *rtapp = &r->plan->rtapp;
	struct rtapp_step *step = &rtapp->steps[rtapp->nr_steps];

	if (rtapp->nr_steps == RTAPP_MAX_STEPS)
		return WRONG(r, node, "more than %d events", RTAPP_MAX_STEPS);
	rtapp->nr_steps++;
	*step = (struct rtapp_step){ .type = events[event].type };
	switch (step->type) {
	case STEP_RUN:
	case STEP_RUNTIME:
	case STEP_SLEEP:
		return duration(r, node, &step->ns);
	case STEP_TIMER:
		return read_timer(r, node, step);
	case STEP_LOCK:
	case STEP_UNLOCK:
		return resource(r, node, RESOURCE_MUTEX, &step->resource);
	case STEP_WAIT:
	case STEP_SYNC:
		return read_wait(r, node, step);
	case STEP_SIGNAL:
	case STEP_BROAD:
		return resource(r, node, RESOURCE_CONDITION, &step->resource);
	case STEP_BARRIER:
		return read_barrier(r, node, step);
	case STEP_SUSPEND:
		return read_suspend(r, node, step);
	case STEP_RESUME:
		return resource(r, node, RESOURCE_SUSPEND, &step->resource);
	default:
		return 0;
	}
}

/* Of a phase, or of a task that has no phases: its events; what else it says is @also. */
static int read_phase(struct reading *r, const struct json_node *node, const char *const *also,
		      uint64_t count)
{
	struct rtapp *rtapp = &r->plan->rtapp;
	struct rtapp_phase *phase = &rtapp->phases[rtapp->nr_phases];
	const struct json_node *member = json_child(r->json, node);
	int ret = 0;

	if (rtapp->nr_phases == RTAPP_MAX_PHASES)
		return WRONG(r, node, "more than %d phases", RTAPP_MAX_PHASES);
	rtapp->nr_phases++;
	*phase = (struct rtapp_phase){ .loops = count, .first_step = rtapp->nr_steps };
	for (; !ret && member; member = json_next(r->json, member)) {
		size_t event = 0, i = 0;

		while (also[i] && strcmp(also[i], member->name))
			i++;
		if (also[i])
			continue;
		while (event < NR_EVENTS && !is_event(member->name, events[event].name))
			event++;
		if (event == NR_EVENTS)
			return WRONG(
				r, member,
				"'%.64s' of '%.64s' is not supported; of events there are run "
				"runtime sleep timer lock unlock wait signal broad sync barrier "
				"suspend resume yield",
				member->name, node->name);
		ret = read_step(r, member, event);
	}
	phase->nr_steps = rtapp->nr_steps - phase->first_step;
	if (!ret && !phase->nr_steps)
		ret = WRONG(r, node, "'%.64s' has no events", node->name);
	return ret;
}

static int read_phases(struct reading *r, const struct json_node *node)
{
	static const char *const also[] = { "loop", NULL };
	const struct json_node *phase = json_child(r->json, node);
	int ret = wants(r, node, JSON_OBJECT);

	if (!ret && !phase)
		ret = WRONG(r, node, "'%.64s' is empty", node->name);
	for (; !ret && phase; phase = json_next(r->json, phase)) {
		const struct json_node *loop = json_member(r->json, phase, "loop");
		uint64_t count = 1;

		ret = wants(r, phase, JSON_OBJECT);
		if (!ret && loop)
			ret = loops(r, loop, &count);
		if (!ret)
			ret = read_phase(r, phase, also, count);
	}
	return ret;
}

static const struct {
	const char *name;
	enum work_policy policy;
} policies[] = {
	{ "SCHED_OTHER", POLICY_OTHER }, { "SCHED_BATCH", POLICY_BATCH },
	{ "SCHED_IDLE", POLICY_IDLE },	 { "SCHED_RR", POLICY_RR },
	{ "SCHED_FIFO", POLICY_FIFO },	 { "SCHED_DEADLINE", POLICY_DEADLINE },
};

/* Of another policy they would be without effect, or a slice of the task's own. */
static int refuse_deadline(struct reading *r, const struct json_node *node)
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

static int read_deadline(struct reading *r, const struct json_node *node)
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
	ret = duration(r, runtime, &sched->runtime);
	sched->period = sched->runtime;
	if (!ret && period)
		ret = duration(r, period, &sched->period);
	sched->deadline = sched->period;
	if (!ret && deadline)
		ret = duration(r, deadline, &sched->deadline);
	if (!ret && reclaim)
		ret = wants(r, reclaim, JSON_BOOL);
	sched->reclaim = !ret && reclaim && reclaim->number > 0;
	if (!ret && (sched->runtime < 2 * WORK_US || sched->runtime > sched->deadline ||
		     sched->deadline > sched->period || sched->period > 1ull << 40))
		ret = WRONG(r, node,
			    "'%.64s': 2 <= dl-runtime <= dl-deadline <= dl-period is needed",
			    node->name);
	return ret;
}

static int read_policy(struct reading *r, const struct json_node *node)
{
	const struct json_node *policy = json_member(r->json, node, "policy"),
			       *priority = json_member(r->json, node, "priority");
	struct work_sched *sched = &r->group->sched;
	const char *name = r->default_policy;
	int64_t value;
	bool rt;
	size_t i = 0;
	int ret = policy ? wants(r, policy, JSON_STRING) : 0;

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
		ret = whole_number(r, priority, rt ? 1 : -20, rt ? 99 : 19, &value);
	if (!ret && rt)
		sched->priority = (uint32_t)value;
	else if (!ret)
		sched->nice = (int)value;
	return ret;
}

static int read_cpus(struct reading *r, const struct json_node *node)
{
	const struct json_node *cpus = json_member(r->json, node, "cpus"), *cpu;
	int64_t value;
	int ret = cpus ? wants(r, cpus, JSON_ARRAY) : 0;

	if (ret || !cpus)
		return ret;
	CPU_ZERO(&r->group->cpus);
	r->group->has_cpus = true;
	for (cpu = json_child(r->json, cpus); !ret && cpu; cpu = json_next(r->json, cpu)) {
		ret = whole_number(r, cpu, 0, PLACES_MAX_CPUS - 1, &value);
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

static int read_instances(struct reading *r, const struct json_node *node, struct rtapp_task *task)
{
	const struct json_node *instance = json_member(r->json, node, "instance"),
			       *loop = json_member(r->json, node, "loop"),
			       *delay = json_member(r->json, node, "delay");
	int64_t value = 1;
	int ret = 0;

	*task = (struct rtapp_task){ .loops = UINT64_MAX, .first_phase = r->plan->rtapp.nr_phases };
	if (instance)
		ret = whole_number(r, instance, 1, PLAN_MAX_TASKS, &value);
	r->group->nr_tasks = (uint32_t)value;
	if (!ret && loop)
		ret = loops(r, loop, &task->loops);
	if (!ret && delay)
		ret = duration(r, delay, &task->delay_ns);
	return ret;
}

/* As a group's name: a point stands in checks between a group and its metric. */
static int read_name(struct reading *r, const struct json_node *node, char name[WORD_NAME_MAX + 1])
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

static int read_task(struct reading *r, const struct json_node *node)
{
	const struct json_node *phases = json_member(r->json, node, "phases");
	struct work_plan *plan = r->plan;
	char name[WORD_NAME_MAX + 1];
	int ret = wants(r, node, JSON_OBJECT);

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
		ret = only(r, node, task_words);
	if (!ret)
		ret = phases ? read_phases(r, phases) : read_phase(r, node, task_words, 1);
	r->group->rtapp.nr_phases = plan->rtapp.nr_phases - r->group->rtapp.first_phase;
	return ret;
}

static int read_global(struct reading *r, const struct json_node *node)
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
	int ret = wants(r, node, JSON_OBJECT);

	if (!ret)
		ret = only(r, node, names);
	if (ret)
		return ret;
	policy = json_member(r->json, node, "default_policy");
	if (policy && !(ret = wants(r, policy, JSON_STRING)))
		r->default_policy = policy->text;
	pi = json_member(r->json, node, "pi_enabled");
	if (!ret && pi)
		ret = wants(r, pi, JSON_BOOL);
	if (!ret && pi && pi->number > 0)
		ret = WRONG(r, pi, "'%s': true is not supported", "pi_enabled");
	duration = json_member(r->json, node, "duration");
	if (ret || !duration)
		return ret;
	ret = whole_number(r, duration, -1, SECONDS_MAX, &seconds);
	if (!ret && !seconds)
		ret = WRONG(r, duration, "a duration of %d", 0);
	if (!ret && seconds > 0 && !r->plan->duration_said && !r->plan->phases_said)
		r->plan->phases[0].duration_ns = (uint64_t)seconds * WORK_S;
	return ret;
}

static int read_all(struct reading *r)
{
	static const char *const names[] = { "tasks", "global", "resources", NULL };
	const struct json_node *whole = r->json->nodes, *global, *tasks, *task;
	struct json_node named = *whole;
	int ret;

	named.name = "the file";
	ret = wants(r, &named, JSON_OBJECT);
	if (!ret)
		ret = only(r, &named, names);
	if (!ret)
		ret = needed(r, &named, "tasks", &tasks);
	if (!ret)
		ret = wants(r, tasks, JSON_OBJECT);
	if (ret)
		return ret;
	global = json_member(r->json, whole, "global");
	if (global)
		ret = read_global(r, global);
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
	struct reading r = { .what = what,
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
