/* Which tasks are partners? For kinds whose tasks come in pairs: 2n and 2n+1. */
#ifndef KTSTR_WORK_PAIRS_H
#define KTSTR_WORK_PAIRS_H

#include <errno.h>

#include "../plan.h"

static inline uint32_t pairs_partner(uint32_t index)
{
	return index ^ 1;
}

static inline int pairs_check(const struct work_group *group, struct failure *failure)
{
	if (group->nr_tasks % 2 == 0)
		return 0;
	return failure_set(
		failure, -EINVAL,
		"group '%s': kind '%s' works in pairs; give it an even number of --tasks, "
		"not %u",
		group->name, group->kind->name, group->nr_tasks);
}

#endif
