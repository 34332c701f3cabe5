/* Does the clock of the limits count what the guest had, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/guest_clock.h"

#define MS 1000000ull

/* From 5 s on, as any host's clock; times in ms. */
static uint64_t step(struct guest_clock *clock, uint64_t now, uint64_t idle)
{
	return guest_clock_step(clock, (5000 + now) * MS, idle * MS) / MS;
}

static struct guest_clock started(void)
{
	struct guest_clock clock;

	guest_clock_start(&clock, 5000 * MS);
	return clock;
}

static void runs_with_the_host(void **state)
{
	struct guest_clock clock = started();

	(void)state;
	assert_int_equal(step(&clock, 0, 0), 0);
	assert_int_equal(step(&clock, 100, 0), 100);
	assert_int_equal(step(&clock, 350, 0), 350);
	/* Back and again: nothing twice. */
	assert_int_equal(step(&clock, 300, 0), 350);
	assert_int_equal(step(&clock, 350, 0), 350);
	assert_int_equal(step(&clock, 400, 0), 400);
}

static void idle_time_is_free(void **state)
{
	struct guest_clock clock = started();

	(void)state;
	assert_int_equal(step(&clock, 100, 60), 40);
	assert_int_equal(step(&clock, 200, 160), 40);
	/* Told late: by then three steps were charged in full. */
	assert_int_equal(step(&clock, 300, 160), 140);
	assert_int_equal(step(&clock, 400, 160), 240);
	assert_int_equal(step(&clock, 410, 390), 240);
	assert_int_equal(step(&clock, 500, 390), 240);
	assert_int_equal(step(&clock, 700, 390), 310);
	/* A count that goes back is no time. */
	assert_int_equal(step(&clock, 800, 0), 410);
}

static void a_stop_is_one_step(void **state)
{
	struct guest_clock clock = started();

	(void)state;
	assert_int_equal(step(&clock, 100, 0), 100);
	assert_int_equal(step(&clock, 3600100, 0), 1100);
	assert_int_equal(step(&clock, 3600200, 0), 1200);
	assert_int_equal(clock.stood_ns / MS, 3599000);
	/* A wait is none, however late it is told. */
	assert_int_equal(step(&clock, 3610200, 9500), 1700);
	assert_int_equal(clock.stood_ns / MS, 3599000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_with_the_host),
		cmocka_unit_test(idle_time_is_free),
		cmocka_unit_test(a_stop_is_one_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
