/* What was asked for? See plan.h. */
#include "plan_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool reading_is(struct reading *r, const char *name, const char **value, int *ret)
{
	const char *word = r->argv[r->at];
	size_t length = strlen(name);

	if (strncmp(word, "--", 2) || strncmp(word + 2, name, length))
		return false;
	if (word[2 + length] == '=') {
		*value = word + 3 + length;
		return true;
	}
	if (word[2 + length])
		return false;
	if (r->at + 1 >= r->argc) {
		*ret = failure_set(r->failure, -EINVAL, "option '--%s': it needs a value", name);
		*value = "";
	} else {
		*value = r->argv[++r->at];
	}
	return true;
}

int reading_leave(struct reading *r)
{
	const struct work_group *group = r->group;

	if (group && !group->kind)
		return failure_set(r->failure, -EINVAL,
				   "group '%s': no kind of load is given; see --list", group->name);
	r->group = NULL;
	r->change = NULL;
	return 0;
}

static int begin_group(struct reading *r, const char *name)
{
	struct work_plan *plan = r->plan;

	if (reading_leave(r))
		return -EINVAL;
	if (!word_is_name(name, strlen(name)))
		return failure_set(r->failure, -EINVAL, "option '--group': '%s': %s", name,
				   word_name_rule);
	if (work_plan_group(plan, name, strlen(name)))
		return failure_set(r->failure, -EINVAL, "option '--group': '%s' is there twice",
				   name);
	if (plan->nr_groups == PLAN_MAX_GROUPS)
		return failure_set(r->failure, -EINVAL, "more than %d groups", PLAN_MAX_GROUPS);
	r->group = &plan->groups[plan->nr_groups++];
	*r->group = (struct work_group){ .nr_tasks = 1,
					 .comes = plan->nr_phases - 1,
					 .sched.inherit = true,
					 .cpus = r->places->online };
	snprintf(r->group->name, sizeof(r->group->name), "%s", name);
	return 0;
}

/* What stands behind it belongs to no group. */
static int add_rtapp(struct reading *r, const char *path)
{
	uint32_t first = r->plan->nr_groups;
	int ret = reading_leave(r);

	if (!ret)
		ret = rtapp_read_file(path, r->places, r->plan, r->failure);
	while (!ret && first < r->plan->nr_groups)
		r->plan->groups[first++].comes = r->plan->nr_phases - 1;
	return ret;
}

/* Options of the whole run; 1: it is none of them. */
static int global_option(struct reading *r)
{
	struct work_plan *plan = r->plan;
	const char *value;
	int ret = 0;

	if (reading_is(r, "for", &value, &ret)) {
		plan->duration_said = true;
		return ret ? ret
			   : word_parse("option '--for'", value, WORD_DURATION, DURATION_MIN,
					DURATION_MAX, &plan->said_ns, r->failure);
	}
	if (reading_is(r, "warmup", &value, &ret))
		return ret ? ret
			   : word_parse("option '--warmup'", value, WORD_DURATION, 0, DURATION_MAX,
					&plan->warmup_ns, r->failure);
	if (reading_is(r, "seed", &value, &ret))
		return ret ? ret
			   : word_parse("option '--seed'", value, WORD_COUNT, 0, WORD_MAX,
					&plan->seed, r->failure);
	if (reading_is(r, "group", &value, &ret))
		return ret ? ret : begin_group(r, value);
	if (reading_is(r, "rt-app", &value, &ret))
		return ret ? ret : add_rtapp(r, value);
	if (reading_is(r, "check", &value, &ret)) {
		if (!ret && plan->nr_checks == PLAN_MAX_CHECKS)
			ret = failure_set(r->failure, -EINVAL, "more than %d checks",
					  PLAN_MAX_CHECKS);
		if (!ret)
			plan->checks[plan->nr_checks++] = value;
		return ret;
	}
	return 1;
}

/* Sign and all: --nice alone takes one. */
static int parse_nice(struct reading *r, const char *text)
{
	bool negative = *text == '-';
	uint64_t value;
	int ret = word_parse("option '--nice' (-20 to 19)", text + negative, WORD_COUNT, 0,
			     negative ? 20 : 19, &value, r->failure);

	if (!ret) {
		r->group->sched.nice = negative ? -(int)value : (int)value;
		r->group->sched.inherit = false;
	}
	return ret;
}

static int parse_tasks(struct reading *r, const char *text)
{
	uint64_t count;
	int ret = word_parse("option '--tasks'", text, WORD_COUNT, 1, PLAN_MAX_TASKS, &count,
			     r->failure);

	if (!ret)
		r->group->nr_tasks = (uint32_t)count;
	return ret;
}

/* Behind --change: what was there before counts no more. */
static void begin_change(struct reading *r, const char *option)
{
	struct work_change *change = r->change;
	struct work_group *is = r->group;

	if (!strcmp(option, "cgroup")) {
		change->cgroup = true;
	} else if (!strcmp(option, "nice")) {
		change->nice = true;
	} else if (!strcmp(option, "policy")) {
		change->policy = true;
		if (!change->nice)
			is->sched.nice = 0;
	} else if (!change->cpus) {
		change->cpus = true;
		is->has_cpus = false;
		is->spread = SPREAD_ALL;
		is->cpus = r->places->online;
	}
}

/* Options of a group; 1: it is none of them. */
static int group_option(struct reading *r)
{
	static const char *const names[] = { "cgroup", "nice", "policy", "cpus", "tasks" };
	const char *value = NULL, *word = r->argv[r->at];
	const bool threads = !strcmp(word, "--threads");
	size_t i = 0;
	int ret = 0;

	while (!threads && i < 5 && !reading_is(r, names[i], &value, &ret))
		i++;
	if (ret || i == 5)
		return ret ? ret : 1;
	if (!r->group)
		return failure_set(r->failure, -EINVAL,
				   "option '%s': it belongs to a group; give --group NAME before",
				   word);
	if (r->change && (threads || i == 4))
		return failure_set(r->failure, -EINVAL,
				   "option '%s': of a group that runs this does not change; give "
				   "--cpus, --nice, --policy or --cgroup",
				   word);
	if (threads) {
		r->group->threads = true;
		return 0;
	}
	if (r->change)
		begin_change(r, names[i]);
	switch (i) {
	case 0:
		ret = group_word_cgroup(r->group, r->places, value, r->failure);
		if (r->change)
			r->change->settings = r->group->cgroup;
		return ret;
	case 1:
		return parse_nice(r, value);
	case 2:
		return group_word_policy(r->group, value, r->failure);
	case 3:
		return group_word_cpus(r->group, r->places, value, r->failure);
	default:
		return parse_tasks(r, value);
	}
}

/* All names of a table in one text, for a sentence. */
static const char *kind_names(char *text, size_t size)
{
	const struct kind *kind;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; (kind = kind_at(i)) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "",
					 kind->name);
	return text;
}

static const char *param_names(const struct kind *kind, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; kind->params[i].name && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s=", i ? " " : "",
					 kind->params[i].name);
	return text;
}

/* "name=value" behind a kind. */
static int kind_word(struct reading *r, const char *word)
{
	const struct kind *kind = r->group->kind;
	size_t length = strcspn(word, "=");
	char names[256], what[96];

	for (size_t i = 0; word[length] && kind->params[i].name; i++) {
		const struct kind_param *param = &kind->params[i];

		if (strlen(param->name) != length || memcmp(param->name, word, length))
			continue;
		snprintf(what, sizeof(what), "group '%s': %s", r->group->name, param->name);
		return word_parse(what, word + length + 1, param->type, param->min, param->max,
				  &r->group->params[i], r->failure);
	}
	return failure_set(r->failure, -EINVAL,
			   "group '%s': '%s' is no parameter of kind '%s', which takes: %s",
			   r->group->name, word, kind->name,
			   param_names(kind, names, sizeof(names)));
}

static int plain_word(struct reading *r)
{
	const char *word = r->argv[r->at];
	char names[512];

	if (!strncmp(word, "-", 1))
		return failure_set(r->failure, -EINVAL, "option '%s': not known; see --help", word);
	if (!r->group)
		return failure_set(
			r->failure, -EINVAL,
			"'%s': a kind of load belongs to a group; give --group NAME before", word);
	if (r->change)
		return failure_set(r->failure, -EINVAL,
				   "'%s': of a group that runs neither kind nor parameters change; "
				   "let another one come",
				   word);
	if (r->group->kind)
		return kind_word(r, word);
	r->group->kind = kind_find(word);
	if (!r->group->kind)
		return failure_set(r->failure, -EINVAL,
				   "group '%s': '%s' is no kind of load; there are: %s",
				   r->group->name, word, kind_names(names, sizeof(names)));
	for (size_t i = 0; r->group->kind->params[i].name; i++)
		r->group->params[i] = r->group->kind->params[i].by_default;
	return 0;
}

int work_plan_parse(int argc, char *const *argv, const struct places *places,
		    struct work_plan *plan, struct failure *failure)
{
	struct reading r = { .argc = argc,
			     .at = 1,
			     .argv = argv,
			     .places = places,
			     .plan = plan,
			     .failure = failure };
	int ret = 0;

	memset(plan, 0, sizeof(*plan));
	plan->nr_phases = 1;
	plan->phases[0] = (struct work_phase){ "1", 5 * WORK_S };
	plan->warmup_ns = 200 * WORK_MS;
	plan->seed = 1;
	for (; !ret && r.at < argc; r.at++) {
		if (!strcmp(argv[r.at], "--help") || !strcmp(argv[r.at], "--list")) {
			plan->help = argv[r.at][2] == 'h';
			plan->list = !plan->help;
			return 0;
		}
		ret = global_option(&r);
		if (ret == 1)
			ret = phase_option(&r);
		if (ret == 1)
			ret = group_option(&r);
		if (ret == 1)
			ret = plain_word(&r);
	}
	return ret ? ret : work_plan_complete(plan, failure);
}
