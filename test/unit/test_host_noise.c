/* Is a failure charged to the host where that may be, and nowhere else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verdict/host_noise.h"
#include "verdict/outcome.h"

#define S 1000000000ull

/* A payload of ten seconds on two vCPUs: ktstr-work's check of a share failed, 31 % went elsewhere.
 */
static struct observation noisy(void)
{
	return (struct observation){
		.hello = true,
		.started = true,
		.exited = true,
		.stop = STOP_BYE,
		.exit = { .kind = KTSTR_EXIT_STATUS, .value = 1 },
		.started_ns = 5 * S,
		.exited_ns = 15 * S,
		.end_ns = 16 * S,
		.test_limit_ms = 10000,
		.host_noise = 10,
		.host_took = { .began = true,
			       .counts = true,
			       .ran_ns = 69 * S / 10,
			       .waited_ns = 31 * S / 10,
			       .uncounted_ns = 15 * S / 10 },
		.work = { .failed = "a.share_spread <= 15%: 40 %", .nr_failed = 1, .nr_timed = 1 },
	};
}

static struct verdict judged(const struct observation *seen)
{
	struct verdict verdict;

	verdict_of(seen, &verdict);
	return verdict;
}

static void a_check_that_the_host_may_have_failed(void **state)
{
	const struct expect as_is = { .kind = EXPECT_PASS }, error = { .kind = EXPECT_ERROR };
	struct observation seen = noisy();
	struct verdict verdict = judged(&seen);

	(void)state;
	assert_int_equal(verdict.kind, VERDICT_INCONCLUSIVE);
	assert_int_equal(verdict.exit_status, 117);
	assert_true(verdict.by_host && verdict.kind_without_host == VERDICT_FAIL);
	assert_string_equal(
		verdict.cause,
		"the host took 31.0 % of the vCPUs' time, more than 10 % (--host-noise); "
		"payload exited with status 1 after 10.0 s; ktstr-work: "
		"a.share_spread <= 15%: 40 %");
	assert_int_equal(outcome_of(&verdict, &as_is), OUTCOME_INCONCLUSIVE);
	/* Nor is it the failure that is expected. */
	assert_int_equal(outcome_of(&verdict, &error), OUTCOME_INCONCLUSIVE);
	assert_false(verdict_wants_repro(verdict.kind));
}

static void the_limit_is_the_users(void **state)
{
	struct observation seen = noisy();

	(void)state;
	seen.host_noise = 0;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.host_noise = 31;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	assert_int_equal(judged(&seen).exit_status, 1);
	seen.host_noise = 30;
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
	/* A host that does not count is charged with nothing. */
	seen.host_took.counts = false;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
}

static void other_failures_stay(void **state)
{
	struct observation seen = noisy();

	(void)state;
	/* A check of where tasks ran. */
	seen.work.nr_failed = 2;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	/* No check at all. */
	seen = noisy();
	memset(&seen.work, 0, sizeof(seen.work));
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	/* Another reason, beside it. */
	seen = noisy();
	seen.exit.value = 3;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.exit.value = 4;
	assert_int_equal(judged(&seen).exit_status, EXIT_SKIP);
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_SIGNAL, .value = 1 };
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen = noisy();
	seen.exit.oom_kills = 1;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen = noisy();
	seen.splats.found = 1;
	seen.splats.kept[0] = (struct splat){ .name = "warning", .line = "WARNING: CPU: 0" };
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen = noisy();
	strcpy(seen.splats.oom_line, "oom-kill:");
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	/* What came behind the payload. */
	seen = noisy();
	seen.stop = STOP_HARD_LOCKUP;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.stop = STOP_FINISH_SILENCE;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.stop = STOP_NONE;
	seen.vmm.end = VMM_END_RESET;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen = noisy();
	seen.panic = true;
	assert_int_equal(judged(&seen).kind, VERDICT_PANIC);
	/* What passed has passed. */
	seen = noisy();
	seen.exit.value = 0;
	assert_int_equal(judged(&seen).kind, VERDICT_PASS);
	assert_int_equal(judged(&seen).exit_status, 0);
}

static void a_payload_that_checks_time_itself(void **state)
{
	struct observation seen = noisy();

	(void)state;
	memset(&seen.work, 0, sizeof(seen.work));
	seen.timed = true;
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
	assert_int_equal(judged(&seen).exit_status, EXIT_HOST_NOISE);
	seen.host_noise = 31;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.host_noise = 10;
	/* No check of time: another status, a signal, a check of where tasks ran. */
	seen.exit.value = 2;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.exit.value = EXIT_NOT_FOUND;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_SIGNAL, .value = 1 };
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_STATUS, .value = 1 };
	seen.work = noisy().work;
	seen.work.nr_failed = 2;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
}

static void a_failure_that_was_expected_and_did_not_come(void **state)
{
	const struct expect as_is = { .kind = EXPECT_PASS }, error = { .kind = EXPECT_ERROR };
	struct observation seen = noisy();
	struct verdict verdict;

	(void)state;
	seen.exit.value = 0;
	memset(&seen.work, 0, sizeof(seen.work));
	seen.expected.expect = &error;
	verdict = judged(&seen);
	assert_int_equal(outcome_of(&verdict, &error), OUTCOME_INCONCLUSIVE);
	assert_int_equal(verdict.exit_status, EXIT_HOST_NOISE);
	assert_true(verdict.by_host && verdict.kind_without_host == VERDICT_PASS);
	assert_string_equal(verdict.cause,
			    "the host took 31.0 % of the vCPUs' time, more than 10 % "
			    "(--host-noise); payload exited with status 0 after 10.0 s, and a "
			    "failure is expected");
	/* On a host that took little it is the test's word. */
	seen.host_noise = 31;
	verdict = judged(&seen);
	assert_int_equal(outcome_of(&verdict, &error), OUTCOME_XPASS);
	/* Nor does a wait of a moment count, however short the payload. */
	seen.host_noise = 10;
	seen.host_took.ran_ns = S / 1000;
	seen.host_took.waited_ns = 90 * S / 1000;
	verdict = judged(&seen);
	assert_int_equal(outcome_of(&verdict, &error), OUTCOME_XPASS);
	/* Where none is expected, nobody asks. */
	seen.host_took = noisy().host_took;
	seen.expected.expect = &as_is;
	assert_int_equal(judged(&seen).kind, VERDICT_PASS);
	/* One that came is as it was expected. */
	seen.expected.expect = &error;
	seen.exit.value = 1;
	verdict = judged(&seen);
	assert_int_equal(outcome_of(&verdict, &error), OUTCOME_XFAIL);
	/* A VM that stood still. */
	seen = noisy();
	seen.expected.expect = &error;
	seen.exit.value = 0;
	memset(&seen.work, 0, sizeof(seen.work));
	seen.host_took.waited_ns = 0;
	seen.host_took.stood_ns = 3 * S;
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
}

static void a_time_limit(void **state)
{
	struct observation seen = noisy();

	(void)state;
	memset(&seen.work, 0, sizeof(seen.work));
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_TIMEOUT };
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
	assert_int_equal(judged(&seen).kind_without_host, VERDICT_TIMEOUT);
	/* One vCPU: its limit has left out all that it waited. */
	seen.host_took.uncounted_ns = 0;
	assert_int_equal(judged(&seen).kind, VERDICT_TIMEOUT);
	/* It slept all the while, and would do so on an idle host. */
	seen.host_took.uncounted_ns = 3 * S / 100;
	seen.host_took.ran_ns = 6 * S / 100;
	seen.host_took.waited_ns = 4 * S / 100;
	assert_int_equal(judged(&seen).kind, VERDICT_TIMEOUT);
	assert_int_equal(judged(&seen).exit_status, EXIT_TIMEOUT);
	/* One that only we could end. */
	seen = noisy();
	seen.exited = false;
	seen.exited_ns = 0;
	seen.stop = STOP_TEST_TIMEOUT;
	seen.heartbeat_ns = seen.end_ns - S;
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
	/* A guest that does not answer has stalled, on whichever host. */
	seen.heartbeat_ns = 0;
	assert_int_equal(judged(&seen).kind, VERDICT_STALL);
}

static void a_vm_that_stood_still(void **state)
{
	struct observation seen = noisy();

	(void)state;
	seen.host_took.waited_ns = 0;
	assert_int_equal(judged(&seen).kind, VERDICT_FAIL);
	seen.host_took.stood_ns = 2 * S;
	assert_int_equal(judged(&seen).kind, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judged(&seen).cause, "the VM stood still for 2.0 s"));
	/* Its time limit does not count that. */
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_TIMEOUT };
	assert_int_equal(judged(&seen).kind, VERDICT_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_that_the_host_may_have_failed),
		cmocka_unit_test(the_limit_is_the_users),
		cmocka_unit_test(other_failures_stay),
		cmocka_unit_test(a_payload_that_checks_time_itself),
		cmocka_unit_test(a_failure_that_was_expected_and_did_not_come),
		cmocka_unit_test(a_time_limit),
		cmocka_unit_test(a_vm_that_stood_still),
	};

	return cmocka_run_group_tests_name("host_noise", tests, NULL, NULL);
}
