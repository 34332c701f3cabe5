/*
 * What happens in the VM, as it happens? Turns the VMM's callbacks into an observation: checks the
 * order in which the guest speaks (watch_order), passes the payload's output on (watch_output),
 * stores the trace (watch_trace), keeps the logs' tails, and stops the machine at its limits
 * (watch_limits).
 */
#ifndef KTSTR_RUN_WATCH_H
#define KTSTR_RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "flight/flight.h"
#include "report/artefacts.h"
#include "run/attach.h"
#include "run/cargo.h"
#include "run/feed.h"
#include "run/look.h"
#include "run/panic_line.h"
#include "run/watch_limits.h"
#include "run/watch_order.h"
#include "run/watch_output.h"
#include "run/watch_queues.h"
#include "run/watch_stall.h"
#include "run/watch_trace.h"
#include "verdict/observation.h"
#include "vmm/vmm.h"

struct watch {
	struct observation *seen; /* the caller's */
	struct cargo *cargo;	  /* what the guest is handed over; the caller's */
	/* At its ready point the machine is to become this base, and to end; or NULL. */
	struct base *take;
	struct touched *touched; /* a fork's: to be noted when the payload starts; or NULL */
	int take_result; /* base_take's, where it became none; then it goes on, if it has a cargo */
	struct error take_error; /* likewise; else "" */
	/*
	 * The machine begins at its ready point: hello and ready have been said in another one.
	 * What they told the caller has put into @seen: hello, release, CPUs, nodes, ready_ns.
	 */
	bool at_ready;
	struct artefacts *artefacts;
	const char *trace_suffix;  /* name of the trace among the artefacts */
	uint64_t max_trace_size;   /* bytes; no honest trace is larger than the guest's memory */
	bool scheduler;		   /* one is tested */
	size_t nr_setup;	   /* commands of the setup */
	uint64_t prepare_ms;	   /* what a scheduler and a setup may take before the payload */
	int cancel_fd;		   /* a signalfd, or -1 */
	uint64_t stall_timeout_ms; /* init's time for the test's limit; 0: WATCH_STALL_TIMEOUT_MS */
	/* Where the payload's output and the guest's console go; -1: nowhere. */
	int out_fd, err_fd, console_fd;
	struct attach *attach; /* the user's terminal, or NULL */
	uint64_t
		record_size; /* bytes of each CPU's ring of the flight recorder; 0: there is none */
	struct feed *feed;   /* the payload's standard input, or NULL; not with a terminal */
	struct look *look;   /* what is looked at when the test fails, or NULL */

	/* Private from here on; trace.file.path is that of a trace that came whole. */
	struct flight flight;
	struct watch_order order;
	struct watch_limits limits;
	struct watch_stall stall;
	struct watch_queues queues;
	uint64_t ran_at_frame_ns; /* how long all vCPUs had run when the guest last spoke */
	uint64_t frames, frames_at_sample;
	struct watch_output output;
	struct watch_trace trace;
	struct panic_line panic_line;
	uint64_t look_ns;   /* how long the machine stood still to be looked at */
	uint64_t asked_ns;  /* when a guest that stalls was asked for its own words; 0: never */
	uint64_t looked_at; /* for signals and keys, while a reader is slow */
};

/* Set the public fields first, and in the observation what the machine is to be. */
void watch_init(struct watch *watch);
/* The callbacks for vmm_run; @watch must outlive it. */
struct vmm_owner watch_owner(struct watch *watch);
/*
 * watch_ends_line - after vmm_run: did the guest's output leave a line without an end where
 * standard error goes? Then that end is to come before the next word of ours.
 */
bool watch_ends_line(const struct watch *watch);

/*
 * watch_look_at_end - after vmm_run, before vmm_destroy, and after watch_finish: a machine that
 * failed is looked at, where it was not when it failed.
 */
void watch_look_at_end(struct watch *watch, struct vmm *vmm);

/*
 * After vmm_run: drops a trace that did not come whole; now the observation tells all, what came of
 * the trace and of the output included.
 */
void watch_finish(struct watch *watch);

/* After the last look; watch_init may follow. */
void watch_destroy(struct watch *watch);

#endif
