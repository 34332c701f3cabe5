/* Are the presets those that the field knows, and do constraints choose the right ones? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "plan/presets.h"

/* The field's own list, as text: a second writing, so that a slip in one is seen. */
static const char *const known[NR_PRESETS][2] = {
	{ "tiny-1llc", "1n1l4c1t" },
	{ "tiny-2llc", "1n2l2c1t" },
	{ "odd-3llc", "1n3l3c1t" },
	{ "odd-5llc", "1n5l3c1t" },
	{ "odd-7llc", "1n7l2c1t" },
	{ "smt-2llc", "1n2l2c2t" },
	{ "smt-3llc", "1n3l2c2t" },
	{ "medium-4llc", "1n4l4c2t" },
	{ "medium-8llc", "1n8l4c2t" },
	{ "large-4llc", "1n4l16c2t" },
	{ "large-8llc", "1n8l8c2t" },
	{ "near-max-llc", "1n15l8c2t" },
	{ "max-cpu", "1n14l9c2t" },
	{ "medium-4llc-nosmt", "1n4l8c1t" },
	{ "medium-8llc-nosmt", "1n8l8c1t" },
	{ "large-4llc-nosmt", "1n4l32c1t" },
	{ "large-8llc-nosmt", "1n8l16c1t" },
	{ "near-max-llc-nosmt", "1n15l16c1t" },
	{ "max-cpu-nosmt", "1n14l18c1t" },
	{ "numa2-4llc", "2n4l4c1t" },
	{ "numa2-8llc", "2n8l8c2t" },
	{ "numa2-8llc-nosmt", "2n8l16c1t" },
	{ "numa4-8llc", "4n8l4c1t" },
	{ "numa4-12llc", "4n12l8c2t" },
	{ "mixed-3llc", "1n:4c2t+2c2t+2c1t" },
	{ "numa2-1llc", "2n1l8c1t" },
	{ "numa3-memory-only", "2n2l4c1t+1m" },
	{ "numa4-ring", "4n4l2c1t@0-1=15,0-2=30,0-3=15,1-2=15,1-3=30,2-3=15" },
};

static void are_the_known_ones(void **state)
{
	char spec[TOPOLOGY_SPEC_SIZE];
	unsigned int largest = 0;

	(void)state;
	for (size_t i = 0; i < NR_PRESETS; i++) {
		assert_string_equal(presets[i].name, known[i][0]);
		topology_format(&presets[i].topology, spec);
		assert_string_equal(spec, known[i][1]);
		assert_int_equal(topology_check(&presets[i].topology, NULL), 0);
		assert_ptr_equal(preset_find(known[i][0]), &presets[i]);
		if (topology_cpus(&presets[i].topology) > largest)
			largest = topology_cpus(&presets[i].topology);
	}
	assert_int_equal(largest, PRESETS_MAX_CPUS);
	assert_null(preset_find("tiny"));
	assert_null(preset_find(""));
	assert_null(preset_find("Tiny-1llc"));
}

static void reasons(void **state)
{
	static const struct test_constraints open = { 0 };
	static const struct {
		struct test_constraints takes;
		struct topology topology;
		const char *reason;
	} cases[] = {
		{ { 0 }, TOPOLOGY(4, 12, 8, 2), "" },
		{ { .min_llcs = 8, .max_llcs = 8 }, TOPOLOGY(1, 8, 1, 1), "" },
		{ { .max_llcs = 4 }, TOPOLOGY(1, 8, 1, 1), "8 LLCs, the test takes at most 4" },
		{ { .min_llcs = 2 }, TOPOLOGY(1, 1, 4, 1), "1 LLC, the test takes at least 2" },
		{ { .min_cpus = 16, .max_cpus = 16 }, TOPOLOGY(1, 2, 4, 2), "" },
		{ { .min_cpus = 17 }, TOPOLOGY(1, 2, 4, 2), "16 CPUs, the test takes at least 17" },
		{ { .max_cpus = 15 }, TOPOLOGY(1, 2, 4, 2), "16 CPUs, the test takes at most 15" },
		{ { .min_cpus = 2 }, TOPOLOGY(1, 1, 1, 1), "1 CPU, the test takes at least 2" },
		{ { .max_nodes = 1 },
		  TOPOLOGY(2, 2, 1, 1),
		  "2 NUMA nodes, the test takes at most 1" },
		{ { .min_nodes = 2 },
		  TOPOLOGY(1, 2, 1, 1),
		  "1 NUMA node, the test takes at least 2" },
		{ { .requires_smt = true },
		  TOPOLOGY(1, 1, 2, 1),
		  "1 thread a core, the test requires SMT" },
		{ { .requires_smt = true }, TOPOLOGY(1, 1, 1, 2), "" },
	};
	char reason[128], small[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(reason, 'x', sizeof(reason));
		assert_int_equal(constraints_reason(&cases[i].takes, &cases[i].topology, reason,
						    sizeof(reason)),
				 *cases[i].reason != '\0');
		assert_string_equal(reason, cases[i].reason);
	}
	for (size_t i = 0; i < NR_PRESETS; i++)
		assert_false(
			constraints_reason(&open, &presets[i].topology, reason, sizeof(reason)));
	assert_true(constraints_reason(&cases[2].takes, &cases[2].topology, small, sizeof(small)));
	assert_string_equal(small, "8 L");
}

/* By the defaults: up to 12 LLCs and 192 CPUs, one node. */
static void the_defaults_choose(void **state)
{
	static const char *const skipped[] = {
		"near-max-llc", "max-cpu",    "near-max-llc-nosmt", "max-cpu-nosmt",
		"numa2-4llc",	"numa2-8llc", "numa2-8llc-nosmt",   "numa4-8llc",
		"numa4-12llc",	"numa2-1llc", "numa3-memory-only",  "numa4-ring",
	};
	char reason[128];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < NR_PRESETS; i++)
		if (constraints_reason(&constraints_default, &presets[i].topology, reason,
				       sizeof(reason))) {
			assert_true(count < sizeof(skipped) / sizeof(skipped[0]));
			assert_string_equal(presets[i].name, skipped[count++]);
		}
	assert_int_equal(count, sizeof(skipped) / sizeof(skipped[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_the_known_ones),
		cmocka_unit_test(reasons),
		cmocka_unit_test(the_defaults_choose),
	};

	return cmocka_run_group_tests_name("presets", tests, NULL, NULL);
}
