/*
 * What did each task do, and when? Out of a trace's events: spans in which it ran, waited for a
 * CPU, or slept. Before its first event nothing is known of a task, and nothing is said.
 */
#ifndef KTSTR_TRACE_TASKS_H
#define KTSTR_TRACE_TASKS_H

#include <stdbool.h>

#include "trace/events.h"

enum task_doing {
	TASK_RUNS,
	TASK_WAITS, /* could run, and has no CPU */
	TASK_SLEEPS,
	TASK_DOINGS,
};

struct task_span {
	uint64_t from_ns, to_ns; /* CLOCK_BOOTTIME */
	uint32_t task;		 /* index in trace_tasks.tasks */
	/* WAITS: who woke it; where is_preempted, who got the CPU. -1: not known. */
	int32_t by;
	uint32_t by_comm;
	int16_t cpu; /* RUNS: there; WAITS: the last queue that it was in; SLEEPS: where it ran; -1
		      */
	uint8_t doing;
	char letter;		 /* SLEEPS: trace_state_letter */
	bool is_preempted;	 /* WAITS: it was running, and not woken */
	bool is_open;		 /* it went on when the trace ended */
	bool is_older;		 /* it began before the trace did: at least so long */
	bool is_cut;		 /* what ended it is not in the trace: at most so long */
	uint64_t on_cpu_from_ns; /* WAITS: since when it is in the queue of @cpu */
};

struct trace_task {
	int32_t pid;
	uint32_t comm;		/* its last name */
	size_t first, nr_spans; /* in trace_tasks.spans */
	uint64_t moves;		/* from one CPU to another */
};

struct trace_tasks {
	struct task_span *spans;  /* task by task, and of each in the order of time */
	struct trace_task *tasks; /* in the order in which they were seen first; no idle ones */
	size_t nr_spans, nr_tasks;
	uint64_t end_ns; /* where what is open ends: the last event or mark */
};

/*
 * trace_tasks_read - @tasks is ended by trace_tasks_free, in any case
 * Returns 0, or -ENOMEM with a message.
 */
int trace_tasks_read(const struct trace_events *events, struct trace_tasks *tasks,
		     struct failure *failure);
void trace_tasks_free(struct trace_tasks *tasks);

/*
 * trace_tasks_find - the task of this pid; @pid 0: of this name. Of several, which the kernel has
 * given the number, or somebody the name, the one with the most time in [@from_ns, @to_ns).
 * Returns NULL: there is none.
 */
const struct trace_task *trace_tasks_find(const struct trace_events *events,
					  const struct trace_tasks *tasks, int32_t pid,
					  const char *name, uint64_t from_ns, uint64_t to_ns);

/* How much of [@from_ns, @to_ns) lies in the span, ns. */
uint64_t task_span_within(const struct task_span *span, uint64_t from_ns, uint64_t to_ns);

/* Sums of a task over [@from_ns, @to_ns), ns, by enum task_doing. */
void trace_tasks_sums(const struct trace_tasks *tasks, const struct trace_task *task,
		      uint64_t from_ns, uint64_t to_ns, uint64_t sums[TASK_DOINGS]);

/*
 * trace_tasks_ran_most - who ran longest on @cpu in [@from_ns, @to_ns); *@ns: for how long
 * Returns NULL: nobody did; then it was idle, or events are missing.
 */
const struct trace_task *trace_tasks_ran_most(const struct trace_tasks *tasks, int cpu,
					      uint64_t from_ns, uint64_t to_ns, uint64_t *ns);

/* Latencies of wake-ups: from being woken to running. */
struct wake_latencies {
	size_t count;
	uint64_t p50_ns, p99_ns, max_ns; /* by nearest rank */
};

/* trace_tasks_wakes - of a task, or of all with @task NULL. Returns 0 or -ENOMEM. */
int trace_tasks_wakes(const struct trace_tasks *tasks, const struct trace_task *task,
		      struct wake_latencies *wakes);

#endif
