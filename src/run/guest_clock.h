/*
 * How much time has the guest really had? All limits are counted on this clock: it runs with the
 * host's, less what the host kept the guest from running (the vCPU that waited most), and less what
 * we ourselves were stopped.
 */
#ifndef KTSTR_RUN_GUEST_CLOCK_H
#define KTSTR_RUN_GUEST_CLOCK_H

#include <stdint.h>

/*
 * The most that one step counts, ns. Steps come ten times a second; where one is longer, we were
 * stopped (Ctrl-Z) or starved, and what the guest did meanwhile has not been looked at yet.
 */
#define GUEST_CLOCK_STEP_NS 1000000000ull

struct guest_clock {
	uint64_t charged_ns; /* what the clock shows */
	uint64_t stood_ns;   /* what was left out as we did not run, in all */
	/* Private: the last step, and idle time that is still to be taken off. */
	uint64_t now_ns, idle_ns, credit_ns;
};

/* @now_ns: the host's CLOCK_MONOTONIC */
void guest_clock_start(struct guest_clock *clock, uint64_t now_ns);

/*
 * guest_clock_step - @idle_ns: how long in all the guest could not run although it wanted to; never
 * goes back. Returns what the clock shows.
 */
uint64_t guest_clock_step(struct guest_clock *clock, uint64_t now_ns, uint64_t idle_ns);

#endif
