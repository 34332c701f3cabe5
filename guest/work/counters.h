/* What does the kernel itself count of a task? Its files in /proc, and its clock of CPU time. */
#ifndef KTSTR_WORK_COUNTERS_H
#define KTSTR_WORK_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct counters {
	uint64_t run_ns;	    /* on a CPU; of a thread as of the last tick */
	uint64_t delay_ns;	    /* runnable and not running */
	uint64_t voluntary, forced; /* context switches */
	uint64_t migrations;	    /* between CPUs */
	/* Not every kernel counts all of it. */
	bool has_run, has_delay, has_switches, has_migrations;
};

/* counters_read - of the thread @tid of @pid; what cannot be read has its has_ unset. */
void counters_read(pid_t pid, pid_t tid, struct counters *counters);

/* counters_stolen - what a host took of a CPU's time so far (@cpu < 0: of all), ns, by whole ticks;
 * 0 where nobody tells. */
uint64_t counters_stolen(int cpu);

/* counters_since - @now less @before; a counter is there when both have it. */
struct counters counters_since(const struct counters *now, const struct counters *before);

#endif
