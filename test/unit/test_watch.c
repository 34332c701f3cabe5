/*
 * Which panic's line on the console is the kernel's own, and which was printed by somebody else?
 * And how long may a tracer take to start?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static uint64_t time_ms;

static int fake_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	*now = (struct timespec){ .tv_sec = (time_t)(time_ms / 1000),
				  .tv_nsec = (long)(time_ms % 1000) * 1000000 };
	return 0;
}

#define clock_gettime fake_clock
#include "../../src/run/watch.c"
#undef clock_gettime

#include "vmm/machine.h"

#define LINE "[    3.141592] Kernel panic - not syncing: why\n"

static struct ktstr_channel header;
static struct vmm vmm;
static struct observation seen;
static struct watch watch;

/* A guest whose payload runs, 10 s after the boot. */
static int set_up(void **state)
{
	(void)state;
	time_ms = 10000;
	memset(&header, 0, sizeof(header));
	vmm.channel = (struct channel){ .region = &header, .ring.head = &header.head };
	if (observation_init(&seen))
		return -1;
	watch = (struct watch){ .seen = &seen,
				.vmm = &vmm,
				.cancel_fd = -1,
				.out_fd = -1,
				.err_fd = -1,
				.console_fd = -1 };
	watch_init(&watch);
	seen.hello = seen.started = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	observation_destroy(&seen);
	return 0;
}

/* Let @ms pass, with a look at the limits ten times a second; true: the machine is stopped. */
static bool pass(unsigned int ms)
{
	bool stopped = false;

	for (uint64_t until = time_ms + ms; time_ms < until; time_ms += 100)
		stopped = on_tick(&watch, watch.vmm, 0);
	return stopped;
}

static void print_line(void)
{
	on_console(&watch, watch.vmm, (const uint8_t *)LINE, strlen(LINE));
	assert_true(seen.panic);
	assert_string_equal(seen.panic_line, "Kernel panic - not syncing: why");
}

/* A frame that the guest puts into the ring now. */
static void speak(uint16_t type, uint32_t length)
{
	const struct ktstr_heartbeat heartbeat = { 0 };
	struct error err;

	header.head += 32;
	vmm.channel.ring.at = header.head;
	assert_true(on_frame(&watch, watch.vmm, type, &heartbeat, length, &err) >= 0);
}

/* A slow console: the kernel prints its call trace before it stops the other CPUs. */
static void others_may_speak_while_a_panic_prints(void **state)
{
	(void)state;
	print_line();
	for (int i = 0; i < 9; i++) {
		assert_false(pass(500));
		speak(KTSTR_STDOUT, 4);
	}
	speak(KTSTR_HEARTBEAT, 8);
	assert_true(seen.panic);
	/* It does not reset: it is stopped. */
	assert_true(pass(20000));
	assert_int_equal(seen.stop, STOP_PANIC);
}

static void who_goes_on_has_not_panicked(void **state)
{
	(void)state;
	print_line();
	for (int i = 0; i < 10; i++) {
		assert_false(pass(1000));
		speak(KTSTR_HEARTBEAT, 8);
	}
	assert_false(seen.panic);
	assert_string_equal(seen.panic_line, "");
	/* A later one counts again. */
	print_line();
	assert_true(pass(20000));
	assert_int_equal(seen.stop, STOP_PANIC);
}

static void a_guest_that_ends_well_has_not_panicked(void **state)
{
	(void)state;
	print_line();
	speak(KTSTR_BYE, 0);
	assert_false(seen.panic);
	assert_int_equal(seen.stop, STOP_BYE);
}

static void what_was_said_before_proves_nothing(void **state)
{
	const struct ktstr_heartbeat heartbeat = { 0 };
	struct error err;

	(void)state;
	header.head = 32;
	print_line();
	pass(6000);
	vmm.channel.ring.at = 32;
	assert_int_equal(
		on_frame(&watch, watch.vmm, KTSTR_HEARTBEAT, &heartbeat, sizeof(heartbeat), &err),
		0);
	assert_true(seen.panic);
}

/* Init waits for its ready line, and tells in the end that there was none: not before it does. */
static void a_tracer_has_all_the_time_that_init_gives_it(void **state)
{
	(void)state;
	seen.started = false;
	seen.boot_limit_ms = 20000;
	seen.tracer = TRACER_SILENT;
	for (unsigned int i = 0; i < KTSTR_TRACER_READY_S + 20; i++) {
		assert_false(pass(1000));
		speak(KTSTR_HEARTBEAT, 8);
	}
	/* A guest that has fallen silent is not given as much. */
	assert_true(pass(61000));
	assert_int_equal(seen.stop, STOP_PREPARE_TIMEOUT);
}

static void a_guest_that_hangs_before_its_payload_is_stopped(void **state)
{
	(void)state;
	seen.started = false;
	seen.boot_limit_ms = 20000;
	seen.tracer = TRACER_SILENT;
	speak(KTSTR_HEARTBEAT, 8);
	assert_false(pass(59000));
	assert_true(pass(2000));
	assert_int_equal(seen.stop, STOP_PREPARE_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(others_may_speak_while_a_panic_prints, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_goes_on_has_not_panicked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_guest_that_ends_well_has_not_panicked, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_said_before_proves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_tracer_has_all_the_time_that_init_gives_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_guest_that_hangs_before_its_payload_is_stopped,
						set_up, tear_down),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
