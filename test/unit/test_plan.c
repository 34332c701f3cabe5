/* Is a test's memory derived by the one rule, and is the operator's word kept as it was given? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

static const struct topology small = TOPOLOGY(1, 1, 2, 1);
static const struct topology large = TOPOLOGY(1, 14, 9, 2); /* 252 CPUs */

/* With arguments for rings that the floor covers. */
static uint64_t memory(const struct topology *topology, uint64_t mib, bool wprof)
{
	return plan_test_memory_mib(&(struct plan_wish){
		.topology = *topology, .memory_mib = mib, .wprof = wprof, .wprof_args = "" });
}

static void derives_memory(void **state)
{
	(void)state;
	assert_int_equal(memory(&small, 0, false), 256);
	assert_int_equal(memory(&small, 255, false), 256);
	assert_int_equal(memory(&small, 257, false), 257);
	assert_int_equal(memory(&large, 2048, false), 64 * 252);
	assert_int_equal(memory(&large, 20000, false), 20000);
	/* The tracer's floor lifts what is below it and leaves the rest alone. */
	assert_int_equal(memory(&small, 0, true), 2048);
	assert_int_equal(memory(&small, 2047, true), 2048);
	assert_int_equal(memory(&small, 2048, true), 2048);
	assert_int_equal(memory(&small, 2049, true), 2049);
	assert_int_equal(memory(&large, 0, true), 64 * 252);
	assert_true(memory(&small, UINT64_MAX, true) == UINT64_MAX);
}

static void the_flight_recorder_comes_on_top(void **state)
{
	struct plan_wish wish = { .topology = small, .record_mib = 4 };

	(void)state;
	assert_int_equal(plan_test_memory_mib(&wish), 256 + 4 * topology_cpus(&small));
	wish.topology = large;
	assert_int_equal(plan_test_memory_mib(&wish), (64 + 4) * 252);
	wish.memory_mib = 20000;
	assert_int_equal(plan_test_memory_mib(&wish), 20000);
	wish.record_mib = UINT64_MAX / 2;
	assert_true(plan_test_memory_mib(&wish) == UINT64_MAX);
	/* Beside the tracer's rings, and within its floor. */
	wish = (struct plan_wish){ .topology = small, .record_mib = 4, .wprof = true };
	assert_int_equal(plan_test_memory_mib(&wish), 2048);
	wish.topology = (struct topology)TOPOLOGY(1, 1, 8, 1);
	assert_int_equal(plan_test_memory_mib(&wish), 2048 + 512 + 4 * 8);
}

static void who_speaks_of_the_flight_recorder(void **state)
{
	const struct record_word silent = { 0 }, none = { .said = true }, eight = { true, 8 };
	struct plan_wish wish = { .record_mib = 1 };

	(void)state;
	plan_wish_record(&wish, &silent, &silent, false);
	assert_int_equal(wish.record_mib, 0);
	plan_wish_record(&wish, &silent, &silent, true);
	assert_int_equal(wish.record_mib, PLAN_RECORD_MIB);
	assert_false(wish.record_asked);
	plan_wish_record(&wish, &silent, &eight, true);
	assert_int_equal(wish.record_mib, 8);
	assert_true(wish.record_asked);
	plan_wish_record(&wish, &none, &eight, true);
	assert_int_equal(wish.record_mib, 0);
	assert_false(wish.record_asked);
	plan_wish_record(&wish, &eight, &none, false);
	assert_int_equal(wish.record_mib, 8);
}

static void a_flight_recorder_that_does_not_fit_is_left_out(void **state)
{
	struct plan_wish wish = { .topology = small, .record_mib = 4 };
	struct plan_override override = { .memory_mib = 64 };
	struct error err = { "" };
	struct plan plan;

	(void)state;
	/* An eighth of what was given. */
	assert_int_equal(plan_make(&wish, &override, &plan, NULL), 0);
	assert_int_equal(plan.record_mib, 4);
	assert_string_equal(plan.no_record, "");
	override.memory_mib = 63;
	assert_int_equal(plan_make(&wish, &override, &plan, NULL), 0);
	assert_int_equal(plan.record_mib, 0);
	assert_int_equal(plan.memory_mib, 63);
	assert_string_equal(
		plan.no_record,
		"2 CPUs' rings of 4 MiB are more than an eighth of the memory as given, 63 MiB");
	/* What somebody asks for is there, or an error. */
	wish.record_asked = true;
	assert_int_equal(plan_make(&wish, &override, &plan, NULL), 0);
	assert_int_equal(plan.record_mib, 4);
	override.memory_mib = 15;
	assert_int_equal(plan_make(&wish, &override, &plan, &err), -E2BIG);
	assert_int_equal(plan.memory_mib, 15);
	assert_non_null(strstr(err.text, "8 MiB, more than half of the memory as given, 15 MiB"));
}

static void a_flight_recorder_makes_no_guest_too_large_for_the_host(void **state)
{
	struct plan_wish wish = { .topology = large, .record_mib = 4, .most_mib = 68 * 252 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&wish, NULL, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 68 * 252);
	assert_int_equal(plan.record_mib, 4);
	wish.most_mib--;
	assert_int_equal(plan_make(&wish, NULL, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 64 * 252);
	assert_int_equal(plan.record_mib, 0);
	assert_string_equal(plan.no_record, "with 252 CPUs' rings of 4 MiB the guest would be "
					    "larger than this host can have");
	/* Asked for, it is: the host is found to be too small. */
	wish.record_asked = true;
	assert_int_equal(plan_make(&wish, NULL, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 68 * 252);
	assert_int_equal(plan.record_mib, 4);
}

static int make(const struct topology *topology, uint64_t mib, bool wprof,
		const struct plan_override *override, struct plan *plan, struct error *err)
{
	const struct plan_wish wish = { .topology = *topology, .memory_mib = mib, .wprof = wprof };

	return plan_make(&wish, override, plan, err);
}

static void takes_the_entry(void **state)
{
	struct plan plan;

	(void)state;
	assert_int_equal(make(&small, 512, false, NULL, &plan, NULL), 0);
	assert_int_equal(plan.topology.parts[0].cores, 2);
	assert_int_equal(plan.memory_mib, 512);
	assert_false(plan.wprof);
	assert_string_equal(plan.warning, "");

	assert_int_equal(make(&small, 512, true, NULL, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2048);
	assert_true(plan.wprof);
	assert_string_equal(plan.warning, "");
}

static void a_topology_alone_goes_through_the_derivation(void **state)
{
	const struct plan_override override = { .has_topology = true, .topology = large };
	struct plan plan;

	(void)state;
	assert_int_equal(make(&small, 512, false, &override, &plan, NULL), 0);
	assert_int_equal(plan.topology.parts[0].llcs, 14);
	assert_int_equal(plan.memory_mib, 64 * 252);
	assert_int_equal(make(&large, 512, true,
			      &(struct plan_override){ .has_topology = true, .topology = small },
			      &plan, NULL),
			 0);
	assert_int_equal(plan.memory_mib, 2048);
}

static void given_memory_is_kept_word_for_word(void **state)
{
	struct plan_override override = { .memory_mib = 2047 };
	struct plan plan;

	(void)state;
	assert_int_equal(make(&small, 4096, true, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2047);
	assert_non_null(strstr(plan.warning, "2047 MiB"));
	assert_non_null(strstr(plan.warning, "2048 MiB"));
	assert_null(strchr(plan.warning, '\n'));
	assert_true(strlen(plan.warning) < sizeof(plan.warning) - 1); /* not cut */

	/* No conflict, no warning. */
	assert_int_equal(make(&large, 4096, false, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2047);
	assert_string_equal(plan.warning, "");
	override.memory_mib = 2048;
	assert_int_equal(make(&small, 4096, true, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2048);
	assert_string_equal(plan.warning, "");
}

/* The kernel allocates wprof's ring buffers whole: as many as CPUs, at most eight by default. */
static void rings_and_what_is_beside_them_fit(void **state)
{
	static const struct {
		struct topology topology;
		const char *args;
		uint64_t mib;
	} cases[] = {
		{ TOPOLOGY(1, 1, 2, 1), NULL, 2048 }, /* 512 + 512 */
		{ TOPOLOGY(1, 1, 6, 1), NULL, 2048 }, /* 1536 + 512 */
		{ TOPOLOGY(1, 1, 7, 1), NULL, 1792 + 512 },
		{ TOPOLOGY(1, 2, 4, 1), NULL, 2048 + 512 },
		{ TOPOLOGY(1, 2, 4, 2), NULL, 2048 + 512 },
		{ TOPOLOGY(1, 14, 9, 2), NULL, 64 * 252 },
		{ TOPOLOGY(1, 2, 4, 2), "--ringbuf-cnt 16 --ringbuf-size 256000", 4096 + 512 },
		{ TOPOLOGY(1, 2, 4, 2), "-e sched", 2048 }, /* wprof's own: 4 of 16 MiB */
		{ TOPOLOGY(1, 1, 1, 1), "--ringbuf-size=2097152", 2048 + 512 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan_wish wish = { .topology = cases[i].topology,
					  .wprof = true,
					  .wprof_args = cases[i].args };
		struct plan plan;

		assert_int_equal(plan_make(&wish, NULL, &plan, NULL), 0);
		if (plan.memory_mib != cases[i].mib)
			fail_msg("case %zu: %llu MiB", i, (unsigned long long)plan.memory_mib);
		assert_string_equal(plan.warning, "");
		wish.memory_mib = cases[i].mib + 1;
		assert_int_equal(plan_test_memory_mib(&wish), cases[i].mib + 1);
		/* Without the tracer nothing of it counts. */
		wish.wprof = false;
		wish.memory_mib = 300;
		assert_in_range(plan_test_memory_mib(&wish), 300, 64 * 252);
	}
}

static void hostile_arguments_do_not_wrap(void **state)
{
	static const char *const args[] = {
		"--ringbuf-size 18446744073709551615",
		"--ringbuf-size=99999999999999999999999999",
		"--ringbuf-cnt 8 --ringbuf-size 9223372036854775807",
		"--ringbuf-size 4611686018427387905",
	};
	struct plan_wish wish = { .topology = large, .wprof = true };

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		wish.wprof_args = args[i];
		if (plan_test_memory_mib(&wish) != UINT64_MAX)
			fail_msg("%s", args[i]);
	}
	wish.wprof_args = "--ringbuf-cnt 18446744073709551615 --ringbuf-size 1048576";
	assert_int_equal(plan_test_memory_mib(&wish), 252 * 1024 + 512);
}

static void the_warning_has_both_numbers(void **state)
{
	const struct plan_override override = { .memory_mib = 2100 };
	const struct topology eight = TOPOLOGY(1, 1, 8, 1);
	struct plan plan;

	(void)state;
	assert_int_equal(make(&eight, 512, true, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2100);
	assert_non_null(strstr(plan.warning, "2100 MiB"));
	assert_non_null(strstr(plan.warning, "2560 MiB"));
	assert_non_null(strstr(plan.warning, "2048 MiB"));
	assert_true(strlen(plan.warning) < sizeof(plan.warning) - 1);
	/* Enough for two CPUs. */
	assert_int_equal(make(&small, 512, true, &override, &plan, NULL), 0);
	assert_string_equal(plan.warning, "");
	/* The operator's topology is what counts. */
	assert_int_equal(make(&small, 512, true,
			      &(struct plan_override){
				      .has_topology = true, .topology = eight, .memory_mib = 2100 },
			      &plan, NULL),
			 0);
	assert_non_null(strstr(plan.warning, "2560 MiB"));
}

static void a_bad_topology_is_refused(void **state)
{
	const struct topology bad = TOPOLOGY(2, 3, 1, 1);
	const struct plan_override override = { .has_topology = true, .topology = bad };
	struct plan plan = { .memory_mib = 7 };
	struct error err = { "" };

	(void)state;
	assert_int_equal(make(&bad, 512, false, NULL, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2n3l1c1t"));
	assert_int_equal(make(&small, 512, false, &override, &plan, &err), -EINVAL);
	assert_int_equal(plan.memory_mib, 7);
	/* What is overridden need not be right. */
	assert_int_equal(make(&bad, 512, false,
			      &(struct plan_override){ .has_topology = true, .topology = small },
			      &plan, NULL),
			 0);
}

static void the_defaults_parse(void **state)
{
	struct topology t;

	(void)state;
	assert_int_equal(topology_parse(PLAN_DEFAULT_TOPOLOGY, &t, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derives_memory),
		cmocka_unit_test(the_flight_recorder_comes_on_top),
		cmocka_unit_test(who_speaks_of_the_flight_recorder),
		cmocka_unit_test(a_flight_recorder_that_does_not_fit_is_left_out),
		cmocka_unit_test(a_flight_recorder_makes_no_guest_too_large_for_the_host),
		cmocka_unit_test(takes_the_entry),
		cmocka_unit_test(a_topology_alone_goes_through_the_derivation),
		cmocka_unit_test(given_memory_is_kept_word_for_word),
		cmocka_unit_test(rings_and_what_is_beside_them_fit),
		cmocka_unit_test(hostile_arguments_do_not_wrap),
		cmocka_unit_test(the_warning_has_both_numbers),
		cmocka_unit_test(a_bad_topology_is_refused),
		cmocka_unit_test(the_defaults_parse),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
