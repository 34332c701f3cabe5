/*
 * What does a VM's end mean for a test? The verdict says what happened; the outcome, whether that
 * is what the test's author wants.
 */
#ifndef KTSTR_VERDICT_OUTCOME_H
#define KTSTR_VERDICT_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "verdict/verdict.h"

enum outcome_kind {
	OUTCOME_PASS,
	OUTCOME_FAIL,	      /* the payload failed, or its guest panicked, stalled, died, lied */
	OUTCOME_TIMEOUT,      /* the payload ran into its limit */
	OUTCOME_XFAIL,	      /* failed, as expect_err or expect_status says it must */
	OUTCOME_XPASS,	      /* passed, though expect_err says that it must not: a failure */
	OUTCOME_SKIP,	      /* not run, or said itself that it cannot (exit status 4): reason */
	OUTCOME_INCONCLUSIVE, /* its ktstr-work saw too little to tell, or the host took too much:
				 no pass, and no failure */
	OUTCOME_ERROR,	 /* the harness or the host could not do it; nothing is known of the test */
	OUTCOME_NOT_RUN, /* the suite was ended before its turn, or in the middle of it */
};

/* "pass", "fail", "timeout", "xfail", "xpass", "skip", "inconclusive", "error", "not-run"
 */
const char *outcome_name(enum outcome_kind kind);
/* outcome_named - the one of this name. Returns whether there is one. */
bool outcome_named(const char *name, enum outcome_kind *kind);

/* Is it one that makes the suite fail? FAIL, TIMEOUT, XPASS, INCONCLUSIVE, ERROR. */
bool outcome_is_bad(enum outcome_kind kind);

/* Does it say whether the test holds? PASS, FAIL, TIMEOUT, XFAIL, XPASS. */
bool outcome_tells(enum outcome_kind kind);

/*
 * outcome_of - pure. Exit status 4 of the payload is a skip (kselftest's).
 *
 * @expect: where a failure is expected, a pass is XPASS, and what the payload did not do itself (no
 * boot, panic, stall) is an ERROR.
 *	EXPECT_ERROR: FAIL and TIMEOUT by the payload itself are XFAIL, but the statuses 126 and 127
 *	are an ERROR: a shell gives them for a command that it cannot run, and then nothing was
 *tested. EXPECT_STATUS: that status, whichever it is, is XFAIL, and nothing else is. EXPECT_STDOUT,
 *EXPECT_STDERR: FAIL and TIMEOUT are XFAIL when the line was seen (said_it). A splat is a failure
 *in any case.
 *
 * A payload that could not be executed is always an ERROR: nothing is known of the test. So is one
 * whose ktstr-work could not do what it was told, but where that status or line is expected.
 * An interrupted VM is NOT_RUN.
 */
enum outcome_kind outcome_of(const struct verdict *verdict, const struct expect *expect);

#endif
