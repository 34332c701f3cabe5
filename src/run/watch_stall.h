/*
 * Does a vCPU burn its time without taking an interrupt? Nobody in the guest can tell of a CPU that
 * does, and often the others wait for it. Told by samples of its registers and by its own run time,
 * so that a busy host makes none.
 */
#ifndef KTSTR_RUN_WATCH_STALL_H
#define KTSTR_RUN_WATCH_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/topology.h"
#include "vmm/vmm.h"

/* How often samples are asked for. */
#define WATCH_STALL_SAMPLE_NS 500000000ull
/* Each in the kernel with interrupts off, and nothing done between: a chance of few billionths. */
#define WATCH_STALL_SAMPLES   6u

struct watch_stall {
	uint64_t limit_ns; /* of its own run time; set by the caller */
	uint64_t asked_ns; /* when samples were last asked for; the caller's */
	struct stall_run {
		uint64_t nr;	/* of the sample that was looked at last */
		uint64_t begin; /* its run time at the first of those that follow each other */
		uint64_t exits, timer;
		unsigned int count;
	} runs[TOPOLOGY_MAX_CPUS];
};

/*
 * watch_stall_add - the last sample of vCPU @index. Returns for how much of its own run time it has
 * been stuck, ns, when that is certain (limit_ns), else 0.
 */
uint64_t watch_stall_add(struct watch_stall *stall, unsigned int index,
			 const struct vmm_sample *sample);

/*
 * watch_stall_suspects - may a vCPU be stuck? At least two samples of one say so, and none since
 * denies it: for what is to be left alone then, not for a verdict.
 */
bool watch_stall_suspects(const struct watch_stall *stall);

#endif
