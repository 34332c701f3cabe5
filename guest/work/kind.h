/*
 * What is a kind of load? Its name, its parameters, and what one task of it does. One file of
 * kinds/ for each, one line of kinds/kinds.c; everything else (making the tasks, policy, affinity,
 * cgroups, measuring, checks) is not its business. Of what a few kinds alone need the core has:
 * task_served (task.h) and the request_* metrics, for those that tell of requests; task_fail, for
 * what the kernel refuses in mid-run; work_cgroups_base and work_cgroups_enable (cgroup.h), for one
 * that makes cgroups; and "--end-at-once" (main.c), which is what one executes.
 */
#ifndef KTSTR_WORK_KIND_H
#define KTSTR_WORK_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"
#include "words.h"

struct work_group;
struct task;

#define KIND_PARAMS_MAX 8

struct kind_param {
	const char *name; /* NULL: the end of the table */
	enum word_type type;
	uint64_t by_default, min, max;
	const char *help;
};

/* What its tasks tell; a check of something else is refused before the load starts. */
enum kind_tells {
	KIND_TELLS_WAKES =
		1, /* they sleep, and note their wake-ups (task_sleep_until, task_woken) */
	KIND_TELLS_GAPS = 2,	 /* they note when they run (all that use task_* do) */
	KIND_TELLS_REQUESTS = 4, /* they note how long a request took (task_served) */
	KIND_TELLS_MEMORY = 8,	 /* they work on memory of their own, of some size */
};

/* What its tasks change of themselves: a change of that in mid-run would be undone. */
enum kind_sets { KIND_SETS_CPUS = 1, KIND_SETS_POLICY = 2 };

struct kind {
	const char *name, *help;
	unsigned int tells;
	unsigned int sets; /* enum kind_sets */
	struct kind_param params[KIND_PARAMS_MAX];
	/*
	 * Is there something wrong with this group (group->nr_tasks, group->params)? Before any
	 * task is made. Returns 0, or a negative errno with a sentence. May be NULL.
	 */
	int (*check)(const struct work_group *group, struct failure *failure);
	/* Bytes, zeroed, that all tasks of a group share across processes (task_shared). May be
	 * NULL. */
	size_t (*shared_size)(const struct work_group *group);
	/*
	 * Before the group's tasks are made, in the process that makes them: what they inherit
	 * (descriptors, values in @shared). May be NULL.
	 */
	int (*setup)(const struct work_group *group, void *shared, struct failure *failure);
	/* One task: goes on while !task_done(task). A call that blocks is interrupted at the end.
	 */
	void (*run)(struct task *task);
	/* When all tasks of the group are gone: what setup made. May be NULL. */
	void (*teardown)(const struct work_group *group, void *shared);
};

/* kind_at - the table; NULL behind its end. */
const struct kind *kind_at(size_t index);

/* kind_find - by name, or NULL. */
const struct kind *kind_find(const char *name);

/* kind_param - the value of the parameter @name of @group, which its kind has. */
uint64_t kind_param(const struct work_group *group, const char *name);

#endif
