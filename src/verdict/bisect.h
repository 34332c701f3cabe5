/* What does a run tell `git bisect run`? It takes 0 for good, 1 to 127 for bad, 125 for "skip this
 * one", and more than 127 ends the bisection (git-bisect(1)). */
#ifndef KTSTR_VERDICT_BISECT_H
#define KTSTR_VERDICT_BISECT_H

#include <stdbool.h>

#include "verdict/outcome.h"

enum bisect_mode {
	BISECT_OFF,
	BISECT_TEST, /* the payload decides: a kernel that does not come to it is skipped */
	BISECT_BOOT, /* such a kernel is bad */
};

#define BISECT_GOOD 0
#define BISECT_BAD  1
#define BISECT_SKIP 125

/*
 * bisect_status - never over 127: what says nothing of the kernel (no result, the host's fault, an
 * interruption, a payload that could not be run or skipped itself) is a skip.
 * @started: the payload ran
 */
int bisect_status(const struct verdict *verdict, enum outcome_kind outcome, bool started,
		  enum bisect_mode mode);

/* A suite: bad where one is, good where all that ran are, else a skip. */
struct bisect_votes {
	unsigned int good, bad, untold;
};

/*
 * bisect_vote - one test's. @status: its bisect_status; a test that was skipped, by itself or by
 * the plan, has no vote.
 */
void bisect_vote(struct bisect_votes *votes, enum outcome_kind outcome, int status);
int bisect_votes_status(const struct bisect_votes *votes);

#endif
