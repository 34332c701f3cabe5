/*
 * All of a trace at once: the scheduler's events of all CPUs in the order of time, each name once,
 * tasks, marks, the machine. For what asks more than one question of a trace.
 */
#ifndef KTSTR_TRACE_EVENTS_H
#define KTSTR_TRACE_EVENTS_H

#include "trace/decode.h"

/* More than that is refused, 40 bytes each. */
#define TRACE_MAX_EVENTS (16u << 20)
/* So are more processes, threads, marks or losses than that. */
#define TRACE_MAX_FEW	 (1u << 20)
/* No machine runs for longer than a century: so differences of times fit into an int64_t. */
#define TRACE_MAX_NS	 (100ull * 366 * 86400 * 1000000000)
/* Of a name so many bytes are kept. Those of tasks have 15, of workqueues' up to 63. */
#define TRACE_NAME_MAX	 63

/* As struct trace_event, with names by number. */
struct sched_event {
	uint64_t ns; /* CLOCK_BOOTTIME */
	int32_t current;
	int32_t pid, other_pid;
	uint32_t comm, other_comm; /* 0: not said */
	union {
		uint32_t prev_state;  /* SWITCH; for trace_state_letter */
		uint32_t clone_flags; /* NEWTASK: the lower half, which has those of old */
		int32_t from_cpu;     /* MIGRATE */
	};
	uint16_t cpu;
	int16_t target_cpu; /* what is no CPU is -1 */
	int16_t prio;
	uint8_t type; /* enum trace_type */
};

struct trace_name {
	uint32_t at; /* in trace_events.bytes; there is a NUL behind its @size bytes */
	uint32_t size;
};

struct sched_process {
	int32_t pid, ppid;
	int64_t uid; /* -1: not known */
	uint32_t command;
};

struct sched_thread {
	int32_t tid, tgid;
	uint32_t name;
};

struct sched_mark {
	uint64_t ns;
	uint32_t name;
};

struct trace_events {
	struct sched_event *events;
	size_t nr_events;
	uint64_t first_ns, last_ns; /* of the events; 0: there are none */
	uint64_t disordered;	    /* so many were earlier than one before them of the same CPU */
	unsigned int cpus;	    /* one more than the highest that had an event */

	struct trace_name *names; /* 0 is "" */
	size_t nr_names;
	char *bytes;

	struct sched_process *processes;
	struct sched_thread *threads;
	struct sched_mark *marks; /* by time */
	struct trace_lost *lost;
	size_t nr_processes, nr_threads, nr_marks, nr_lost;

	struct trace_clocks clocks;		     /* of the first snapshot; 0: not known */
	uint32_t system_cpus;			     /* 0: not known */
	uint32_t sysname, release, version, machine; /* names */

	/* Private. */
	size_t max_events;
	size_t bytes_used;
	uint32_t *table; /* names by hash */
	size_t table_size;
	uint64_t last_of_cpu[TRACE_MAX_CPUS];
};

/*
 * trace_events_read - all of the trace of @size bytes at @data, which is not needed any more then
 * Returns 0; as trace_decode, and -E2BIG: more than TRACE_MAX_EVENTS. Of a trace that is cut off
 * (-ENODATA) @events has what was there before; on other errors it has nothing.
 * trace_events_free ends it, in any case.
 */
int trace_events_read(struct trace_events *events, const void *data, size_t size,
		      struct failure *failure);
/* trace_events_read_most - as that; of a trace of more than @max_events: -E2BIG */
int trace_events_read_most(struct trace_events *events, const void *data, size_t size,
			   size_t max_events, struct failure *failure);
/*
 * trace_events_mark - a mark that the file has not
 * Returns 0; -EBADMSG: too many, or later than TRACE_MAX_NS; -ENOMEM.
 */
int trace_events_mark(struct trace_events *events, uint64_t ns, const char *name,
		      struct failure *failure);
void trace_events_free(struct trace_events *events);

/* trace_events_name - a name's bytes, NUL-terminated; it may hold any others, NULs too. */
static inline const char *trace_events_name(const struct trace_events *events, uint32_t name)
{
	return events->bytes + events->names[name].at;
}

/* trace_state_letter - what ps and the kernel call the state of a task that leaves its CPU: R, S,
 * D, T, t, X, Z, P or I. */
char trace_state_letter(uint32_t prev_state);

#endif
