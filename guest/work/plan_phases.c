/* What becomes of groups from phase to phase? See plan.h, plan_words.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan_words.h"

uint64_t work_plan_duration(const struct work_plan *plan)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < plan->nr_phases; i++)
		sum += plan->phases[i].duration_ns;
	return sum;
}

enum work_presence work_plan_presence(const struct work_plan *plan, uint32_t group, uint32_t phase)
{
	enum work_presence is = GROUP_RUNS;

	if (plan->groups[group].comes > phase)
		return GROUP_COMES_LATER;
	for (uint32_t i = 0; i < plan->nr_changes && plan->changes[i].phase <= phase; i++) {
		if (plan->changes[i].group != group)
			continue;
		if (plan->changes[i].type == CHANGE_FREEZE)
			is = GROUP_FROZEN;
		else if (plan->changes[i].type == CHANGE_THAW)
			is = GROUP_RUNS;
		else if (plan->changes[i].type == CHANGE_STOP)
			is = GROUP_GONE;
	}
	return is;
}

const struct work_group *work_plan_in_phase(const struct work_plan *plan, uint32_t group,
					    uint32_t phase)
{
	const struct work_group *is = &plan->groups[group];

	for (uint32_t i = 0; i < plan->nr_changes && plan->changes[i].phase <= phase; i++)
		if (plan->changes[i].group == group && plan->changes[i].type == CHANGE_TO)
			is = &plan->changes[i].is;
	return is;
}

/* "[NAME:]TIME" */
static int begin_phase(struct reading *r, const char *text)
{
	static const char what[] = "option '--phase'";
	struct work_plan *plan = r->plan;
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	struct work_phase phase;
	int ret = reading_leave(r);

	if (ret)
		return ret;
	if (colon && (!word_is_name(text, length) || length > PLAN_PHASE_NAME))
		return failure_set(
			r->failure, -EINVAL,
			"%s: '%s' is not [NAME:]TIME, for one 2s or storm:500ms; %s, of a "
			"phase at most %d",
			what, text, word_name_rule, PLAN_PHASE_NAME);
	ret = word_parse(what, colon ? colon + 1 : text, WORD_DURATION, DURATION_MIN, DURATION_MAX,
			 &phase.duration_ns, r->failure);
	if (ret)
		return ret;
	if (plan->phases_said && plan->nr_phases == PLAN_MAX_PHASES)
		return failure_set(r->failure, -EINVAL, "more than %d phases", PLAN_MAX_PHASES);
	plan->nr_phases = plan->phases_said ? plan->nr_phases + 1 : 1;
	plan->phases_said = true;
	snprintf(phase.name, sizeof(phase.name), "%u", plan->nr_phases);
	if (colon)
		snprintf(phase.name, sizeof(phase.name), "%.*s", (int)length, text);
	for (uint32_t i = 0; i + 1 < plan->nr_phases; i++)
		if (!strcmp(plan->phases[i].name, phase.name))
			return failure_set(r->failure, -EINVAL, "%s: '%s' is there twice", what,
					   phase.name);
	plan->phases[plan->nr_phases - 1] = phase;
	return 0;
}

/* Why this cannot become of a group that is so; NULL: it can. */
static const char *why_not(enum work_change_type type, enum work_presence is)
{
	if (is == GROUP_GONE)
		return "has gone, and does not come again";
	if (type == CHANGE_FREEZE && is == GROUP_FROZEN)
		return "is frozen already";
	if (type == CHANGE_THAW && is == GROUP_RUNS)
		return "is not frozen";
	return NULL;
}

/* The group that a change names, as one that can change so now. */
static int changed_group(struct reading *r, enum work_change_type type, const char *option,
			 const char *name, uint32_t *number)
{
	const struct work_plan *plan = r->plan;
	const struct work_group *group = work_plan_group(plan, name, strlen(name));
	const uint32_t phase = plan->nr_phases - 1;
	const char *why;

	if (!plan->phases_said || !phase)
		return failure_set(r->failure, -EINVAL,
				   "option '%s': nothing changes before the second --phase TIME",
				   option);
	if (!group)
		return failure_set(r->failure, -EINVAL,
				   "option '%s': there is no group '%s' in the phases before",
				   option, name);
	*number = (uint32_t)(group - plan->groups);
	if (group->comes == phase)
		return failure_set(r->failure, -EINVAL,
				   "option '%s': group '%s' comes in this very phase", option,
				   name);
	why = why_not(type, work_plan_presence(plan, *number, phase));
	if (why)
		return failure_set(r->failure, -EINVAL, "option '%s': group '%s' %s", option, name,
				   why);
	for (uint32_t i = 0; i < plan->nr_changes; i++)
		if (plan->changes[i].group == *number && plan->changes[i].phase == phase &&
		    (type == CHANGE_TO) == (plan->changes[i].type == CHANGE_TO))
			return failure_set(r->failure, -EINVAL,
					   "option '%s': group '%s' has such a change in this "
					   "phase already; give another --phase",
					   option, name);
	return 0;
}

static struct work_change *new_change(struct work_plan *plan, enum work_change_type type,
				      uint32_t group, uint32_t phase, struct failure *failure)
{
	struct work_change *change = &plan->changes[plan->nr_changes];

	if (plan->nr_changes == PLAN_MAX_CHANGES) {
		failure_set(failure, -EINVAL, "more than %d changes of groups", PLAN_MAX_CHANGES);
		return NULL;
	}
	*change = (struct work_change){ .type = type, .group = group, .phase = phase };
	change->is = *work_plan_in_phase(plan, group, phase);
	plan->nr_changes++;
	return change;
}

int phase_option(struct reading *r)
{
	static const char *const names[] = { [CHANGE_FREEZE] = "freeze",
					     [CHANGE_THAW] = "thaw",
					     [CHANGE_STOP] = "stop",
					     [CHANGE_TO] = "change" };
	char option[16];
	const char *value = NULL;
	struct work_change *change;
	uint32_t type = 0, group = 0;
	int ret = 0;

	if (reading_is(r, "phase", &value, &ret))
		return ret ? ret : begin_phase(r, value);
	while (type <= CHANGE_TO && !reading_is(r, names[type], &value, &ret))
		type++;
	if (ret || type > CHANGE_TO)
		return ret ? ret : 1;
	snprintf(option, sizeof(option), "--%s", names[type]);
	ret = reading_leave(r);
	if (!ret)
		ret = changed_group(r, (enum work_change_type)type, option, value, &group);
	if (ret)
		return ret;
	change = new_change(r->plan, (enum work_change_type)type, group, r->plan->nr_phases - 1,
			    r->failure);
	if (!change)
		return -EINVAL;
	if (type == CHANGE_TO) {
		r->change = change;
		r->group = &change->is;
	}
	return 0;
}
