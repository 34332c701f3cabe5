/* Which tasks are there, what runs on a CPU, and what is each of them: its ids, name, class, state?
 */
#ifndef KTSTR_INSPECT_TASKS_H
#define KTSTR_INSPECT_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/layout.h"
#include "inspect/list.h"

/* TASK_COMM_LEN, with its NUL. */
#define TASK_COMM_SIZE 16
/* More tasks than these are not looked at. */
#define TASKS_MAX      32768u

struct btf;
struct inspect;

enum task_class {
	CLASS_UNKNOWN,
	CLASS_STOP,
	CLASS_DEADLINE,
	CLASS_RT,
	CLASS_FAIR,
	CLASS_EXT,
	CLASS_IDLE,
	NR_CLASSES,
};

struct inspect_task {
	uint64_t address; /* of its task_struct */
	int32_t pid, tgid;
	char comm[TASK_COMM_SIZE];  /* hostile bytes, any of them, up to a NUL */
	uint32_t state, exit_state; /* as the kernel has them (include/linux/sched.h) */
	char letter;		    /* as in ps: R S D T t X Z P I */
	enum task_class class;
	uint32_t policy; /* SCHED_* of sched(7); SCHED_EXT is 7 */
	int32_t prio;	 /* the kernel's: 0 to 99 real-time, 100 to 139 nice -20 to 19 */
	uint32_t rt_priority;
	int32_t cpu; /* where it runs, waits, or ran last; -1: not known */
	bool on_cpu, on_rq, is_kernel_thread;
	uint64_t ran_at_ns; /* when it last ran, by its run queue's clock of tasks; 0: not known */
};

struct tasks {
	struct inspect *inspect;
	uint64_t first; /* init_task */
	uint64_t classes[NR_CLASSES];
	struct btf_field pid, tgid, comm, state, exit_state, class, policy, prio, rt_priority, cpu,
		on_cpu, on_rq, mm, exec_start, list, signal, threads, thread, hot_current;
};

/*
 * tasks_open - what it takes to read tasks; nothing to close
 * @why: INSPECT_WHY_SIZE bytes. Returns 0; -ENOENT, with why.
 */
int tasks_open(struct inspect *inspect, const struct btf *btf, struct tasks *tasks, char *why);

/*
 * task_read - the task whose task_struct is at @address; false: not readable, or no task
 * task_of_cpu - what runs on CPU @cpu: the address of its task_struct; false: not known
 */
bool task_read(const struct tasks *tasks, uint64_t address, struct inspect_task *task);
bool task_of_cpu(const struct tasks *tasks, unsigned int cpu, uint64_t *address);

/* task_is_blocked - it waits and no signal wakes it (D), and is no worker that merely has no work
 * (I) */
bool task_is_blocked(const struct inspect_task *task);

/* "fair", "rt" and so on. */
const char *task_class_name(enum task_class class);

/* All tasks but the CPUs' idle ones, each thread apart. */
struct tasks_walk {
	const struct tasks *tasks;
	struct list_walk leaders, threads;
	uint64_t leader;
	uint32_t nr;
	const char *broken; /* why it ended early, or some are left out; NULL: it did not */
};

void tasks_begin(struct tasks_walk *walk, const struct tasks *tasks);
bool tasks_next(struct tasks_walk *walk, uint64_t *address);

#endif
