/*
 * How do tasks come, run and go? A crew is all tasks of a plan: made, set up (name, cgroup,
 * affinity, policy, nice), let go together, stopped together, and gone in every case.
 */
#ifndef KTSTR_WORK_CREW_H
#define KTSTR_WORK_CREW_H

#include <signal.h>
#include <stdint.h>

#include "cgroup.h"
#include "counters.h"
#include "task.h"

struct crew_task {
	pid_t process; /* to be waited for; 0: none (a thread that is not its group's first) */
	struct counters before, after;
	uint64_t iterations_before, iterations_after;
};

struct crew {
	const struct work_plan *plan;
	const struct places *places;
	struct work_cgroups cgroups;
	struct task_stage *stage;
	size_t stage_size;
	struct crew_task *tasks;
	void *shared[PLAN_MAX_GROUPS];
	size_t shared_sizes[PLAN_MAX_GROUPS];
	uint32_t nr_set_up; /* groups whose kind has been set up */
	sigset_t signals;   /* blocked, and waited for */
	bool no_priority;   /* the process that measures is one among others */
	uint64_t late_ns;   /* how much later than planned it looked */
	uint64_t used_ns; /* of CPU time, by the process that measures, from go to the last look */
	uint32_t nr_killed; /* tasks that did not stop by themselves */
};

/* crew_create - cgroups, shared memory, tasks that wait to be let go; crew_destroy in every case.
 */
int crew_create(struct crew *crew, const struct work_plan *plan, const struct places *places,
		struct failure *failure);

/*
 * crew_run - lets them go, looks at the window's begin and end, stops them.
 * Returns 0; -EINTR where a signal came, -ECHILD where a task died, each with its sentence.
 */
int crew_run(struct crew *crew, struct failure *failure);

/* crew_destroy - ends what still runs, removes what was made. */
void crew_destroy(struct crew *crew);

/* --- the parts of it, each in its file
 * -----------------------------------------------------------*/

/* crew_setup.c: the calling thread becomes the task; 0 or a negative errno with a sentence. */
int crew_setup_task(struct crew *crew, const struct work_group *group, uint32_t index,
		    struct failure *failure);

/* crew_spawn.c: makes the tasks of a group; the processes into crew->tasks. */
int crew_spawn_group(struct crew *crew, const struct work_group *group, struct failure *failure);

/*
 * crew_end.c: crew_reap - takes the processes that ended; -ECHILD with a sentence for the first,
 * unless @expected. crew_stop - all stop; those that do not are killed.
 */
int crew_reap(struct crew *crew, bool expected, struct failure *failure);
void crew_stop(struct crew *crew);

/*
 * crew_task_name - "GROUP/N" in the 15 bytes that the kernel keeps of a name: the number stays
 * whole, the group's name loses its end.
 */
void crew_task_name(const struct work_group *group, uint32_t index, char name[16]);

/* crew_group_of - the group of task @task of all. */
const struct work_group *crew_group_of(const struct work_plan *plan, uint32_t task);

#endif
