/*
 * How do groups get a cgroup? Made below the cgroup that the caller is in (the root, in our guest),
 * with the controllers that its settings need, and removed again.
 */
#ifndef KTSTR_WORK_CGROUP_H
#define KTSTR_WORK_CGROUP_H

#include <limits.h>
#include <stdbool.h>

#include "plan.h"

struct work_cgroups {
	char base[PATH_MAX]; /* "" while none was needed */
	bool made[PLAN_MAX_CGROUPS];
	const struct work_plan *plan;
};

/*
 * work_cgroups_make - all that the plan names. One that is there already is refused, and so is a
 * controller that cannot be had; what was made till then stays for work_cgroups_remove.
 */
int work_cgroups_make(struct work_cgroups *cgroups, const struct work_plan *plan,
		      struct failure *failure);

/*
 * work_cgroups_base - the folder of the cgroup that the caller is in, into cgroups->base.
 * work_cgroups_enable - a controller, for the cgroups that are made there.
 * @what begins the sentence of a failure.
 */
int work_cgroups_base(struct work_cgroups *cgroups, const char *what, struct failure *failure);
int work_cgroups_enable(const struct work_cgroups *cgroups, const char *what,
			const char *controller, struct failure *failure);

/* work_cgroups_join - the process @pid (0: the caller) moves into its group's. */
int work_cgroups_join(const struct work_cgroups *cgroups, const struct work_group *group, pid_t pid,
		      struct failure *failure);

/* work_cgroups_set - what of @settings is said, into the cgroup of that name. */
int work_cgroups_set(const struct work_cgroups *cgroups, const struct work_cgroup_plan *settings,
		     struct failure *failure);

/* work_cgroup_remove - an empty one; a sentence on standard error when it stays. */
void work_cgroup_remove(const char *path);

/* work_cgroups_remove - all that were made; a sentence on standard error for one that stays. */
void work_cgroups_remove(struct work_cgroups *cgroups);

#endif
