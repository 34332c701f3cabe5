/* Is there memory for what the tasks of a group map? */
#ifndef KTSTR_WORK_MEMORY_H
#define KTSTR_WORK_MEMORY_H

#include <errno.h>

#include "../plan.h"

/* @each: bytes of each task. At most three quarters of what is free. */
static inline int memory_check(const struct work_group *group, uint64_t each,
			       struct failure *failure)
{
	uint64_t available;
	int ret = machine_available_memory(&available, failure);

	if (ret || each <= available / 4 * 3 / group->nr_tasks)
		return ret;
	return failure_set(failure, -EINVAL,
			   "group '%s': %u tasks of %llu KiB each are more than three quarters of "
			   "the memory that is free, %llu MiB; give a smaller size=, or fewer "
			   "--tasks",
			   group->name, group->nr_tasks, (unsigned long long)(each >> 10),
			   (unsigned long long)(available >> 20));
}

#endif
