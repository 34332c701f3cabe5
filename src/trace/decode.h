/*
 * What does a Perfetto trace say of the scheduler? Walks its packets, and hands on what they hold:
 * the scheduler's events, tasks, marks, the machine. It reads what the built-in tracer, the flight
 * recorder and wprof's `-e sched` write, Perfetto's compact form too. A trace comes from a guest or
 * from a user, and may be anything: nothing outside of it is read, and nothing recurses.
 * Numbers: protos/perfetto/trace/ of Perfetto, trace_packet.proto and what it includes.
 *
 * Order: as the file has it. That is packet by packet, each of which has events of one CPU, in the
 * order of time (of the compact form, where wake-ups and switches are apart, they are merged; other
 * events of that packet come before them). Between CPUs there is no order: events.h makes one.
 */
#ifndef KTSTR_TRACE_DECODE_H
#define KTSTR_TRACE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

/* Any bytes, not NUL-terminated, within the trace that is decoded. @size 0: nothing was said. */
struct trace_text {
	const char *data;
	size_t size;
};

#define TRACE_MAX_CPUS 1024

enum trace_type {
	TRACE_SWITCH,	  /* pid gets the CPU, other_pid leaves it */
	TRACE_WAKING,	  /* pid is woken, by current */
	TRACE_WAKEUP,	  /* and now it is in a queue */
	TRACE_WAKEUP_NEW, /* a new task is in a queue for the first time */
	TRACE_MIGRATE,	  /* pid is moved from from_cpu to target_cpu */
	TRACE_NEWTASK,	  /* pid was made by current */
	TRACE_FORK,	  /* pid was made by other_pid */
	TRACE_EXEC,	  /* comm: the file's path; other_pid: what the thread was before */
	TRACE_RENAME,	  /* comm: the new name; other_comm: the old one */
	TRACE_EXIT,
	TRACE_FREE, /* nothing is left of pid, whose number may be given out again */
	TRACE_TYPES,
};

/* A pid is a thread's, as the kernel counts; 0 is what idles on a CPU; -1: not known. */
struct trace_event {
	uint64_t ns; /* CLOCK_BOOTTIME of the machine */
	enum trace_type type;
	uint16_t cpu;	 /* where it happened, below TRACE_MAX_CPUS */
	int32_t current; /* who ran there */
	int32_t pid, other_pid;
	struct trace_text comm, other_comm;
	int32_t prio, other_prio; /* the kernel's, 0 to 139; -1: not known */
	int64_t prev_state;	  /* SWITCH: the bits that the tracepoint says, of other_pid */
	int32_t target_cpu;	  /* WAKING, WAKEUP, WAKEUP_NEW, MIGRATE; -1: not known */
	int32_t from_cpu;	  /* MIGRATE */
	uint64_t clone_flags;	  /* NEWTASK */
};

/* Events are missing, somewhere between these two moments. */
struct trace_lost {
	uint16_t cpu;
	uint64_t from_ns, to_ns; /* from_ns 0: from the beginning */
};

struct trace_process {
	int32_t pid, ppid;
	int64_t uid;		   /* -1: not known */
	struct trace_text command; /* the first word of its command line */
};

struct trace_thread {
	int32_t tid, tgid;
	struct trace_text name;
};

struct trace_mark {
	uint64_t ns; /* CLOCK_BOOTTIME */
	struct trace_text name;
};

struct trace_system {
	struct trace_text sysname, version, release, machine; /* as uname(2) */
	uint32_t cpus;					      /* 0: not known */
};

/* The machine's clocks at one moment; 0: not known. */
struct trace_clocks {
	uint64_t boottime_ns, realtime_ns, monotonic_ns;
};

/* Who gets it. Each may be NULL. Anything but 0 ends the walk; then @failure says why. */
struct trace_reader {
	void *data;
	int (*event)(void *data, const struct trace_event *event, struct failure *failure);
	/* Behind the events of the packet that said so. */
	int (*lost)(void *data, const struct trace_lost *lost, struct failure *failure);
	int (*process)(void *data, const struct trace_process *process, struct failure *failure);
	int (*thread)(void *data, const struct trace_thread *thread, struct failure *failure);
	/* Only those on the launcher's own track. */
	int (*mark)(void *data, const struct trace_mark *mark, struct failure *failure);
	int (*system)(void *data, const struct trace_system *system, struct failure *failure);
	int (*clocks)(void *data, const struct trace_clocks *clocks, struct failure *failure);
};

/*
 * trace_decode - hand @size bytes at @data to @reader
 * Returns 0; what a callback returns; or, with what is wrong where in @failure:
 * -EINVAL: it is no trace. -ENODATA: it is empty, or cut off within a packet; those before it were
 * handed on. -EBADMSG: a packet is not what it should be. -ENOTSUP: a clock for which the trace has
 * no snapshot beside BOOTTIME, or packets that are compressed. -ENOMEM.
 */
int trace_decode(const void *data, size_t size, const struct trace_reader *reader,
		 struct failure *failure);

#endif
