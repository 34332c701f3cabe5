/* What does a run tell `git bisect run`? See bisect.h. */
#include "verdict/bisect.h"

int bisect_status(const struct verdict *verdict, enum outcome_kind outcome, bool started,
		  enum bisect_mode mode)
{
	int broken = started || mode == BISECT_BOOT ? BISECT_BAD : BISECT_SKIP;

	switch (verdict->kind) {
	case VERDICT_PANIC:
	case VERDICT_STALL:
	case VERDICT_DIED:
		return broken;
	case VERDICT_PASS:
	case VERDICT_FAIL:
	case VERDICT_TIMEOUT:
		/* A shell's, for a command that it cannot run: nothing was tested. */
		if (outcome == OUTCOME_FAIL && !verdict->signal && !verdict->splat &&
		    (verdict->exit_status == EXIT_NOT_FOUND ||
		     verdict->exit_status == EXIT_NOT_EXECUTABLE))
			return BISECT_SKIP;
		if (outcome == OUTCOME_PASS || outcome == OUTCOME_XFAIL)
			return BISECT_GOOD;
		return outcome_is_bad(outcome) && outcome != OUTCOME_ERROR ? BISECT_BAD
									   : BISECT_SKIP;
	case VERDICT_ERROR:
	case VERDICT_INCONCLUSIVE:
		return outcome == OUTCOME_XFAIL ? BISECT_GOOD : BISECT_SKIP;
	case VERDICT_PROTOCOL:
	case VERDICT_NOT_RUN:
	case VERDICT_INTERRUPTED:
		break;
	}
	return BISECT_SKIP;
}

void bisect_vote(struct bisect_votes *votes, enum outcome_kind outcome, int status)
{
	if (outcome == OUTCOME_SKIP)
		return;
	votes->good += status == BISECT_GOOD;
	votes->bad += status == BISECT_BAD;
	votes->untold += status == BISECT_SKIP;
}

int bisect_votes_status(const struct bisect_votes *votes)
{
	if (votes->bad)
		return BISECT_BAD;
	return votes->good && !votes->untold ? BISECT_GOOD : BISECT_SKIP;
}
