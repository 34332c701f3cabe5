/*
 * Do all CPUs idle though a task could run, or does one work on and on in the kernel though another
 * task should have it? Told by the run queues of the guest while it runs: a few reads of its
 * memory, with no word of its own, and without a moment's stop until it is all but certain. Only
 * then it stands still, for the same question once more.
 *
 * Nothing is read of a guest that shows no sign of either: some CPU is busy, and none for long in
 * the kernel alone.
 */
#ifndef KTSTR_RUN_WATCH_QUEUES_H
#define KTSTR_RUN_WATCH_QUEUES_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/runqueues.h"
#include "inspect/source.h"
#include "plan/topology.h"
#include "verdict/observation.h"
#include "vmm/vmm.h"

struct watch_queues {
	/* Set by the caller. */
	uint64_t stall_ns; /* both are found within this, and 5 s at least, on an idle host */

	/* Private. */
	struct inspect_regs regs; /* of init, at the ready point: its page tables stay */
	bool has_regs;
	struct inspect_source memory, source;
	struct inspect *inspect; /* NULL: nothing is suspected, or the kernel was not found */
	uint64_t used_ns;	 /* when something was suspected last */
	uint64_t open_wait_ns, next_open; /* how long after it was not found, and until when */
	struct tasks tasks;
	struct runqueues runqueues;
	uint64_t looked_at, ran_ns; /* at the last look: when, and how long all vCPUs had run */
	uint64_t idle_since;
	uint64_t forgotten, forgotten_since; /* task_struct of who waits, and when that was seen */
	enum wait_by forgotten_by;
	unsigned int nr_seen;	     /* ... so often */
	uint64_t wait_ns, next_stop; /* how long after a stop for nothing, and until when */
	struct kernel_run {
		uint64_t nr;			 /* of the sample that was looked at last */
		uint64_t begin, exits;		 /* all samples since then were in the kernel */
		uint64_t task, nr_switches;	 /* what ran there by then; 0: not looked at yet */
		uint64_t since;			 /* the vCPU's run time then */
		uint64_t rips[OBSERVATION_RIPS]; /* of the last of these samples */
	} runs[TOPOLOGY_MAX_CPUS];
};

/* watch_queues_ready - the guest stands still at its ready point: keep what it takes to look into
 * it later. */
void watch_queues_ready(struct watch_queues *queues, const struct inspect_source *source);

/*
 * watch_queues_look - twice a second
 * @now_ns: on the guest's clock (watch_limits_now); @ran_ns: for how long all vCPUs have run
 * (vmm_sample) Returns STOP_FORGOTTEN or STOP_SOFT_LOCKUP, with stuck_* of @seen, or STOP_NONE.
 */
enum stop_reason watch_queues_look(struct watch_queues *queues, struct vmm *vmm, uint64_t now_ns,
				   uint64_t ran_ns, struct observation *seen);

void watch_queues_destroy(struct watch_queues *queues); /* fine for a zeroed one */

#endif
