/* What does a VM's end mean for a test? See outcome.h. */
#include "verdict/outcome.h"

#include <string.h>

const char *outcome_name(enum outcome_kind kind)
{
	switch (kind) {
	case OUTCOME_PASS:
		return "pass";
	case OUTCOME_FAIL:
		return "fail";
	case OUTCOME_TIMEOUT:
		return "timeout";
	case OUTCOME_XFAIL:
		return "xfail";
	case OUTCOME_XPASS:
		return "xpass";
	case OUTCOME_SKIP:
		return "skip";
	case OUTCOME_INCONCLUSIVE:
		return "inconclusive";
	case OUTCOME_ERROR:
		return "error";
	case OUTCOME_NOT_RUN:
		return "not-run";
	}
	return "unknown";
}

bool outcome_named(const char *name, enum outcome_kind *kind)
{
	for (*kind = OUTCOME_PASS; *kind <= OUTCOME_NOT_RUN; (*kind)++)
		if (!strcmp(name, outcome_name(*kind)))
			return true;
	return false;
}

bool outcome_tells(enum outcome_kind kind)
{
	return kind == OUTCOME_PASS || kind == OUTCOME_FAIL || kind == OUTCOME_TIMEOUT ||
	       kind == OUTCOME_XFAIL || kind == OUTCOME_XPASS;
}

bool outcome_is_bad(enum outcome_kind kind)
{
	return kind == OUTCOME_FAIL || kind == OUTCOME_TIMEOUT || kind == OUTCOME_XPASS ||
	       kind == OUTCOME_INCONCLUSIVE || kind == OUTCOME_ERROR;
}

static enum outcome_kind outcome_of_failure(const struct verdict *verdict,
					    const struct expect *expect)
{
	/* What a signal made of it is no status that the payload gave. */
	int status = verdict->signal ? 0 : verdict->exit_status;

	/* What the scheduler did is no error of the payload's. */
	if (verdict->scheduler)
		return expect->kind == EXPECT_SCX && verdict->said_it ? OUTCOME_XFAIL
								      : OUTCOME_FAIL;

	if (expect->kind == EXPECT_STATUS && status == (int)expect->status)
		return OUTCOME_XFAIL;
	/* Also where a failure is expected: what cannot run here has not failed. */
	if (status == EXIT_SKIP)
		return OUTCOME_SKIP;
	switch (expect->kind) {
	case EXPECT_PASS:
	case EXPECT_STATUS:
		break;
	case EXPECT_ERROR:
		return status == EXIT_NOT_FOUND || status == EXIT_NOT_EXECUTABLE ? OUTCOME_ERROR
										 : OUTCOME_XFAIL;
	case EXPECT_STDOUT:
	case EXPECT_STDERR:
	case EXPECT_SCX:
		return verdict->said_it ? OUTCOME_XFAIL : OUTCOME_FAIL;
	}
	return OUTCOME_FAIL;
}

static enum outcome_kind outcome_of_timeout(const struct verdict *verdict,
					    const struct expect *expect)
{
	bool expected = expect->kind == EXPECT_ERROR ||
			((expect->kind == EXPECT_STDOUT || expect->kind == EXPECT_STDERR ||
			  expect->kind == EXPECT_SCX) &&
			 verdict->said_it);

	return expected ? OUTCOME_XFAIL : OUTCOME_TIMEOUT;
}

/* Only who says which failure it is to be can mean this one. */
static bool expects_work(const struct verdict *verdict, const struct expect *expect)
{
	if (!verdict->by_work)
		return false;
	return expect->kind == EXPECT_STATUS ? verdict->exit_status == (int)expect->status
					     : verdict->said_it;
}

enum outcome_kind outcome_of(const struct verdict *verdict, const struct expect *expect)
{
	switch (verdict->kind) {
	case VERDICT_PASS:
		return expect->kind == EXPECT_PASS ? OUTCOME_PASS : OUTCOME_XPASS;
	case VERDICT_FAIL:
		return verdict->splat ? OUTCOME_FAIL : outcome_of_failure(verdict, expect);
	case VERDICT_TIMEOUT:
		return verdict->splat ? OUTCOME_TIMEOUT : outcome_of_timeout(verdict, expect);
	case VERDICT_PANIC:
	case VERDICT_STALL:
	case VERDICT_DIED:
	case VERDICT_PROTOCOL:
		/* Whoever expects an error expects the payload's, not that of a broken guest. */
		return expect->kind == EXPECT_PASS ? OUTCOME_FAIL : OUTCOME_ERROR;
	case VERDICT_INTERRUPTED:
		return OUTCOME_NOT_RUN;
	case VERDICT_INCONCLUSIVE:
		return expects_work(verdict, expect) ? OUTCOME_XFAIL : OUTCOME_INCONCLUSIVE;
	case VERDICT_ERROR:
		return expects_work(verdict, expect) ? OUTCOME_XFAIL : OUTCOME_ERROR;
	case VERDICT_NOT_RUN:
		break;
	}
	return OUTCOME_ERROR;
}
