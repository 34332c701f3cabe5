/* Could it be the host that decided a test? See host_noise.h. */
#include "verdict/host_noise.h"

#include <stdio.h>
#include <string.h>

/* Where a check fails, ktstr-work's or the payload's own: another status has another reason. */
#define CHECK_STATUS 1

/* Less is lost by chance, and is still a large part of a payload that takes some milliseconds. */
#define LEAST_WAITED_NS 100000000ull

/* The guest came to its end as it should, and nothing of it weighs more than the payload's word. */
static bool is_otherwise_well(const struct verdict *verdict, const struct observation *seen)
{
	return !verdict->splat && !verdict->scheduler && !observation_any_oom(seen) &&
	       seen->vmm.end == VMM_END_STOPPED;
}

/* Nothing but checks of time or share, as far as ktstr-work or the payload's author has said. */
static bool is_of_checks(const struct verdict *verdict, const struct observation *seen)
{
	return verdict->kind == VERDICT_FAIL && is_otherwise_well(verdict, seen) &&
	       seen->stop == STOP_BYE && !verdict->signal && verdict->exit_status == CHECK_STATUS &&
	       (work_said_is_timed(&seen->work) || (seen->timed && !*seen->work.failed));
}

static bool is_of_limit(const struct verdict *verdict, const struct observation *seen)
{
	return verdict->kind == VERDICT_TIMEOUT && is_otherwise_well(verdict, seen) &&
	       (seen->stop == STOP_BYE || seen->stop == STOP_TEST_TIMEOUT);
}

/*
 * A failure was expected and did not come. What starves a task is often bounded in the clock's time
 * (real-time throttling, the fair server), and then starves less in a guest that runs less.
 */
static bool is_of_pass(const struct verdict *verdict, const struct observation *seen)
{
	const struct expect *expect = seen->expected.expect;

	return verdict->kind == VERDICT_PASS && expect && expect->kind != EXPECT_PASS &&
	       seen->host_took.waited_ns + seen->host_took.stood_ns >= LEAST_WAITED_NS;
}

/* Of what the host took, how much did the limit count as the payload's? */
static bool took_of_limit(const struct observation *seen)
{
	const struct host_took *took = &seen->host_took;
	uint64_t end = seen->exited_ns ? seen->exited_ns : seen->end_ns;
	uint64_t free_ns = took->waited_ns - took->uncounted_ns + took->stood_ns;

	return end > seen->started_ns + free_ns &&
	       100 * (double)took->uncounted_ns >
		       seen->host_noise * (double)(end - seen->started_ns - free_ns);
}

static void judge(struct verdict *verdict, const char *why)
{
	char cause[sizeof(verdict->cause)];

	memcpy(cause, verdict->cause, sizeof(cause));
	snprintf(verdict->cause, sizeof(verdict->cause), "%s; %.600s%s", why, cause,
		 verdict->kind == VERDICT_PASS ? ", and a failure is expected" : "");
	verdict->by_host = true;
	verdict->kind_without_host = verdict->kind;
	verdict->kind = VERDICT_INCONCLUSIVE;
	verdict->exit_status = EXIT_HOST_NOISE;
}

void host_noise_judge(struct verdict *verdict, const struct observation *seen)
{
	const struct host_took *took = &seen->host_took;
	bool of_share = is_of_checks(verdict, seen) || is_of_pass(verdict, seen);
	char why[128];

	if (!seen->host_noise || (!of_share && !is_of_limit(verdict, seen)))
		return;
	if (host_took_percent(took) > seen->host_noise && (of_share || took_of_limit(seen))) {
		snprintf(why, sizeof(why),
			 "the host took %.1f %% of the vCPUs' time, more than %u %% (--host-noise)",
			 host_took_percent(took), seen->host_noise);
		judge(verdict, why);
	} else if (of_share && took->stood_ns) {
		snprintf(
			why, sizeof(why),
			"the VM stood still for %.1f s (the launcher was stopped, or the host slept)",
			(double)took->stood_ns / 1e9);
		judge(verdict, why);
	}
}
