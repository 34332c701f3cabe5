/* What do cgroups and changes of groups come to, one phase after the other? See plan_words.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_words.h"

/* As it is in the phase that is looked at. */
struct state {
	struct work_plan *plan;
	const struct work_group *groups[PLAN_MAX_GROUPS];
	struct work_cgroup_plan cgroups[PLAN_MAX_CGROUPS];
	struct work_change words[PLAN_MAX_CHANGES]; /* as they were read */
	struct failure *failure;
};

static bool says_something(const struct work_cgroup_plan *cgroup)
{
	return cgroup->weight || cgroup->max_ns || cgroup->has_cpus;
}

/* What is said weighs more than what was there. */
static void merge(struct work_cgroup_plan *into, const struct work_cgroup_plan *words)
{
	if (words->weight)
		into->weight = words->weight;
	if (words->max_ns) {
		into->max_ns = words->max_ns;
		into->period_ns = words->period_ns;
	}
	if (words->has_cpus) {
		into->has_cpus = true;
		into->cpus = words->cpus;
	}
}

/* The cgroup of these words as it is now, new or known; NULL: too many. */
static struct work_cgroup_plan *add_cgroup(struct state *state,
					   const struct work_cgroup_plan *words, bool *known)
{
	struct work_plan *plan = state->plan;
	uint32_t i = 0;

	while (i < plan->nr_cgroups && strcmp(state->cgroups[i].name, words->name))
		i++;
	*known = i < plan->nr_cgroups;
	if (i == PLAN_MAX_CGROUPS) {
		failure_set(state->failure, -EINVAL, "option '--cgroup': more than %d cgroups",
			    PLAN_MAX_CGROUPS);
		return NULL;
	}
	if (!*known) {
		plan->cgroups[plan->nr_cgroups++] = (struct work_cgroup){ .first = *words };
		state->cgroups[i] = *words;
	}
	plan->cgroups[i].cpu |= words->weight || words->max_ns;
	plan->cgroups[i].cpuset |= words->has_cpus;
	return &state->cgroups[i];
}

/* Groups may share a cgroup, which then is described once, by the first of them. */
static int share_cgroups(struct state *state)
{
	for (uint32_t i = 0; i < state->plan->nr_groups; i++) {
		struct work_group *group = &state->plan->groups[i];
		struct work_cgroup_plan *cgroup;
		bool known;

		state->groups[i] = group;
		if (!group->cgroup.name[0])
			continue;
		cgroup = add_cgroup(state, &group->cgroup, &known);
		if (!cgroup)
			return -EINVAL;
		if (known && says_something(&group->cgroup))
			return failure_set(
				state->failure, -EINVAL,
				"option '--cgroup': '%s' is described twice, again by group '%s'; "
				"give its settings where it comes first, or behind --change",
				group->cgroup.name, group->name);
		group->cgroup = *cgroup;
	}
	return 0;
}

static struct work_change *append(struct state *state, const struct work_change *change)
{
	struct work_plan *plan = state->plan;

	if (plan->nr_changes == PLAN_MAX_CHANGES) {
		failure_set(state->failure, -EINVAL, "more than %d changes of groups",
			    PLAN_MAX_CHANGES);
		return NULL;
	}
	plan->changes[plan->nr_changes] = *change;
	return &plan->changes[plan->nr_changes++];
}

static int wrong(const struct state *state, const struct work_change *change, const char *why)
{
	return failure_set(state->failure, -EINVAL, "option '--change': group '%s': %s",
			   change->is.name, why);
}

static int change_cgroup(struct state *state, struct work_change *change)
{
	const char *before = state->groups[change->group]->cgroup.name;
	struct work_cgroup_plan *now;
	bool known;

	now = add_cgroup(state, &change->settings, &known);
	if (!now)
		return -EINVAL;
	merge(now, &change->settings);
	change->moves = strcmp(before, now->name) != 0;
	if (!change->moves && !says_something(&change->settings))
		return wrong(state, change, "it is in this cgroup already");
	/* The kernel gives those that come to a cgroup, or are in it, all of its CPUs. */
	if ((change->moves || change->settings.has_cpus) &&
	    (change->is.kind->sets & KIND_SETS_CPUS))
		return wrong(
			state, change,
			"its kind sets the CPUs of its tasks itself, and a cgroup's would undo "
			"that");
	change->is.cgroup = *now;
	return 0;
}

/* Others that are in the cgroup may run on other CPUs now, too. */
static int change_others(struct state *state, const struct work_change *of)
{
	for (uint32_t i = 0; i < state->plan->nr_groups; i++) {
		struct work_change *change;

		if (i == of->group || strcmp(state->groups[i]->cgroup.name, of->is.cgroup.name))
			continue;
		if (state->groups[i]->kind->sets & KIND_SETS_CPUS)
			return failure_set(
				state->failure, -EINVAL,
				"option '--change': group '%s': other CPUs of cgroup '%s' "
				"would undo what the kind of group '%s' sets, which is in "
				"it, too",
				of->is.name, of->is.cgroup.name, state->groups[i]->name);
		change = append(state, &(struct work_change){ .type = CHANGE_TO,
							      .phase = of->phase,
							      .group = i,
							      .is = *state->groups[i] });
		if (!change)
			return -EINVAL;
		change->is.cgroup = of->is.cgroup;
		state->groups[i] = &change->is;
		if (plan_check_group(&change->is, state->failure))
			return -EINVAL;
	}
	return 0;
}

static int resolve_change(struct state *state, struct work_change *change)
{
	const struct work_group *group = &state->plan->groups[change->group];
	int ret = 0;

	if (!change->cpus && !change->policy && !change->nice && !change->cgroup)
		return wrong(state, change,
			     "nothing of it changes; give --cpus, --nice, --policy or --cgroup");
	if (change->cpus && (group->kind->sets & KIND_SETS_CPUS))
		return wrong(state, change, "its kind sets the CPUs of its tasks itself");
	if ((change->policy || change->nice) && (group->kind->sets & KIND_SETS_POLICY))
		return wrong(state, change, "its kind sets policy or nice of its tasks itself");
	change->is.first_task = group->first_task;
	change->is.seed = group->seed;
	change->is.cgroup = state->groups[change->group]->cgroup;
	if (change->cgroup)
		ret = change_cgroup(state, change);
	if (!ret)
		ret = plan_check_group(&change->is, state->failure);
	state->groups[change->group] = &change->is;
	if (!ret && change->settings.has_cpus)
		ret = change_others(state, change);
	return ret;
}

static int resolve(struct state *state)
{
	struct work_plan *plan = state->plan;
	const uint32_t nr_words = plan->nr_changes;
	int ret = share_cgroups(state);

	memcpy(state->words, plan->changes, nr_words * sizeof(state->words[0]));
	plan->nr_changes = 0;
	for (uint32_t i = 0; !ret && i < nr_words; i++) {
		struct work_change *change = append(state, &state->words[i]);

		if (!change)
			ret = -EINVAL;
		else if (change->type == CHANGE_TO)
			ret = resolve_change(state, change);
	}
	return ret;
}

/* A phase without a load is a mistake. */
static int check_phases(const struct work_plan *plan, struct failure *failure)
{
	if (plan->phases_said && plan->duration_said && plan->said_ns != work_plan_duration(plan)) {
		char said[32], sum[32];

		return failure_set(
			failure, -EINVAL,
			"option '--for': %s is not what the phases are together, %s; leave it out",
			word_print(WORD_DURATION, plan->said_ns, said, sizeof(said)),
			word_print(WORD_DURATION, work_plan_duration(plan), sum, sizeof(sum)));
	}
	for (uint32_t phase = 0; phase < plan->nr_phases; phase++) {
		uint32_t i = 0;

		while (i < plan->nr_groups && work_plan_presence(plan, i, phase) != GROUP_RUNS)
			i++;
		if (i == plan->nr_groups)
			return failure_set(failure, -EINVAL,
					   "option '--phase': in phase '%s' no group runs",
					   plan->phases[phase].name);
	}
	return 0;
}

int plan_resolve_phases(struct work_plan *plan, struct failure *failure)
{
	struct state *state = calloc(1, sizeof(*state));
	int ret;

	if (!state)
		return failure_set(failure, -ENOMEM, "no memory for the plan");
	state->plan = plan;
	state->failure = failure;
	ret = resolve(state);
	free(state);
	return ret ? ret : check_phases(plan, failure);
}
