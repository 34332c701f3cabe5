/* Could it be the host that failed a test? See host_noise.h. */
#include "verdict/host_noise.h"

#include <stdio.h>
#include <string.h>

/* ktstr-work's, where a check fails: another status has a reason of the payload's own. */
#define CHECK_STATUS 1

/* Nothing but checks of time or share, as far as anybody has said. */
static bool is_of_checks(const struct verdict *verdict, const struct observation *seen)
{
	return verdict->kind == VERDICT_FAIL && !verdict->splat && !verdict->scheduler &&
	       !verdict->signal && !seen->exit.oom_kills && verdict->exit_status == CHECK_STATUS &&
	       work_said_is_timed(&seen->work);
}

static bool is_of_limit(const struct verdict *verdict, const struct observation *seen)
{
	return verdict->kind == VERDICT_TIMEOUT && !verdict->splat && !verdict->scheduler &&
	       !seen->exit.oom_kills;
}

/* How much of the payload's time was that? */
static bool took_of_payload(const struct observation *seen)
{
	uint64_t end = seen->exited_ns ? seen->exited_ns : seen->end_ns;
	double had = (double)(end - seen->started_ns) - (double)seen->host_took.stood_ns;

	return end > seen->started_ns &&
	       100 * (double)seen->host_took.waited_ns > seen->host_noise * had;
}

static void judge(struct verdict *verdict, const char *why)
{
	char cause[sizeof(verdict->cause)];

	memcpy(cause, verdict->cause, sizeof(cause));
	snprintf(verdict->cause, sizeof(verdict->cause), "%s; %.600s", why, cause);
	verdict->by_host = true;
	verdict->kind_without_host = verdict->kind;
	verdict->kind = VERDICT_INCONCLUSIVE;
	verdict->exit_status = EXIT_HOST_NOISE;
}

void host_noise_judge(struct verdict *verdict, const struct observation *seen)
{
	const struct host_took *took = &seen->host_took;
	bool of_checks = is_of_checks(verdict, seen), of_limit = is_of_limit(verdict, seen);
	char why[128];

	if (!seen->host_noise || (!of_checks && !of_limit))
		return;
	if (host_took_percent(took) > seen->host_noise && (of_checks || took_of_payload(seen))) {
		snprintf(why, sizeof(why),
			 "the host took %.0f %% of the vCPUs' time, more than %u %% (--host-noise)",
			 host_took_percent(took), seen->host_noise);
		judge(verdict, why);
	} else if (of_checks && took->stood_ns) {
		snprintf(
			why, sizeof(why),
			"the VM stood still for %.1f s (the launcher was stopped, or the host slept)",
			(double)took->stood_ns / 1e9);
		judge(verdict, why);
	}
}
