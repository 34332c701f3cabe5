/* How are policy, CPUs and cgroup of a group written? See plan.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

/* cpu.weight, Documentation/admin-guide/cgroup-v2.rst */
#define WEIGHT_MAX 10000
/* cpu.max: a period between 1 ms and 1 s, a quota of at least 1 ms */
#define PERIOD_MIN WORK_MS
#define PERIOD_MAX WORK_S

static const char policy_words[] =
	"other, batch, idle, fifo:PRIORITY, rr:PRIORITY, deadline:RUNTIME/DEADLINE/PERIOD or ext";

/* "RUNTIME/DEADLINE/PERIOD" */
static int parse_deadline(struct work_sched *sched, char *text, struct failure *failure)
{
	char *deadline = strchr(text, '/'), *period = deadline ? strchr(deadline + 1, '/') : NULL;
	int ret;

	if (!period)
		return failure_set(failure, -EINVAL,
				   "option '--policy': 'deadline:%s' is not "
				   "deadline:RUNTIME/DEADLINE/PERIOD, for one "
				   "deadline:2ms/10ms/10ms",
				   text);
	*deadline++ = '\0';
	*period++ = '\0';
	ret = word_parse("option '--policy': RUNTIME", text, WORD_DURATION, 1024, 1ull << 40,
			 &sched->runtime, failure);
	if (!ret)
		ret = word_parse("option '--policy': DEADLINE", deadline, WORD_DURATION,
				 sched->runtime, 1ull << 40, &sched->deadline, failure);
	if (!ret)
		ret = word_parse("option '--policy': PERIOD", period, WORD_DURATION,
				 sched->deadline, 1ull << 40, &sched->period, failure);
	return ret;
}

int group_word_policy(struct work_group *group, const char *text, struct failure *failure)
{
	static const struct {
		const char *name;
		enum work_policy policy;
	} policies[] = {
		{ "other", POLICY_OTHER }, { "batch", POLICY_BATCH },
		{ "idle", POLICY_IDLE },   { "fifo", POLICY_FIFO },
		{ "rr", POLICY_RR },	   { "deadline", POLICY_DEADLINE },
		{ "ext", POLICY_EXT },
	};
	size_t length = strcspn(text, ":"), i = 0;
	char rest[128];
	uint64_t priority;
	bool wants;

	while (i < sizeof(policies) / sizeof(policies[0]) &&
	       (strlen(policies[i].name) != length || memcmp(policies[i].name, text, length)))
		i++;
	wants = i == 3 || i == 4 || i == 5;
	if (i == sizeof(policies) / sizeof(policies[0]) || wants != (text[length] == ':') ||
	    strlen(text) >= sizeof(rest))
		return failure_set(failure, -EINVAL, "option '--policy': '%s' is none of %s", text,
				   policy_words);
	group->sched =
		(struct work_sched){ .policy = policies[i].policy, .nice = group->sched.nice };
	if (!wants)
		return 0;
	snprintf(rest, sizeof(rest), "%s", text + length + 1);
	if (group->sched.policy == POLICY_DEADLINE)
		return parse_deadline(&group->sched, rest, failure);
	if (word_parse("option '--policy': PRIORITY", rest, WORD_COUNT, 1, 99, &priority, failure))
		return -EINVAL;
	group->sched.priority = (uint32_t)priority;
	return 0;
}

int group_word_cpus(struct work_group *group, const struct places *places, const char *text,
		    struct failure *failure)
{
	static const char *const words[] = { [SPREAD_EACH] = "each",
					     [SPREAD_LLC] = "llc",
					     [SPREAD_NODE] = "node",
					     [SPREAD_RANDOM] = "random" };

	for (size_t i = SPREAD_EACH; i <= SPREAD_RANDOM; i++)
		if (!strcmp(text, words[i])) {
			group->spread = (enum work_spread)i;
			return 0;
		}
	if (text[0] < '0' || text[0] > '9')
		return failure_set(
			failure, -EINVAL,
			"option '--cpus': '%s' is neither a list of CPUs, for one 0-3,8, "
			"nor one of each, llc, node, random",
			text);
	group->has_cpus = true;
	return places_parse(places, "option '--cpus'", text, &group->cpus, failure);
}

/* "50%" of a CPU, or "QUOTA/PERIOD" */
static int parse_max(struct work_cgroup_plan *cgroup, char *text, struct failure *failure)
{
	static const char what[] = "option '--cgroup': max";
	char *period = strchr(text, '/');
	uint64_t percent;
	int ret;

	if (!period) {
		ret = word_parse(what, text, WORD_PERCENT, 100, 100ull * 100 * PLACES_MAX_CPUS,
				 &percent, failure);
		cgroup->period_ns = 100 * WORK_MS;
		/* Hundredths of a percent. */
		cgroup->max_ns = ret ? 0 : percent * (cgroup->period_ns / 10000);
		return ret;
	}
	*period++ = '\0';
	ret = word_parse(what, text, WORD_DURATION, WORK_MS, PERIOD_MAX * PLACES_MAX_CPUS,
			 &cgroup->max_ns, failure);
	if (!ret)
		ret = word_parse(what, period, WORD_DURATION, PERIOD_MIN, PERIOD_MAX,
				 &cgroup->period_ns, failure);
	return ret;
}

/* Commas stand between settings and inside of a list of CPUs: a setting begins with its name. */
static char *next_setting(char *text)
{
	char *comma = text;

	while ((comma = strchr(comma, ',')) && comma[1] >= '0' && comma[1] <= '9')
		comma++;
	if (!comma)
		return NULL;
	*comma = '\0';
	return comma + 1;
}

static int parse_setting(struct work_cgroup_plan *cgroup, const struct places *places, char *text,
			 struct failure *failure)
{
	uint64_t weight;
	int ret;

	if (!strncmp(text, "weight=", 7)) {
		ret = word_parse("option '--cgroup': weight", text + 7, WORD_COUNT, 1, WEIGHT_MAX,
				 &weight, failure);
		cgroup->weight = ret ? 0 : (uint32_t)weight;
		return ret;
	}
	if (!strncmp(text, "max=", 4))
		return parse_max(cgroup, text + 4, failure);
	if (!strncmp(text, "cpus=", 5)) {
		cgroup->has_cpus = true;
		return places_parse(places, "option '--cgroup': cpus", text + 5, &cgroup->cpus,
				    failure);
	}
	return failure_set(failure, -EINVAL,
			   "option '--cgroup': '%s' is none of weight=1..10000, max=PERCENT%%, "
			   "max=QUOTA/PERIOD, cpus=LIST",
			   text);
}

int group_word_cgroup(struct work_group *group, const struct places *places, const char *text,
		      struct failure *failure)
{
	struct work_cgroup_plan *cgroup = &group->cgroup;
	size_t length = strcspn(text, ":");
	char rest[1024], *setting = rest;
	int ret = 0;

	if (!word_is_name(text, length))
		return failure_set(failure, -EINVAL,
				   "option '--cgroup': '%s' is not NAME[:SETTING,...]: %s", text,
				   word_name_rule);
	if (strlen(text + length) >= sizeof(rest))
		return failure_set(failure, -EINVAL, "option '--cgroup': longer than %zu bytes",
				   sizeof(rest));
	/* The last one counts, with what it says. */
	*cgroup = (struct work_cgroup_plan){ 0 };
	snprintf(cgroup->name, sizeof(cgroup->name), "%.*s", (int)length, text);
	if (!text[length])
		return 0;
	snprintf(rest, sizeof(rest), "%s", text + length + 1);
	while (!ret && setting) {
		char *next = next_setting(setting);

		ret = parse_setting(cgroup, places, setting, failure);
		setting = next;
	}
	return ret;
}
