/* What do those who read the command line share? plan.c, and plan_phases.c for phases. */
#ifndef KTSTR_WORK_PLAN_WORDS_H
#define KTSTR_WORK_PLAN_WORDS_H

#include "plan.h"

#define DURATION_MAX (24 * 3600 * WORK_S)
/* Shorter than some ticks of a slow clock nothing that the kernel counts is known. */
#define DURATION_MIN (10 * WORK_MS)

struct reading {
	int argc, at;
	char *const *argv;
	const struct places *places;
	struct work_plan *plan;
	struct work_group *group;   /* NULL where options belong to none */
	struct work_change *change; /* whose group it is, of --change */
	struct failure *failure;
};

/*
 * reading_is - does the word say --@name or --@name=VALUE? @value: what follows, which is needed
 * then, or @ret has the failure.
 */
bool reading_is(struct reading *r, const char *name, const char **value, int *ret);

/* reading_leave - what follows belongs to another group, or to none; is this one whole? */
int reading_leave(struct reading *r);

/* Options of phases; 1: it is none of them. */
int phase_option(struct reading *r);

/* plan_resolve_phases - when all words are read and groups have their numbers: cgroups, and what
 * each change comes to. */
int plan_resolve_phases(struct work_plan *plan, struct failure *failure);

/* plan_check_group - does the group fit together, as it is at first or in a phase? */
int plan_check_group(const struct work_group *group, struct failure *failure);

#endif
