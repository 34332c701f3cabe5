/* What does a phase of a task of rt-app's do? See rtapp_words.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rtapp_words.h"

/*
 * A condition and a mutex of that name: those that wait and signal have the same ones. For suspend
 * nothing, or "" is the task's own name.
 */
static int read_suspend(struct rtapp_reading *r, const struct json_node *node,
			struct rtapp_step *step)
{
	const bool unnamed = node->type == JSON_NULL || (node->type == JSON_STRING && !*node->text);
	const char *name = step->type == STEP_SUSPEND && unnamed ? r->task : node->text;
	int ret = name == r->task ? 0 : rtapp_wants(r, node, JSON_STRING);

	if (!ret)
		ret = rtapp_resource_named(r, node, name, RESOURCE_CONDITION, &step->resource);
	return ret ? ret : rtapp_resource_named(r, node, name, RESOURCE_MUTEX, &step->mutex);
}

/* An object of these members, one of which names a resource. */
static int read_ref(struct rtapp_reading *r, const struct json_node *node, const char *const *names,
		    enum rtapp_resource_type type, uint16_t *out)
{
	const struct json_node *member;
	int ret = rtapp_wants(r, node, JSON_OBJECT);

	if (!ret)
		ret = rtapp_only(r, node, names);
	if (!ret)
		ret = rtapp_needed(r, node, "ref", &member);
	return ret ? ret : rtapp_resource(r, member, type, out);
}

/* { "ref" : NAME, "period" : us, "mode" : "relative"|"absolute" } */
static int read_timer(struct rtapp_reading *r, const struct json_node *node,
		      struct rtapp_step *step)
{
	static const char *const names[] = { "ref", "period", "mode", NULL };
	const struct json_node *mode, *member;
	int ret = read_ref(r, node, names, RESOURCE_TIMER, &step->resource);

	if (!ret)
		ret = rtapp_needed(r, node, "period", &member);
	if (!ret)
		ret = rtapp_duration(r, member, &step->ns);
	mode = ret ? NULL : json_member(r->json, node, "mode");
	if (!mode)
		return ret;
	ret = rtapp_wants(r, mode, JSON_STRING);
	if (ret)
		return ret;
	step->absolute = !strcmp(mode->text, "absolute");
	if (!step->absolute && strcmp(mode->text, "relative"))
		return WRONG(r, mode, "mode '%.64s' is neither relative nor absolute", mode->text);
	return 0;
}

/* { "ref" : CONDITION, "mutex" : MUTEX } */
static int read_wait(struct rtapp_reading *r, const struct json_node *node, struct rtapp_step *step)
{
	static const char *const names[] = { "ref", "mutex", NULL };
	const struct json_node *member;
	int ret = read_ref(r, node, names, RESOURCE_CONDITION, &step->resource);

	if (!ret)
		ret = rtapp_needed(r, node, "mutex", &member);
	return ret ? ret : rtapp_resource(r, member, RESOURCE_MUTEX, &step->mutex);
}

static int read_barrier(struct rtapp_reading *r, const struct json_node *node,
			struct rtapp_step *step)
{
	int ret = rtapp_resource(r, node, RESOURCE_BARRIER, &step->resource);

	/* One of its threads each time that the file names it, of each instance. */
	if (!ret)
		r->plan->rtapp.resources[step->resource].users += r->group->nr_tasks;
	return ret;
}

static const struct {
	const char *name;
	enum rtapp_step_type type;
} events[] = {
	/* One that begins as another does comes before it. */
	{ "runtime", STEP_RUNTIME }, { "run", STEP_RUN },	  { "sleep", STEP_SLEEP },
	{ "timer", STEP_TIMER },     { "lock", STEP_LOCK },	  { "unlock", STEP_UNLOCK },
	{ "wait", STEP_WAIT },	     { "signal", STEP_SIGNAL },	  { "broad", STEP_BROAD },
	{ "sync", STEP_SYNC },	     { "barrier", STEP_BARRIER }, { "yield", STEP_YIELD },
	{ "suspend", STEP_SUSPEND }, { "resume", STEP_RESUME },
};

#define NR_EVENTS (sizeof(events) / sizeof(events[0]))

static int read_step(struct rtapp_reading *r, const struct json_node *node, size_t event)
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
		return rtapp_duration(r, node, &step->ns);
	case STEP_TIMER:
		return read_timer(r, node, step);
	case STEP_LOCK:
	case STEP_UNLOCK:
		return rtapp_resource(r, node, RESOURCE_MUTEX, &step->resource);
	case STEP_WAIT:
	case STEP_SYNC:
		return read_wait(r, node, step);
	case STEP_SIGNAL:
	case STEP_BROAD:
		return rtapp_resource(r, node, RESOURCE_CONDITION, &step->resource);
	case STEP_BARRIER:
		return read_barrier(r, node, step);
	case STEP_SUSPEND:
	case STEP_RESUME:
		return read_suspend(r, node, step);
	default:
		return 0;
	}
}

/* Of a phase, or of a task that has no phases: its events; what else it says is @also. */
int rtapp_read_phase(struct rtapp_reading *r, const struct json_node *node, const char *const *also,
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
		/* "sleep1", "sleep_b", "sleepb": names in a JSON object should differ. */
		while (event < NR_EVENTS &&
		       strncmp(member->name, events[event].name, strlen(events[event].name)) != 0)
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

int rtapp_read_phases(struct rtapp_reading *r, const struct json_node *node)
{
	static const char *const also[] = { "loop", NULL };
	const struct json_node *phase = json_child(r->json, node);
	int ret = rtapp_wants(r, node, JSON_OBJECT);

	if (!ret && !phase)
		ret = WRONG(r, node, "'%.64s' is empty", node->name);
	for (; !ret && phase; phase = json_next(r->json, phase)) {
		const struct json_node *loop = json_member(r->json, phase, "loop");
		uint64_t count = 1;

		ret = rtapp_wants(r, phase, JSON_OBJECT);
		if (!ret && loop)
			ret = rtapp_loops(r, loop, &count);
		if (!ret)
			ret = rtapp_read_phase(r, phase, also, count);
	}
	return ret;
}
