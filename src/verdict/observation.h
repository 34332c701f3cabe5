/*
 * What was seen of one VM, from power-on to its end? Facts only, no judgement; the verdict and the
 * reports read nothing else.
 */
#ifndef KTSTR_VERDICT_OBSERVATION_H
#define KTSTR_VERDICT_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "../../guest/protocol.h"
#include "util/tail.h"
#include "verdict/expect.h"
#include "verdict/host_took.h"
#include "verdict/inside.h"
#include "verdict/metrics.h"
#include "verdict/scheduler.h"
#include "verdict/splats.h"
#include "verdict/work_said.h"
#include "vmm/vmm.h"

/* Why we ended the machine ourselves (vmm_end is VMM_END_STOPPED). */
enum stop_reason {
	STOP_NONE,	      /* we did not */
	STOP_BYE,	      /* the guest had said all */
	STOP_BOOT_TIMEOUT,    /* no word from init within the boot budget */
	STOP_PREPARE_TIMEOUT, /* init spoke, but neither payload nor its failure followed */
	STOP_TEST_TIMEOUT,    /* the time limit passed and the guest's init did not enforce it */
	STOP_FINISH_SILENCE,  /* the payload had ended, then the guest fell silent */
	STOP_FINISH_TIMEOUT,  /* the payload had ended, the guest lives but does not come to its end
			       */
	STOP_OTHER_MACHINE,   /* the guest runs on fewer CPUs or nodes than it was given */
	STOP_HARD_LOCKUP,     /* a vCPU ran on and on in the kernel with interrupts off: stuck_* */
	STOP_ALL_IDLE,	      /* no word from init, though no vCPU had anything to do: stuck_ns */
	STOP_FORGOTTEN,	      /* all CPUs idle, though a task could run: stuck_waiting, stuck_ns */
	STOP_SOFT_LOCKUP,     /* a CPU works on in the kernel, though another task should have it:
				 stuck_* */
	STOP_PANIC,	      /* the kernel panicked and did not reset by itself in time */
	STOP_SIGNAL,	      /* the user interrupted */
};

/* State of the tracer in this VM. */
enum tracer_seen {
	TRACER_OFF,    /* not asked for */
	TRACER_SILENT, /* asked for, but the guest never said a word about it */
	TRACER_READY,  /* recording; nothing came after that */
	TRACER_DONE,   /* ended well */
	TRACER_FAILED, /* see tracer_reason */
};

/* What came of the trace file. */
enum trace_seen {
	TRACE_NONE,	  /* none was begun */
	TRACE_INCOMPLETE, /* begun, but it did not come whole: nothing was kept */
	TRACE_COMPLETE,	  /* whole, CRC right, in its file */
	TRACE_UNWRITTEN,  /* it came, but could not be written on the host: trace_error */
};

#define OBSERVATION_RIPS 8u

struct observation {
	/* The beginning of the machine. */
	bool forked;	       /* from a base, which had booted to its ready point */
	uint64_t base_boot_ns; /* what that took, once for all its forks */

	/* The end of the machine. */
	struct vmm_result vmm;
	enum stop_reason stop;
	int signal; /* for STOP_SIGNAL */
	unsigned int stuck_vcpu;
	uint64_t stuck_ns; /* of the vCPU's own run time; where all idle: of the guest's */
	uint64_t stuck_rip;
	/* Where a soft lockup's vCPU was at its last samples; 0: there were fewer. */
	uint64_t stuck_rips[OBSERVATION_RIPS];
	struct inspect_task stuck_task; /* what runs there */
	struct waiting stuck_waiting;	/* what waits; names in both are the guest's */

	/* What init said. */
	bool hello;
	char release[65]; /* uname -r of the guest, or what the image says before hello */
	uint32_t cpus_online, cpus_wanted;
	uint32_t nodes_online, nodes_wanted;
	uint64_t memory_mib;	 /* that the guest was given */
	char lacks_library[256]; /* an interpreter in the guest without its library; or "" */
	bool machine_reduced;	 /* by the user's own kernel parameters: fewer are no surprise */
	/* A command of the setup has failed, so that there was no payload. */
	bool setup_failed;
	struct ktstr_setup setup;
	const char *const *setup_commands; /* the caller's; @setup's index is one of them */
	uint64_t setup_limit_ms;
	bool started;
	bool exited;
	struct ktstr_exited exit;

	/* What the kernel did while the payload ran that nobody asked for. */
	struct splats splats;
	struct scheduler_seen scheduler;
	/* How the payload is to fail, and whether it said what it is to say. */
	struct expect_watch expected;

	/* What the payload measured, as it says. */
	struct metrics metrics;
	/* What ktstr-work said of itself, in its name. */
	struct work_said work;

	/* The guest at the moment of its failure, from outside. */
	struct inside inside;

	/* What init said of a failure while it lived (enum ktstr_own_words_part). */
	struct own_words {
		bool said;
		uint32_t error; /* errno: there is no such part; 0 */
		struct tail text;
	} own_words[KTSTR_WORDS_NR];

	/* The kernel's last words. */
	bool panic;
	char panic_line[256]; /* "Kernel panic - not syncing: ..." without timestamp, printable */
	struct tail console;
	struct tail kmsg;
	struct tail init_log; /* KTSTR_LOG lines */

	/* The tracer. */
	enum tracer_seen tracer;
	char tracer_reason[256];
	struct tail tracer_text; /* what the tracer printed; "!!! Drops" lines among it */
	enum trace_seen trace;
	char trace_error[ERROR_TEXT_SIZE];
	uint64_t trace_size; /* bytes */

	/* Host's CLOCK_MONOTONIC, nanoseconds; 0: did not come to it. */
	uint64_t begin_ns; /* vCPUs start */
	uint64_t hello_ns;
	uint64_t ready_ns; /* the guest was ready for its job; of a fork: the fork began */
	uint64_t started_ns;
	uint64_t guest_started_ns; /* likewise, on the guest's CLOCK_BOOTTIME */
	uint64_t exited_ns;
	uint64_t end_ns;
	uint64_t heartbeat_ns; /* the last one */

	/* The limits that were in force, milliseconds; test 0: none. */
	uint64_t boot_limit_ms;
	uint64_t test_limit_ms;

	/* What the host kept of the vCPUs' time while the payload ran. */
	struct host_took host_took;
	unsigned int host_noise; /* percent of it that fails no check of time; 0: all may */
	bool timed;		 /* the payload's author says that its status 1 is such a check */

	int output_error; /* errno of passing the payload's output on; 0: it all went out */
	uint64_t stdout_bytes;
	uint64_t stderr_bytes;
};

/* How much is kept of each of the guest's logs, bytes. */
#define OBSERVATION_TAIL_SIZE (64 * 1024)

/* Returns 0 or -ENOMEM. */
int observation_init(struct observation *observation);
void observation_destroy(struct observation *observation);

/* observation_any_oom - did the kernel kill for want of memory while the payload ran? */
bool observation_any_oom(const struct observation *observation);

/* observation_start - "forked" or "booted"; NULL: the machine never ran. */
const char *observation_start(const struct observation *observation);

/*
 * observation_guest_ns - a moment of the host's CLOCK_MONOTONIC on the guest's CLOCK_BOOTTIME, but
 * for what the host did not give it; 0: the payload had not started by then
 */
uint64_t observation_guest_ns(const struct observation *observation, uint64_t host_ns);

#endif
