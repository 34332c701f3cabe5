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
#include "node_memory.h"
#include "task.h"

struct crew_task {
	pid_t process; /* to be waited for; 0: none (a thread that is not its group's first) */
};

/* What the kernel and the task itself had counted when a phase began, or the last one ended. */
struct crew_look {
	struct counters counters;
	uint64_t iterations;
	struct node_memory memory; /* of kinds that tell of it, where there are several nodes */
};

struct crew {
	const struct work_plan *plan;
	const struct places *places;
	struct work_cgroups cgroups;
	struct task_stage *stage;
	size_t stage_size;
	struct crew_task *tasks;
	struct task_notes *notes; /* of each task one a window */
	size_t notes_size;
	struct crew_look *looks;		 /* of each task one a phase, and one at the end */
	uint64_t looked_ns[PLAN_MAX_PHASES + 1]; /* CLOCK_MONOTONIC */
	void *shared[PLAN_MAX_GROUPS];
	size_t shared_sizes[PLAN_MAX_GROUPS];
	uint32_t nr_set_up; /* groups whose kind has been set up */
	sigset_t signals;   /* blocked, and waited for */
	bool no_priority;   /* the process that measures is one among others */
	bool leaving;	    /* a group goes, and some of its tasks have not yet */
	uint64_t late_ns;   /* how much later than planned it looked, at worst */
	uint64_t used_ns; /* of CPU time, by the process that measures, from go to the last look */
	bool in_guest;	  /* a host took time of it already */
	uint64_t others_ns; /* what the kernel counted as this process's CPU time, and the host took
			     */
	uint64_t stolen_ns; /* what the host took of all CPUs meanwhile, as far as the kernel is
			       told */
	uint32_t nr_killed; /* tasks that did not stop by themselves */
};

/* crew_create - cgroups, shared memory, tasks that wait to be let go; crew_destroy in every case.
 */
int crew_create(struct crew *crew, const struct work_plan *plan, const struct places *places,
		struct failure *failure);

/*
 * crew_run - lets them go, looks at begin and end of each phase, changes what changes, stops them.
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

/* crew_set_cpus, crew_set_policy - of the thread @tid (0: the caller), as @group has it. */
int crew_set_cpus(pid_t tid, const struct work_group *group, const struct places *places,
		  uint32_t index, struct failure *failure);
int crew_set_policy(pid_t tid, const struct work_sched *sched, struct failure *failure);

/*
 * crew_phase.c: crew_try_changes - does the kernel take what the group is to change to? A process
 * tries it that ends then. crew_enter_phase - what comes, goes, freezes and changes as it begins.
 * crew_chase - tells those that have to leave to do so, until they have.
 */
int crew_try_changes(struct crew *crew, const struct work_group *group, struct failure *failure);
int crew_enter_phase(struct crew *crew, uint32_t phase, struct failure *failure);
void crew_chase(struct crew *crew);

/*
 * crew_look.c: crew_look - at what is counted of all tasks, as phase @number begins.
 * crew_note_waiting - at the end, for the tasks that wait since before it.
 */
void crew_look(struct crew *crew, uint32_t number);
void crew_note_waiting(struct crew *crew);

/* crew_spawn.c: makes the tasks of a group; the processes into crew->tasks. */
int crew_spawn_group(struct crew *crew, const struct work_group *group, struct failure *failure);

/*
 * crew_end.c: crew_kill - a signal to each process of a group. crew_reap - takes the processes that
 * ended; -ECHILD with a sentence for the first, unless @expected. crew_stop - all stop; those that
 * do not are killed.
 */
void crew_kill(const struct crew *crew, const struct work_group *group, int sig);
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
