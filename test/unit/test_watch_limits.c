/* How long may a guest take for each part of its life, and is it the guest's time that counts? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/watch_limits.h"

#define MS     1000000ull
#define SECOND (1000 * MS)

/* The host's clocks begin somewhere. */
static uint64_t now, boot_now;
static struct watch_limits limits;

static void start(bool at_ready, bool tracer)
{
	now = 12345 * SECOND;
	boot_now = 99999 * SECOND;
	limits = (struct watch_limits){ .boot_ms = 20000,
					.test_ms = 30000,
					.stall_ms = 10000,
					.tracer = tracer,
					.at_ready = at_ready };
	watch_limits_start(&limits, now);
}

/* Let @ms pass, with a look ten times a second, until a limit is over. */
static enum stop_reason pass(uint64_t ms)
{
	enum stop_reason reason = STOP_NONE;

	for (uint64_t at = 0; at < ms && reason == STOP_NONE; at += 100) {
		now += 100 * MS;
		boot_now += 100 * MS;
		reason = watch_limits_check(&limits, now);
	}
	return reason;
}

/* The same of a guest that lives. */
static enum stop_reason pass_alive(uint64_t ms)
{
	enum stop_reason reason = STOP_NONE;

	for (uint64_t at = 0; at < ms && reason == STOP_NONE; at += 1000) {
		reason = pass(1000);
		watch_limits_frame(&limits, now);
	}
	return reason;
}

static void booting(void **state)
{
	(void)state;
	start(false, true);
	assert_int_equal(pass(20000), STOP_NONE);
	assert_int_equal(pass(100), STOP_BOOT_TIMEOUT);
}

static void preparing(void **state)
{
	(void)state;
	start(false, false);
	assert_int_equal(pass(15000), STOP_NONE);
	watch_limits_hello(&limits);
	/* From power-on, not from the first word. */
	assert_int_equal(pass_alive(5000), STOP_NONE);
	assert_int_equal(pass(100), STOP_PREPARE_TIMEOUT);
}

/* Init waits for its ready line, and tells in the end that there was none: not before it does. */
static void a_tracer_has_all_the_time_that_init_gives_it(void **state)
{
	(void)state;
	start(false, true);
	watch_limits_hello(&limits);
	assert_int_equal(pass_alive((KTSTR_TRACER_READY_S + 20) * 1000), STOP_NONE);
	/* A guest that has fallen silent is not given as much. */
	assert_int_equal(pass(60000), STOP_PREPARE_TIMEOUT);
	/* And not for ever. */
	start(false, true);
	watch_limits_hello(&limits);
	assert_int_equal(pass_alive((20 + KTSTR_TRACER_READY_S + 30) * 1000), STOP_NONE);
	assert_int_equal(pass_alive(1000), STOP_PREPARE_TIMEOUT);
}

static void a_guest_that_hangs_before_its_payload_is_stopped(void **state)
{
	(void)state;
	start(false, true);
	watch_limits_hello(&limits);
	watch_limits_frame(&limits, now);
	assert_int_equal(pass(60000), STOP_NONE);
	assert_int_equal(pass(100), STOP_PREPARE_TIMEOUT);
}

/* A machine that begins at its ready point has no boot that could fail, only what comes then. */
static void from_the_ready_point(void **state)
{
	(void)state;
	start(true, false);
	assert_int_equal(pass_alive(20000), STOP_NONE);
	assert_int_equal(pass(100), STOP_PREPARE_TIMEOUT);
	start(true, true);
	assert_int_equal(pass_alive(100000), STOP_NONE);
	watch_limits_started(&limits, now, boot_now);
	assert_int_equal(pass_alive(40000), STOP_NONE);
	assert_int_equal(pass_alive(1000), STOP_TEST_TIMEOUT);
}

static void start_payload(void)
{
	start(false, false);
	watch_limits_hello(&limits);
	assert_int_equal(pass_alive(5000), STOP_NONE);
	watch_limits_started(&limits, now, boot_now);
	watch_limits_frame(&limits, now);
}

/* Its limit is init's to enforce, for as long as it takes; the clock begins with the payload. */
static void testing(void **state)
{
	(void)state;
	start_payload();
	assert_int_equal(pass_alive(40000), STOP_NONE);
	assert_int_equal(pass(100), STOP_TEST_TIMEOUT);
}

static void without_a_limit_only_silence_counts(void **state)
{
	(void)state;
	start_payload();
	limits.test_ms = 0;
	assert_int_equal(pass_alive(3600 * 1000), STOP_NONE);
	assert_int_equal(pass(60000), STOP_NONE);
	assert_int_equal(pass(100), STOP_TEST_TIMEOUT);
}

static void finishing(void **state)
{
	(void)state;
	start_payload();
	watch_limits_exited(&limits, now);
	watch_limits_frame(&limits, now);
	assert_int_equal(pass(60000), STOP_NONE);
	assert_int_equal(pass(100), STOP_FINISH_SILENCE);

	start_payload();
	watch_limits_exited(&limits, now);
	assert_int_equal(pass_alive(300000), STOP_NONE);
	assert_int_equal(pass(100), STOP_FINISH_TIMEOUT);
}

/* What could not be executed never started; it has ended all the same. */
static void finishing_without_a_start(void **state)
{
	(void)state;
	start(false, false);
	watch_limits_hello(&limits);
	watch_limits_exited(&limits, now);
	assert_int_equal(pass_alive(50000), STOP_NONE);
}

static void time_that_the_host_took_does_not_count(void **state)
{
	(void)state;
	/* Another guest had the CPU: 15 of 30 s. */
	start(false, false);
	for (unsigned int i = 0; i < 300; i++) {
		watch_limits_waited(&limits, limits.waited_ns + 50 * MS);
		assert_int_equal(pass(100), STOP_NONE);
	}
	/* The host cannot tell any more: what it has told stays. */
	watch_limits_waited(&limits, 0);
	assert_int_equal(limits.waited_ns, 15 * SECOND);
	assert_int_equal(pass(5000), STOP_NONE);
	assert_int_equal(pass(100), STOP_BOOT_TIMEOUT);

	/* A reader of the output was slow, for 30 s; and the launcher was stopped for an hour. */
	start(false, false);
	now += 30 * SECOND;
	watch_limits_blocked(&limits, 30 * SECOND);
	assert_int_equal(watch_limits_check(&limits, now), STOP_NONE);
	now += 3600 * SECOND;
	/* Of that step one second counts, since nobody had looked at what the guest did. */
	assert_int_equal(pass(19100), STOP_NONE);
	assert_int_equal(pass(100), STOP_BOOT_TIMEOUT);
}

/* CLOCK_BOOTTIME counts a host's sleep, CLOCK_MONOTONIC does not. */
static void what_stood_still_is_told(void **state)
{
	uint64_t slept = 0;

	(void)state;
	start(false, false);
	/* Before the payload: nobody's. */
	now += 100 * SECOND;
	start_payload();
	watch_limits_started(&limits, now, now);
	assert_int_equal(pass_alive(2000), STOP_NONE);
	assert_int_equal(watch_limits_stood(&limits, now, now), 0);
	now += 20 * SECOND;
	assert_int_equal(watch_limits_stood(&limits, now, now), 19 * SECOND);
	slept = 50 * SECOND;
	assert_int_equal(watch_limits_stood(&limits, now, now + slept), 69 * SECOND);
}

static void a_panic_goes_before_all_else(void **state)
{
	(void)state;
	start(false, false);
	assert_int_equal(pass(19000), STOP_NONE);
	watch_limits_panic(&limits, now, 100);
	/* Past the boot's limit: it prints. */
	assert_int_equal(pass(10000), STOP_NONE);
	assert_int_equal(pass(100), STOP_PANIC);
}

static void doubt_needs_a_word_and_time(void **state)
{
	(void)state;
	start_payload();
	/* No panic, no doubt. */
	assert_false(watch_limits_doubt(&limits, now, 1000, true));
	watch_limits_panic(&limits, now, 100);
	/* Said before the line, read after it, however late. */
	assert_int_equal(pass(6000), STOP_NONE);
	assert_false(watch_limits_doubt(&limits, now, 100, false));
	assert_false(watch_limits_doubt(&limits, now, 100, true));
	assert_true(watch_limits_doubt(&limits, now, 101, false));
	assert_false(watch_limits_doubt(&limits, now, 101, false));
	watch_limits_frame(&limits, now);
	assert_int_equal(pass(15000), STOP_NONE);

	/* Other CPUs still run while the trace is printed. */
	start_payload();
	watch_limits_panic(&limits, now, 100);
	assert_int_equal(pass(4900), STOP_NONE);
	assert_false(watch_limits_doubt(&limits, now, 200, false));
	assert_int_equal(pass(100), STOP_NONE);
	assert_true(watch_limits_doubt(&limits, now, 200, false));

	/* But no panicked kernel comes to its end in order. */
	start_payload();
	watch_limits_panic(&limits, now, 100);
	assert_true(watch_limits_doubt(&limits, now, 200, true));
}

static void what_the_guest_lost_is_told(void **state)
{
	(void)state;
	start_payload();
	/* It has had all. */
	assert_int_equal(pass_alive(10000), STOP_NONE);
	assert_int_equal(watch_limits_lost(&limits, now, boot_now), 0);
	/* Of 10 s the host took 4. */
	watch_limits_waited(&limits, 4 * SECOND);
	assert_int_equal(pass_alive(10000), STOP_NONE);
	assert_int_equal(watch_limits_lost(&limits, now, boot_now), 4 * SECOND);
	/* It slept for a night, which its monotonic clock does not know. */
	boot_now += 8 * 3600 * SECOND;
	assert_int_equal(watch_limits_lost(&limits, now, boot_now), (8 * 3600 + 4) * SECOND);
	/* Never less than none: the two clocks are not read at the same moment. */
	start_payload();
	assert_int_equal(watch_limits_lost(&limits, now + MS, boot_now), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(booting),
		cmocka_unit_test(preparing),
		cmocka_unit_test(a_tracer_has_all_the_time_that_init_gives_it),
		cmocka_unit_test(a_guest_that_hangs_before_its_payload_is_stopped),
		cmocka_unit_test(from_the_ready_point),
		cmocka_unit_test(testing),
		cmocka_unit_test(without_a_limit_only_silence_counts),
		cmocka_unit_test(finishing),
		cmocka_unit_test(finishing_without_a_start),
		cmocka_unit_test(time_that_the_host_took_does_not_count),
		cmocka_unit_test(what_stood_still_is_told),
		cmocka_unit_test(a_panic_goes_before_all_else),
		cmocka_unit_test(doubt_needs_a_word_and_time),
		cmocka_unit_test(what_the_guest_lost_is_told),
	};

	return cmocka_run_group_tests_name("watch limits", tests, NULL, NULL);
}
