/* Does the trace of a failure mark what happened, with the verdict's cause, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run/look_marks.h"
#include "trace/decode.h"

static struct observation seen;
static struct verdict verdict;

/* The trace, and of its marks "NS NAME" each. */
static struct {
	uint8_t trace[8192];
	size_t size;
	char marks[32][600];
	size_t nr_marks;
} got;

static int take(void *data, const void *bytes, size_t size, struct failure *failure)
{
	(void)data;
	(void)failure;
	assert_true(got.size + size <= sizeof(got.trace));
	memcpy(got.trace + got.size, bytes, size);
	got.size += size;
	return 0;
}

static int take_mark(void *data, const struct trace_mark *mark, struct failure *failure)
{
	(void)data;
	(void)failure;
	assert_true(got.nr_marks < sizeof(got.marks) / sizeof(got.marks[0]));
	snprintf(got.marks[got.nr_marks++], sizeof(got.marks[0]), "%llu %.*s",
		 (unsigned long long)mark->ns, (int)mark->name.size, mark->name.data);
	return 0;
}

static void write_marks(uint64_t failed_ns)
{
	const struct trace_sink sink = { NULL, take };
	const struct trace_reader reader = { .mark = take_mark };
	struct failure failure;

	got.size = got.nr_marks = 0;
	assert_int_equal(look_marks_write(&sink, &seen, &verdict, failed_ns, &failure), 0);
	assert_int_equal(trace_decode(got.trace, got.size, &reader, &failure), 0);
}

static int set_up(void **state)
{
	(void)state;
	memset(&verdict, 0, sizeof(verdict));
	snprintf(verdict.cause, sizeof(verdict.cause), "payload exited with status 3");
	return observation_init(&seen);
}

static int tear_down(void **state)
{
	(void)state;
	observation_destroy(&seen);
	return 0;
}

static void what_did_not_happen_has_none(void **state)
{
	(void)state;
	write_marks(0);
	assert_int_equal(got.nr_marks, 0);
	write_marks(9000);
	assert_int_equal(got.nr_marks, 1);
	assert_string_equal(got.marks[0], "9000 failure: payload exited with status 3");
}

static void a_payload_with_a_failed_check(void **state)
{
	(void)state;
	seen.guest_started_ns = 2000;
	seen.exited = true;
	seen.exit.end_ns = 8000;
	snprintf(seen.work.failed, sizeof(seen.work.failed), "a.wake_max was 2 s");
	seen.work.task.pid = 7;
	seen.work.task.from_ns = 5000;
	write_marks(9000);
	assert_int_equal(got.nr_marks, 4);
	assert_string_equal(got.marks[0], "2000 payload starts");
	assert_string_equal(got.marks[1], "8000 payload ends");
	assert_string_equal(got.marks[2], "5000 ktstr-work: a.wake_max was 2 s");
	assert_string_equal(got.marks[3], "9000 failure: payload exited with status 3");
	/* A check that names no time failed by the end. */
	seen.work.task.pid = 0;
	write_marks(9000);
	assert_string_equal(got.marks[2], "9000 ktstr-work: a.wake_max was 2 s");
}

static void a_scheduler_is_attached_and_ejected(void **state)
{
	struct ktstr_sched sched = { .state = KTSTR_SCHED_ATTACHED, .end_ns = 1000, .ops = "x" };

	(void)state;
	scheduler_seen_report(&seen.scheduler, &sched);
	write_marks(0);
	assert_int_equal(got.nr_marks, 1);
	assert_string_equal(got.marks[0], "1000 scheduler 'x' is attached");
	snprintf(seen.scheduler.reason, sizeof(seen.scheduler.reason), "stall");
	snprintf(seen.scheduler.message, sizeof(seen.scheduler.message), "yes[1] failed to run");
	sched = (struct ktstr_sched){ .state = KTSTR_SCHED_ENDED, .end_ns = 7000 };
	scheduler_seen_report(&seen.scheduler, &sched);
	write_marks(0);
	assert_string_equal(got.marks[1],
			    "7000 scheduler 'x' is ejected: stall: yes[1] failed to run");
}

static void say(uint32_t state, uint32_t flags, uint64_t end_ns, uint64_t gone_ns, const char *ops)
{
	struct ktstr_sched sched = {
		.state = state, .flags = flags, .end_ns = end_ns, .gone_ns = gone_ns
	};

	strcpy(sched.ops, ops);
	scheduler_seen_report(&seen.scheduler, &sched);
}

/* Also behind one that failed, and only what came before the failure. */
static void each_scheduler_has_its_marks(void **state)
{
	static const char *const marks[] = {
		"1000 scheduler 'a' is attached", "2000 scheduler 'a' is stopped",
		"3000 scheduler 'b' is attached", "4000 scheduler 'b' ends",
		"5000 scheduler 'c' is attached", "9000 failure: payload exited with status 3",
	};

	(void)state;
	say(KTSTR_SCHED_ATTACHED, 0, 1000, 0, "a");
	say(KTSTR_SCHED_ENDED, KTSTR_SCHED_STOPPED, 0, 2000, "");
	say(KTSTR_SCHED_ATTACHED, 0, 3000, 0, "b");
	say(KTSTR_SCHED_ENDED, 0, 4000, 4500, "");
	say(KTSTR_SCHED_ATTACHED, 0, 5000, 0, "c");
	say(KTSTR_SCHED_ENDED, KTSTR_SCHED_STOPPED, 0, 9500, "");
	write_marks(9000);
	assert_int_equal(got.nr_marks, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(got.marks[i], marks[i]);
}

/* The last ones, that is: a test may replace them without end. */
static void of_many_schedulers_the_last_ones_have_marks(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 3 * SCHEDULER_LIVES; i++) {
		say(KTSTR_SCHED_ATTACHED, 0, 1000 * i, 0, "a");
		say(KTSTR_SCHED_ENDED, KTSTR_SCHED_STOPPED, 0, 1000 * i + 500, "");
	}
	assert_int_equal(seen.scheduler.nr_lives, SCHEDULER_LIVES);
	assert_int_equal(seen.scheduler.lives[0].attached_ns, 1000 * (2 * SCHEDULER_LIVES + 1));
	write_marks(0);
	assert_int_equal(got.nr_marks, SCHEDULER_LIVES);
	assert_string_equal(got.marks[SCHEDULER_LIVES - 1], "48000 scheduler 'a' is attached");
}

/* As long as it can be: cut, and no more than that. */
static void a_long_cause_is_cut(void **state)
{
	(void)state;
	memset(verdict.cause, 'x', sizeof(verdict.cause) - 1);
	write_marks(9000);
	assert_int_equal(got.nr_marks, 1);
	assert_true(strlen(got.marks[0]) > 500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_did_not_happen_has_none),
		TEST(a_payload_with_a_failed_check),
		TEST(a_scheduler_is_attached_and_ejected),
		TEST(each_scheduler_has_its_marks),
		TEST(of_many_schedulers_the_last_ones_have_marks),
		TEST(a_long_cause_is_cut),
	};

	return cmocka_run_group_tests_name("look_marks", tests, NULL, NULL);
}
