/* Is each of a scheduler's ends told apart, and does the verdict say it? Hostile words included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verdict/outcome.h"
#include "verdict/verdict.h"
#include "verdict/verifier.h"

#define MS(ms) ((ms)*1000000ull)

#define STALL                                                                                      \
	"[   28.622467] sched_ext: BPF scheduler \"scx_x\" disabled (runnable task stall)\n"       \
	"[   28.623022] sched_ext: scx_x: yes[189] failed to run for 2.240s\n"
#define UNREGISTERED                                                                               \
	"[    8.865950] sched_ext: BPF scheduler \"scx_x\" disabled (unregistered from user space)\n"

static struct observation seen;
static struct verdict verdict;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(observation_init(&seen), 0);
	seen.hello = true;
	seen.begin_ns = MS(1000);
	seen.hello_ns = MS(2000);
	seen.stop = STOP_BYE;
	seen.end_ns = MS(9000);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	observation_destroy(&seen);
	return 0;
}

static void attached(void)
{
	const struct ktstr_sched sched = { .state = KTSTR_SCHED_ATTACHED, .ops = "scx_x" };

	scheduler_seen_report(&seen.scheduler, &sched);
}

static void ended(uint32_t kind, uint32_t value, uint32_t flags)
{
	const struct ktstr_sched sched = {
		.state = KTSTR_SCHED_ENDED, .kind = kind, .value = value, .flags = flags
	};

	scheduler_seen_report(&seen.scheduler, &sched);
}

static void kernel(const char *text)
{
	scheduler_seen_kernel(&seen.scheduler, text, strlen(text));
}

static void payload(uint32_t status)
{
	seen.started = seen.exited = true;
	seen.started_ns = MS(3000);
	seen.exited_ns = MS(5000);
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_STATUS, .value = status };
}

static void check(const char *word, enum verdict_kind kind, int status, const char *cause)
{
	verdict_of(&seen, &verdict);
	assert_string_equal(verdict.cause, cause);
	assert_int_equal(verdict.kind, kind);
	assert_int_equal(verdict.exit_status, status);
	assert_string_equal(scheduler_word(&seen.scheduler), word);
}

#define LOG   "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n"
#define COUNT "processed 7 insns (limit 1000000) max_states_per_insn 0\n-- END PROG LOAD LOG --\n"

static void never_attached(void **state)
{
	const struct ktstr_sched sched = { .state = KTSTR_SCHED_FAILED,
					   .value = 1,
					   .reason = "ended with status 1" };
	const char *words = LOG "R0 invalid mem access 'scalar'\n" COUNT "libbpf: failed to load\n";

	(void)state;
	tail_add(&seen.scheduler.text, words, strlen(words));
	scheduler_seen_report(&seen.scheduler, &sched);
	check("never-attached", VERDICT_ERROR, 125,
	      "scheduler was never attached: ended with status 1; the verifier: R0 invalid mem "
	      "access 'scalar'; its last line: libbpf: failed to load");
}

static void exited_by_itself(void **state)
{
	(void)state;
	attached();
	kernel(UNREGISTERED);
	ended(KTSTR_EXIT_STATUS, 7, KTSTR_SCHED_DISABLED);
	payload(0);
	check("exited", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' exited with status 7 while the payload ran; payload exited with "
	      "status 0 after 2.0 s");
	ended(KTSTR_EXIT_SIGNAL, 11, KTSTR_SCHED_DISABLED);
	check("exited", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was killed by SIGSEGV (signal 11) while the payload ran; payload "
	      "exited with status 0 after 2.0 s");
}

static void ejected(void **state)
{
	(void)state;
	attached();
	/* In pieces, wherever they are cut. */
	for (const char *byte = STALL; *byte; byte++)
		scheduler_seen_kernel(&seen.scheduler, byte, 1);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_DISABLED);
	payload(4);
	check("ejected", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was ejected by the kernel: runnable task stall: yes[189] failed to "
	      "run for 2.240s; payload exited with status 4 after 2.0 s");
}

/* The machine is stopped for longer than sched_ext's watchdog waits. */
static void what_comes_of_the_look_is_no_end(void **state)
{
	(void)state;
	attached();
	scheduler_seen_hold(&seen.scheduler);
	kernel(STALL);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_STOPPED);
	payload(4);
	check("fine", VERDICT_FAIL, 4,
	      "payload exited with status 4 after 2.0 s under scheduler 'scx_x'");
}

static void what_was_said_before_the_look_stays(void **state)
{
	(void)state;
	attached();
	kernel(STALL);
	scheduler_seen_hold(&seen.scheduler);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_DISABLED);
	payload(4);
	check("ejected", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was ejected by the kernel: runnable task stall: yes[189] failed to "
	      "run for 2.240s; payload exited with status 4 after 2.0 s");
}

static void it_is_said_when_it_failed(void **state)
{
	struct ktstr_sched sched = { .state = KTSTR_SCHED_ENDED,
				     .kind = KTSTR_EXIT_STATUS,
				     .value = 1,
				     .flags = KTSTR_SCHED_DISABLED,
				     .end_ns = MS(5100) };

	(void)state;
	attached();
	kernel(STALL);
	scheduler_seen_report(&seen.scheduler, &sched);
	payload(0);
	seen.exit.start_ns = MS(3000);
	check("ejected", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was ejected by the kernel 2.1 s after the payload's start: runnable "
	      "task stall: yes[189] failed to run for 2.240s; payload exited with status 0 after 2.0 "
	      "s");
	seen.exit.start_ns = MS(5101);
	check("ejected", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was ejected by the kernel before the payload's start: runnable "
	      "task stall: yes[189] failed to run for 2.240s; payload exited with status 0 after 2.0 "
	      "s");
}

static void why_it_was_never_attached(void **state)
{
	const struct ktstr_sched sched = { .state = KTSTR_SCHED_FAILED, .reason = "ended" };

	(void)state;
	kernel("sched_ext: BPF scheduler \"scx_x\" disabled (runtime error)\n"
	       "sched_ext: scx_x: ops.init() failed (-95)\n");
	scheduler_seen_report(&seen.scheduler, &sched);
	check("never-attached", VERDICT_ERROR, 125,
	      "scheduler was never attached: ended; the kernel: runtime error: ops.init() failed "
	      "(-95)");
	/* It is tried again, with success: that is over. */
	seen.scheduler.state = SCHEDULER_NONE;
	attached();
	payload(0);
	check("attached", VERDICT_PASS, 0,
	      "payload exited with status 0 after 2.0 s under scheduler 'scx_x'");
}

static void next(uint32_t state, const char *ops)
{
	struct ktstr_sched sched = { .state = state, .reason = "ended with status 1" };

	snprintf(sched.ops, sizeof(sched.ops), "%s", ops);
	scheduler_seen_report(&seen.scheduler, &sched);
}

static void a_replaced_one_has_not_failed(void **state)
{
	(void)state;
	attached();
	kernel(UNREGISTERED);
	ended(KTSTR_EXIT_STATUS, 0, KTSTR_SCHED_STOPPED);
	next(KTSTR_SCHED_ATTACHED, "scx_y");
	ended(KTSTR_EXIT_STATUS, 0, KTSTR_SCHED_STOPPED);
	payload(0);
	check("fine", VERDICT_PASS, 0,
	      "payload exited with status 0 after 2.0 s under scheduler 'scx_y' (replaced 1 time)");
	kernel("sched_ext: BPF scheduler \"scx_z\" disabled (runtime error)\n");
	next(KTSTR_SCHED_FAILED, "");
	check("never-attached", VERDICT_PASS, 0,
	      "payload exited with status 0 after 2.0 s; the scheduler that was to replace 'scx_y' "
	      "was never attached: ended with status 1 (replaced 2 times)");
	next(KTSTR_SCHED_ATTACHED, "scx_x");
	kernel(STALL);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_DISABLED);
	verdict_of(&seen, &verdict);
	assert_int_equal(verdict.exit_status, 118);
}

static void one_that_failed_is_not_forgiven(void **state)
{
	(void)state;
	attached();
	kernel(STALL);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_DISABLED);
	next(KTSTR_SCHED_ATTACHED, "scx_y");
	kernel(UNREGISTERED);
	ended(KTSTR_EXIT_STATUS, 0, KTSTR_SCHED_STOPPED);
	payload(0);
	check("ejected", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was ejected by the kernel: runnable task stall: yes[189] failed to "
	      "run for 2.240s; payload exited with status 0 after 2.0 s");
	assert_string_equal(seen.scheduler.ops_at_end, "scx_y");
}

static void the_payload_failed_under_it(void **state)
{
	(void)state;
	attached();
	kernel(UNREGISTERED);
	ended(KTSTR_EXIT_STATUS, 0, KTSTR_SCHED_STOPPED);
	payload(3);
	check("fine", VERDICT_FAIL, 3,
	      "payload exited with status 3 after 2.0 s under scheduler 'scx_x'");
	assert_null(verdict.scheduler);
}

static void fine(void **state)
{
	(void)state;
	attached();
	kernel(UNREGISTERED);
	ended(KTSTR_EXIT_SIGNAL, 9, KTSTR_SCHED_STOPPED | KTSTR_SCHED_KILLED);
	payload(0);
	check("fine", VERDICT_PASS, 0,
	      "payload exited with status 0 after 2.0 s under scheduler 'scx_x'");
}

static void an_ejection_is_expected(void **state)
{
	struct pattern pattern = { 0 };
	struct expect expect = { .kind = EXPECT_PASS };
	struct error err;

	(void)state;
	assert_int_equal(pattern_parse("expect_scx_exit", "*yes*failed to run*", &pattern, &err),
			 0);
	seen.scheduler.expected = &pattern;
	attached();
	payload(0);
	check("attached", VERDICT_FAIL, 118,
	      "scheduler 'scx_x' was not ejected, and its ejection as '*yes*failed to run*' is "
	      "expected; payload exited with status 0 after 2.0 s");
	assert_int_equal(outcome_of(&verdict, &expect), OUTCOME_FAIL);
	kernel(STALL);
	ended(KTSTR_EXIT_STATUS, 1, KTSTR_SCHED_DISABLED);
	verdict_of(&seen, &verdict);
	assert_int_equal(outcome_of(&verdict, &expect), OUTCOME_PASS);
	pattern_free(&pattern);
}

static void an_error_is_expected_of_the_scheduler(void **state)
{
	struct expect expect = { .kind = EXPECT_PASS }, any = { .kind = EXPECT_ERROR };
	struct error err;

	(void)state;
	assert_int_equal(expect_parse("expect_err", "scx:/task stall$/", &expect, &err), 0);
	seen.expected.expect = &expect;
	attached();
	payload(0);
	ended(KTSTR_EXIT_STATUS, 9, KTSTR_SCHED_DISABLED);
	verdict_of(&seen, &verdict);
	assert_int_equal(outcome_of(&verdict, &expect), OUTCOME_FAIL);
	seen.scheduler.state = SCHEDULER_ATTACHED;
	kernel(STALL);
	ended(KTSTR_EXIT_STATUS, 9, KTSTR_SCHED_DISABLED);
	verdict_of(&seen, &verdict);
	assert_int_equal(outcome_of(&verdict, &expect), OUTCOME_XFAIL);
	/* An error of the payload's is another matter. */
	assert_int_equal(outcome_of(&verdict, &any), OUTCOME_FAIL);
	expect_free(&expect);
}

static void check_verifier(const char *text, const char *expected)
{
	char line[64];

	verifier_reason(text, line, sizeof(line));
	assert_string_equal(line, expected);
}

static void what_the_verifier_says(void **state)
{
	(void)state;
	check_verifier("", "");
	check_verifier(LOG, "");
	check_verifier("x: could not be loaded\nprocessed 3 files\n", "");
	check_verifier(LOG "8: (61) r0 = 0\nR0 invalid mem access 'scalar'\n" COUNT "failed\n",
		       "R0 invalid mem access 'scalar'");
	/* Linux 7.3 explains itself in between. */
	check_verifier(LOG "R0 invalid\n\n \nVerification failed: Register Type Safety\nReason:\n"
			   "  R0 is a scalar\n" COUNT,
		       "R0 invalid");
	/* The last one; and nothing of a log whose end is missing. */
	check_verifier(LOG "first\n" COUNT LOG "sec\tond\x1b\n" COUNT, "sec ond?");
	check_verifier(LOG "first\n" COUNT LOG "second", "");
	check_verifier(LOG COUNT, "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --");
}

static void hostile_words(void **state)
{
	struct ktstr_sched sched = { .state = KTSTR_SCHED_ATTACHED };
	char events[SCHEDULER_EVENTS_SIZE + 100];

	(void)state;
	memset(sched.ops, '\n', sizeof(sched.ops));
	scheduler_seen_report(&seen.scheduler, &sched);
	assert_null(strchr(seen.scheduler.ops, '\n'));
	memset(events, 'e', sizeof(events));
	scheduler_seen_events(&seen.scheduler, events, sizeof(events));
	assert_int_equal(strlen(seen.scheduler.events), SCHEDULER_EVENTS_SIZE - 1);
	kernel("sched_ext: BPF scheduler \"\" disabled (\n");
	kernel("sched_ext: BPF scheduler \"x\" disabled )\n");
	assert_string_equal(seen.scheduler.reason, "");
	kernel("sched_ext: BPF scheduler \"x\" disabled (a\x01)\n");
	assert_null(strchr(seen.scheduler.reason, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(never_attached, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exited_by_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ejected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_comes_of_the_look_is_no_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_said_before_the_look_stays, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_is_said_when_it_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(why_it_was_never_attached, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_replaced_one_has_not_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_failed_is_not_forgiven, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_payload_failed_under_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_ejection_is_expected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_error_is_expected_of_the_scheduler, set_up,
						tear_down),
		cmocka_unit_test(what_the_verifier_says),
		cmocka_unit_test_setup_teardown(hostile_words, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("scheduler_seen", tests, NULL, NULL);
}
