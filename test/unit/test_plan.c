/* Is a test's memory derived by the one rule, and is the operator's word kept as it was given? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

static const struct topology small = { 1, 1, 2, 1 };
static const struct topology large = { 1, 14, 9, 2 }; /* 252 CPUs */

static void derives_memory(void **state)
{
	(void)state;
	assert_int_equal(plan_test_memory_mib(&small, 0, false), 256);
	assert_int_equal(plan_test_memory_mib(&small, 255, false), 256);
	assert_int_equal(plan_test_memory_mib(&small, 257, false), 257);
	assert_int_equal(plan_test_memory_mib(&large, 2048, false), 64 * 252);
	assert_int_equal(plan_test_memory_mib(&large, 20000, false), 20000);
	/* The tracer's floor lifts what is below it and leaves the rest alone. */
	assert_int_equal(plan_test_memory_mib(&small, 0, true), 2048);
	assert_int_equal(plan_test_memory_mib(&small, 2047, true), 2048);
	assert_int_equal(plan_test_memory_mib(&small, 2048, true), 2048);
	assert_int_equal(plan_test_memory_mib(&small, 2049, true), 2049);
	assert_int_equal(plan_test_memory_mib(&large, 0, true), 64 * 252);
	assert_true(plan_test_memory_mib(&small, UINT64_MAX, true) == UINT64_MAX);
}

static void takes_the_entry(void **state)
{
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&small, 512, false, NULL, &plan, NULL), 0);
	assert_int_equal(plan.topology.cores, 2);
	assert_int_equal(plan.memory_mib, 512);
	assert_false(plan.wprof);
	assert_string_equal(plan.warning, "");

	assert_int_equal(plan_make(&small, 512, true, NULL, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2048);
	assert_true(plan.wprof);
	assert_string_equal(plan.warning, "");
}

static void a_topology_alone_goes_through_the_derivation(void **state)
{
	const struct plan_override override = { .has_topology = true, .topology = large };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&small, 512, false, &override, &plan, NULL), 0);
	assert_int_equal(plan.topology.llcs, 14);
	assert_int_equal(plan.memory_mib, 64 * 252);
	assert_int_equal(
		plan_make(&large, 512, true,
			  &(struct plan_override){ .has_topology = true, .topology = small }, &plan,
			  NULL),
		0);
	assert_int_equal(plan.memory_mib, 2048);
}

static void given_memory_is_kept_word_for_word(void **state)
{
	struct plan_override override = { .memory_mib = 2047 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&large, 4096, true, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2047);
	assert_non_null(strstr(plan.warning, "2047 MiB"));
	assert_non_null(strstr(plan.warning, "2048 MiB"));
	assert_null(strchr(plan.warning, '\n'));
	assert_true(strlen(plan.warning) < sizeof(plan.warning) - 1); /* not cut */

	/* No conflict, no warning. */
	assert_int_equal(plan_make(&large, 4096, false, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2047);
	assert_string_equal(plan.warning, "");
	override.memory_mib = 2048;
	assert_int_equal(plan_make(&large, 4096, true, &override, &plan, NULL), 0);
	assert_int_equal(plan.memory_mib, 2048);
	assert_string_equal(plan.warning, "");
}

static void a_bad_topology_is_refused(void **state)
{
	const struct topology bad = { 2, 3, 1, 1 };
	const struct plan_override override = { .has_topology = true, .topology = bad };
	struct plan plan = { .memory_mib = 7 };
	struct error err = { "" };

	(void)state;
	assert_int_equal(plan_make(&bad, 512, false, NULL, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2n3l1c1t"));
	assert_int_equal(plan_make(&small, 512, false, &override, &plan, &err), -EINVAL);
	assert_int_equal(plan.memory_mib, 7);
	/* What is overridden need not be right. */
	assert_int_equal(
		plan_make(&bad, 512, false,
			  &(struct plan_override){ .has_topology = true, .topology = small }, &plan,
			  NULL),
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
		cmocka_unit_test(takes_the_entry),
		cmocka_unit_test(a_topology_alone_goes_through_the_derivation),
		cmocka_unit_test(given_memory_is_kept_word_for_word),
		cmocka_unit_test(a_bad_topology_is_refused),
		cmocka_unit_test(the_defaults_parse),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
