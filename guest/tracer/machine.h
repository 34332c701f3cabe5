/* What does this machine have: CPUs, free memory, clocks? And how much of it do we take? */
#ifndef KTSTR_TRACER_MACHINE_H
#define KTSTR_TRACER_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

#define MACHINE_MAX_CPUS 1024 /* a FtraceEventBundle's cpu is below that */

/*
 * cpulist_parse - "0-3,8" into @cpus, ascending as given.
 * Returns how many, or -EINVAL for text that is no such list or names a CPU that is too high.
 */
int cpulist_parse(const char *text, uint16_t cpus[MACHINE_MAX_CPUS]);

/*
 * All CPUs that can ever be online, also those that would have to be plugged in first; or without
 * these. Returns how many, or a negative errno.
 */
int machine_possible_cpus(uint16_t cpus[MACHINE_MAX_CPUS], struct failure *failure);
int machine_present_cpus(uint16_t cpus[MACHINE_MAX_CPUS], struct failure *failure);

/* MemAvailable of /proc/meminfo, bytes. */
int machine_available_memory(uint64_t *bytes, struct failure *failure);

uint64_t machine_clock_ns(int clock);

/* CLOCK_BOOTTIME - CLOCK_MONOTONIC: the time that was slept, constant while nothing suspends. */
uint64_t machine_boottime_offset(void);

struct sizes {
	uint64_t ring;	/* bytes of one CPU's perf ring: a power of two */
	uint64_t spool; /* most bytes of events that are kept */
};

/*
 * sizes_plan - what a run may take.
 * @asked:     what the options allow
 * @available: memory that is free; the rings are taken from it, and so is the spool on a tmpfs
 * @disk:      bytes free where the spool lives
 *
 * The options mean wprof's, where 256000 KB x 8 = 2 GiB: a machine with 2 GiB in all cannot give
 * that. A ring needs no more than a few MiB, since it is emptied all the time; the spool gets a
 * quarter.
 */
struct sizes sizes_plan(uint64_t asked, uint64_t available, uint64_t disk, unsigned int cpus);

#endif
