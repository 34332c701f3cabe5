/* What does it mean, in one word, one line and one exit status? A pure function of what was seen.
 */
#ifndef KTSTR_VERDICT_VERDICT_H
#define KTSTR_VERDICT_VERDICT_H

#include <stdbool.h>

#include "verdict/observation.h"

enum verdict_kind {
	VERDICT_PASS,
	VERDICT_FAIL,	  /* the payload ended with a status other than 0 or by a signal; or the
			     kernel warned or the like: splat; or its scheduler failed */
	VERDICT_TIMEOUT,  /* the payload ran into its time limit, and the guest was alive */
	VERDICT_PANIC,	  /* the guest's kernel panicked */
	VERDICT_STALL,	  /* the guest stopped making progress: boot, or no word past a deadline */
	VERDICT_DIED,	  /* the machine ended before the payload's verdict: reset, power-off */
	VERDICT_PROTOCOL, /* the guest wrote what no honest init writes */
	VERDICT_NOT_RUN,  /* the payload could not be executed in the guest (126, 127) */
	VERDICT_INCONCLUSIVE, /* the payload's ktstr-work saw too little to tell, or the host took
				 too much: by_host */
	VERDICT_ERROR, /* the launcher or its host could not do it, or the payload's ktstr-work:
			  by_work */
	VERDICT_INTERRUPTED, /* the user stopped it */
};

/*
 * Exit statuses that are ours (README, "Exit status"). The payload's own 0..123 pass through, so
 * those for the guest can collide with a payload's; the first line of the report tells them
 * apart.
 */
#define EXIT_SKIP	    4 /* the payload's: KSFT_SKIP of tools/testing/selftests/kselftest.h */
#define EXIT_HOST_NOISE	    117
#define EXIT_SCHEDULER	    118
#define EXIT_GUEST_SPLAT    119
#define EXIT_GUEST_PANIC    120
#define EXIT_GUEST_STALL    121
#define EXIT_GUEST_DIED	    122
#define EXIT_GUEST_PROTOCOL 123
#define EXIT_TIMEOUT	    124
#define EXIT_HOST_ERROR	    125 /* git bisect run skips */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND	    127
#define EXIT_SIGNAL_BASE    128

struct verdict {
	enum verdict_kind kind;
	int exit_status;
	int signal; /* that killed the payload; 0: none (status 137 is not SIGKILL) */
	/*
	 * Of a payload's own end, whichever: the kind of the kernel's first splat that is not
	 * allowed, as in struct splat; NULL: there was none.
	 */
	const char *splat;
	/*
	 * Of a payload's own end: the scheduler failed, as scheduler_word has it ("ejected",
	 * "exited", or "not-ejected" where that was expected); NULL: it did not, or is none.
	 */
	const char *scheduler;
	/*
	 * An ERROR or INCONCLUSIVE by the word of ktstr-work, of a payload that has failed with
	 * @exit_status.
	 */
	bool by_work;
	/*
	 * An INCONCLUSIVE as the host took too much of the vCPUs' time (host_noise.h), and what it
	 * would be else.
	 */
	bool by_host;
	enum verdict_kind kind_without_host;
	bool said_it;	 /* the line that is expected of the payload was in its output */
	char cause[768]; /* one printable line: "payload exited with status 7 after 1.3 s" */
};

/*
 * verdict_of - judge one VM. A payload status of 124..255 is passed through as it is; the cause
 * line says that it is the payload's.
 */
void verdict_of(const struct observation *observation, struct verdict *verdict);

/*
 * verdict_add_work - of a payload's own end, which the cause tells: what its ktstr-work said. A
 * payload that passed, or ended with a status, has then not been tested: its status stays its own,
 * but 0 becomes EXIT_HOST_ERROR. What weighs more stays, and has it in its cause: a failed check, a
 * skip, a signal, a time limit, what the kernel did, the scheduler's failure.
 */
void verdict_add_work(struct verdict *verdict, const struct work_said *said);

/*
 * verdict_add_expected - of a payload that failed, but perhaps not as @expect has it: say so in the
 * cause. NULL: nothing is expected.
 */
void verdict_add_expected(struct verdict *verdict, const struct expect *expect);

/*
 * verdict_stuck_frame - in the backtrace of the stuck vCPU's CPU the frame of what a soft lockup is
 * in; else 0, also where nothing was read
 */
unsigned int verdict_stuck_frame(const struct observation *seen);

/* "pass", "fail", "timeout", "panic", "stall", "died", "protocol", "not-run",
 * "inconclusive", "error", "interrupted" */
const char *verdict_name(enum verdict_kind kind);

/* Did the test fail in a way that a second, traced VM can shed light on? */
bool verdict_wants_repro(enum verdict_kind kind);

/* What the repro VM did, seen against the first; @repro is NULL when there was none. */
enum repro_result {
	REPRO_NOT_RUN,
	REPRO_SAME,	 /* the same kind, exit status or signal, and kind of splat */
	REPRO_OTHER,	 /* failed in another way */
	REPRO_PASSED,	 /* passed this time */
	REPRO_UNDECIDED, /* interrupted, or the host could not */
};
enum repro_result verdict_compare(const struct verdict *first, const struct verdict *repro);
/* "not-run", "same-failure", "other-failure", "passed", "undecided" */
const char *repro_result_name(enum repro_result result);

#endif
