/*
 * What waits for a CPU, in which of its queues, and for how long? By each scheduling class's own
 * structures, as far as this kernel has them.
 */
#ifndef KTSTR_INSPECT_RUNQUEUES_H
#define KTSTR_INSPECT_RUNQUEUES_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/layout.h"
#include "inspect/tasks.h"
#include "util/error.h"

/* Of one CPU; more are counted by the kernel's own numbers only. */
#define RUNQUEUE_MAX_WAITING 512u

struct btf;
struct inspect;

/* By what is it known how long a task waits? */
enum wait_by {
	WAIT_UNKNOWN,
	WAIT_QUEUED,   /* since it was queued (sched_info.last_queued) */
	WAIT_LAST_RAN, /* since it last ran (se.exec_start): it may have slept since */
};

/* Where a task of sched_ext waits. */
enum wait_dsq {
	DSQ_NONE, /* no task of sched_ext, or not known */
	DSQ_BPF,  /* the BPF scheduler has it, in no queue of the kernel's */
	DSQ_LOCAL,
	DSQ_GLOBAL,
	DSQ_BYPASS,
	DSQ_BUILTIN, /* another one of the kernel's, by its id */
	DSQ_USER,    /* one of the scheduler's, by its id */
};

struct waiting {
	struct inspect_task task;
	enum wait_by by;
	uint64_t waited_ns; /* at least: the clocks stand still where a CPU takes no ticks */
	bool is_throttled; /* its cgroup has used up its quota; of the deadline class: it its own */
	enum wait_dsq dsq;
	uint64_t dsq_id;
};

struct runqueue {
	char why[INSPECT_WHY_SIZE]; /* why it is not known, or not all of it; "" if it is */
	bool is_known;
	bool is_online;
	uint64_t clock_ns; /* of its last update, since boot */
	uint64_t current;  /* task_struct of what runs there */
	/* The kernel's own numbers, what runs included; -1: it has none of that. */
	int64_t nr_running, nr_fair, nr_rt, nr_deadline, nr_ext, nr_local_dsq;
	struct waiting *waiting; /* what does not run, class by class in the order of precedence */
	unsigned int nr_waiting;
	unsigned int nr_delayed; /* of the fair class: asleep, and still in its queue */
};

struct runqueues {
	const struct tasks *tasks;
	const char *wait_why;	      /* why waits are not known exactly; NULL: they are */
	uint64_t now_ns, now_task_ns; /* the latest that any CPU's clocks showed */
	uint64_t dsq_local, dsq_global, dsq_bypass, dsq_builtin; /* 0: not known */
	struct btf_field clock, clock_task, current, online, nr_switches, stop, nr_running, nr_fair,
		nr_rt, nr_deadline, nr_ext, nr_local_dsq;
	struct btf_field fair_list, rt_bitmap, rt_queues, rt_group_queue, dl_root, ext_list;
	struct btf_field group_bitmap, group_queues;
	struct btf_field rb_left, rb_right;
	struct btf_field task_fair, task_rt, task_dl, task_ext;
	struct btf_field entity, parent, queue,
		weight; /* of the fair class; queue: the cfs_rq it is in */
	struct btf_field delayed, cfs_rq, throttle_count, throttled, last_queued, dl_server,
		dl_throttled, dl_node, rt_node, dsq, dsq_id;
};

/*
 * runqueues_open - what it takes to read run queues; nothing to close
 * @why: INSPECT_WHY_SIZE bytes. Returns 0; -ENOENT, with why.
 */
int runqueues_open(const struct tasks *tasks, const struct btf *btf, struct runqueues *runqueues,
		   char *why);

/* runqueues_now - have now_ns and now_task_ns anew, of a guest that has run since runqueues_open.
 */
void runqueues_now(struct runqueues *runqueues);

/* What a CPU does, in a few reads. */
struct runqueue_glance {
	uint64_t current, nr_switches; /* task_struct of what runs there; its switches since boot */
	struct inspect_task task;      /* that task; pid 0: the CPU is idle */
	uint32_t nr_running; /* tasks that could run there, that one included if not idle */
};

/* runqueue_glance - of CPU @cpu; false: it is offline, or that is not known */
bool runqueue_glance(const struct runqueues *runqueues, unsigned int cpu,
		     struct runqueue_glance *glance);

/*
 * runqueues_weights - of two tasks of the fair class on one CPU, given by their task_structs, what
 * decides between them: their weights (se.load.weight), or those of the groups where their ways up
 * to the root part. False: not known.
 */
bool runqueues_weights(const struct runqueues *runqueues, const uint64_t tasks[2],
		       uint64_t weights[2]);

/*
 * runqueue_read - CPU @cpu's; what is not readable is said in @runqueue
 * Returns 0; -ENOMEM with a message. runqueue_free gives back what is in it.
 */
int runqueue_read(const struct runqueues *runqueues, unsigned int cpu, struct runqueue *runqueue,
		  struct error *err);
void runqueue_free(struct runqueue *runqueue);

/* waiting_read - for how long @task has waited, and where */
void waiting_read(const struct runqueues *runqueues, const struct inspect_task *task,
		  struct waiting *waiting);

#endif
