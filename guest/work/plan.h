/*
 * What was asked for? The command line as groups, and as phases in which they come, change and go.
 * All that can be checked without making a task is checked here.
 */
#ifndef KTSTR_WORK_PLAN_H
#define KTSTR_WORK_PLAN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "kind.h"
#include "places.h"
#include "rtapp.h"
#include "trace/failure.h"
#include "words.h"

#define PLAN_MAX_GROUPS	 64
#define PLAN_MAX_CHECKS	 128
#define PLAN_MAX_TASKS	 65536
#define PLAN_MAX_PHASES	 32
#define PLAN_MAX_CHANGES 256
#define PLAN_MAX_CGROUPS 128

/* With a group's and a metric's name it is one of $KTSTR_METRICS' names, of 64 bytes. */
#define PLAN_PHASE_NAME 12

/* The policies of sched_setattr(2). */
enum work_policy {
	POLICY_OTHER = 0,
	POLICY_FIFO = 1,
	POLICY_RR = 2,
	POLICY_BATCH = 3,
	POLICY_IDLE = 5,
	POLICY_DEADLINE = 6,
	POLICY_EXT = 7,
};

struct work_sched {
	enum work_policy policy;
	int nice;
	uint32_t priority;		    /* of FIFO and RR */
	uint64_t runtime, deadline, period; /* of DEADLINE; ns */
	bool reclaim;			    /* of DEADLINE: time that others leave (GRUB) */
	bool inherit;			    /* nothing was said: as the caller has it */
};

enum work_spread { SPREAD_ALL, SPREAD_EACH, SPREAD_LLC, SPREAD_NODE, SPREAD_RANDOM };

struct work_cgroup_plan {
	char name[WORD_NAME_MAX + 1]; /* "" where the group stays in the caller's */
	uint32_t weight;	      /* 0: not said */
	uint64_t max_ns, period_ns;   /* 0: not said */
	bool has_cpus;
	cpu_set_t cpus;
};

struct work_group {
	char name[WORD_NAME_MAX + 1];
	const struct kind *kind; /* NULL only while words are read */
	uint64_t params[KIND_PARAMS_MAX];
	uint32_t nr_tasks;
	bool threads;
	struct work_sched sched;
	enum work_spread spread;
	bool has_cpus;
	cpu_set_t cpus; /* --cpus LIST, else all that are online */
	struct work_cgroup_plan cgroup;
	uint32_t comes;		 /* in this phase */
	uint32_t first_task;	 /* its tasks are first_task .. first_task + nr_tasks - 1 of all */
	uint64_t seed;		 /* of this group's random choices, from the plan's */
	struct rtapp_task rtapp; /* of kind_rtapp */
};

struct work_phase {
	char name[PLAN_PHASE_NAME + 1]; /* its number, where none was said */
	uint64_t duration_ns;
};

enum work_change_type { CHANGE_FREEZE, CHANGE_THAW, CHANGE_STOP, CHANGE_TO };

/* What becomes of a group as a phase begins. Those of a plan are in the order of its phases. */
struct work_change {
	enum work_change_type type;
	uint32_t phase, group;
	/* Of CHANGE_TO: what was said, the new settings of its cgroup, and whether it was elsewhere
	 * before. Where only another group's words changed its cgroup, nothing. */
	bool cpus, policy, nice, cgroup, moves;
	struct work_cgroup_plan settings;
	struct work_group is; /* of CHANGE_TO: the group from now on */
};

/* One that is made, as it is at first, and the controllers that it needs now or later. */
struct work_cgroup {
	struct work_cgroup_plan first;
	bool cpu, cpuset;
};

struct work_plan {
	uint64_t warmup_ns; /* before the first phase's window; measured by nobody */
	uint64_t seed;
	bool help, list;
	bool duration_said; /* --for: a file's own does not count */
	bool phases_said;   /* --phase: neither does --for */
	uint64_t said_ns;   /* --for */
	uint32_t nr_phases;
	struct work_phase phases[PLAN_MAX_PHASES];
	uint32_t nr_groups, nr_tasks;
	struct work_group groups[PLAN_MAX_GROUPS];
	uint32_t nr_changes;
	struct work_change changes[PLAN_MAX_CHANGES];
	uint32_t nr_cgroups;
	struct work_cgroup cgroups[PLAN_MAX_CGROUPS];
	uint32_t nr_checks;
	const char *checks[PLAN_MAX_CHECKS]; /* argv's own words */
	struct rtapp rtapp;		     /* of all groups of kind_rtapp */
};

/*
 * work_plan_parse - argv[1..] into @plan.
 * Returns 0, or -EINVAL with the word that is wrong and what would be right.
 */
int work_plan_parse(int argc, char *const *argv, const struct places *places,
		    struct work_plan *plan, struct failure *failure);

/* work_plan_complete - what work_plan_parse does when all words are read. */
int work_plan_complete(struct work_plan *plan, struct failure *failure);

/* work_plan_duration - of all phases together, ns. */
uint64_t work_plan_duration(const struct work_plan *plan);

/* work_plan_windows - what is told apart: all of it, and each phase where there are several. */
static inline uint32_t work_plan_windows(const struct work_plan *plan)
{
	return plan->nr_phases > 1 ? 1 + plan->nr_phases : 1;
}

/* What a group does in a phase, and how it is then. */
enum work_presence { GROUP_COMES_LATER, GROUP_RUNS, GROUP_FROZEN, GROUP_GONE };
enum work_presence work_plan_presence(const struct work_plan *plan, uint32_t group, uint32_t phase);
const struct work_group *work_plan_in_phase(const struct work_plan *plan, uint32_t group,
					    uint32_t phase);

/* work_plan_group - by name, or NULL. */
const struct work_group *work_plan_group(const struct work_plan *plan, const char *name,
					 size_t length);

/* work_group_allowed - where task @index of the group may run: affinity and cpuset together. */
void work_group_allowed(const struct work_group *group, const struct places *places, uint32_t index,
			cpu_set_t *set);

/* Each reads the value of one option of a group. */
int group_word_policy(struct work_group *group, const char *text, struct failure *failure);
int group_word_cpus(struct work_group *group, const struct places *places, const char *text,
		    struct failure *failure);
int group_word_cgroup(struct work_group *group, const struct places *places, const char *text,
		      struct failure *failure);

/* work_random - the next number of a sequence (splitmix64); @state is its seed at first. */
static inline uint64_t work_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

#endif
