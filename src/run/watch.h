/*
 * What happens in the VM, as it happens? Turns the VMM's callbacks into an observation: passes the
 * payload's output on, stores the trace, keeps the logs' tails, and stops the machine at its
 * limits.
 */
#ifndef KTSTR_RUN_WATCH_H
#define KTSTR_RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "report/artefacts.h"
#include "run/attach.h"
#include "run/cargo.h"
#include "run/feed.h"
#include "run/guest_clock.h"
#include "verdict/observation.h"
#include "vmm/vmm.h"

/* init enforces the test's limit; a guest in which it has not done so after this much has stalled.
 */
#define WATCH_STALL_TIMEOUT_MS 10000

struct watch {
	struct observation *seen; /* the caller's */
	struct vmm *vmm;	  /* the machine that is watched; the caller's */
	struct cargo *cargo;	  /* what the guest is handed over; the caller's */
	/* At its ready point the machine is to become this base, and to end; or NULL. */
	struct base *take;
	int take_result; /* base_take's, where it became none; then it goes on, if it has a cargo */
	struct error take_error; /* likewise; else "" */
	struct artefacts *artefacts;
	const char *trace_suffix;  /* name of the trace among the artefacts */
	uint64_t max_trace_size;   /* bytes; no honest trace is larger than the guest's memory */
	int cancel_fd;		   /* a signalfd, or -1 */
	uint64_t stall_timeout_ms; /* init's time for the test's limit; 0: WATCH_STALL_TIMEOUT_MS */
	/* Where the payload's output and the guest's console go; -1: nowhere. */
	int out_fd, err_fd, console_fd;
	struct attach *attach; /* the user's terminal, or NULL */
	struct feed *feed;     /* the payload's standard input, or NULL; not with a terminal */

	/* Private from here on. */
	struct artefact_file trace_file;
	uint64_t trace_expected, trace_crc;
	uint64_t waited_ns;	  /* the most of any vCPU, at the last tick */
	uint64_t blocked_ns;	  /* spent waiting for a slow reader of the output */
	uint64_t looked_at;	  /* for signals and keys, during that */
	struct guest_clock clock; /* the guest's own, and times on it: */
	uint64_t started_at, exited_at, last_frame_at, panic_at;
	uint64_t started_boot_ns; /* the host's CLOCK_BOOTTIME when the payload started */
	uint64_t panic_heard;	  /* what the guest had said when its panic came (channel_said) */
	char line[512];		  /* the console's current line */
	size_t line_used;
	struct sink {
		int fd;	      /* -1: it takes nothing any more */
		size_t chunk; /* most bytes of one write */
		bool may_block;
		bool is_stderr; /* the same terminal, pipe or file: our own words go there, too */
	} out, err, console;
	char last_on_stderr; /* the last byte of these; 0: none */
};

/* Set the public fields first. */
void watch_init(struct watch *watch);
/* The callbacks for vmm_run; @watch must outlive it. */
struct vmm_owner watch_owner(struct watch *watch);
/*
 * watch_ends_line - after vmm_run: did the guest's output leave a line without an end where
 * standard error goes? Then that end is to come before the next word of ours.
 */
bool watch_ends_line(const struct watch *watch);

/* After vmm_run: drops a trace that did not come whole and says so in the observation. */
void watch_finish(struct watch *watch);

#endif
