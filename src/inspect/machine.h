/*
 * What does a stopped guest show, in one look? For each CPU what runs there, how it came there and
 * what waits; what has waited longest; what is blocked. Plain data, for a report to print; each
 * part that is not readable says why. (What the kernel printed: printk.h.)
 *
 * All names and numbers in it are the guest's: bounded, and not to be believed.
 */
#ifndef KTSTR_INSPECT_MACHINE_H
#define KTSTR_INSPECT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/layout.h"
#include "inspect/runqueues.h"
#include "inspect/tasks.h"
#include "inspect/unwind.h"
#include "util/error.h"

#define MACHINE_MAX_LONGEST  16u
/* Of blocked tasks that are told of with their backtraces; all are counted. */
#define MACHINE_MAX_BLOCKED  64u
/* Of tasks of user space that sleep, the last made: of a test the ones that do its work. */
#define MACHINE_MAX_SLEEPING 16u

struct inspect;

struct inspect_cpu {
	unsigned int vcpu;
	unsigned int cpu; /* the kernel's number of it */
	/* By its registers; why_registers: why there are none. */
	char why_registers[INSPECT_WHY_SIZE];
	uint64_t rip;
	bool is_in_user, takes_interrupts; /* RFLAGS.IF */
	struct backtrace trace;
	/* What runs there; why_task: why that is not known. An idle CPU's has pid 0. */
	char why_task[INSPECT_WHY_SIZE];
	struct inspect_task task;
	struct runqueue runqueue; /* with a why of its own */
};

/* A task that waits for something, with or without being blocked. */
struct inspect_blocked {
	struct inspect_task task;
	bool is_known;	     /* how long */
	uint64_t not_run_ns; /* at least, since it last ran */
	struct backtrace trace;
};

/* What a task is called; a thread's tgid is its process' pid. */
struct inspect_name {
	int32_t pid, tgid;
	char comm[TASK_COMM_SIZE]; /* hostile bytes, with a NUL */
};

struct inspect_machine {
	char release[65];	  /* uname -r; "": not readable */
	char banner[256];	  /* "Linux version ..." */
	struct inspect_cpu *cpus; /* one for each vCPU */
	unsigned int nr_cpus;
	/* The longest first; of all CPUs. why_waits: why they are not known, or not exactly. */
	struct waiting longest[MACHINE_MAX_LONGEST];
	unsigned int nr_longest;
	char why_waits[INSPECT_WHY_SIZE];
	/* They could run, and are in no queue of their CPU's: their cgroup's quota is used up
	 * (is_throttled), or something is wrong. None are looked for where run queues are not
	 * known. */
	struct waiting unqueued[MACHINE_MAX_LONGEST];
	unsigned int nr_unqueued, nr_unqueued_in_all;
	struct inspect_blocked *blocked;
	unsigned int nr_blocked, nr_blocked_in_all;
	/* User space's that sleep, and a signal would wake them (S): the last made comes last. The
	 * guest's init is not among them. */
	struct inspect_blocked *sleeping;
	unsigned int nr_sleeping, nr_sleeping_in_all;
	/* Of all tasks, nr_tasks of them: threads, without the idle ones. */
	struct inspect_name *names;
	unsigned int nr_tasks;
	char why_tasks[INSPECT_WHY_SIZE]; /* why not all tasks were seen */
	/* Why what it takes is not there: "" if it is. */
	char why_types[INSPECT_WHY_SIZE], why_unwinding[INSPECT_WHY_SIZE],
		why_modules[INSPECT_WHY_SIZE], why_bpf[INSPECT_WHY_SIZE];
	bool is_out_of_time; /* then what is absent is not known to be absent */
};

/*
 * inspect_machine_read - all of it, as far as it can be read
 * Returns 0 also where nothing was; -ENOMEM with a message, and then *out is NULL.
 */
int inspect_machine_read(struct inspect *inspect, struct inspect_machine **out, struct error *err);
void inspect_machine_free(struct inspect_machine *machine); /* NULL is fine */

/*
 * machine_longest_queued - what has waited longest of those of which it is known since when; of
 * others it is only known when they last ran
 * Returns NULL: there is none.
 */
static inline const struct waiting *machine_longest_queued(const struct inspect_machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_longest; i++)
		if (machine->longest[i].by == WAIT_QUEUED)
			return &machine->longest[i];
	return NULL;
}

#endif
