/* Are the variants of a suite those that were asked for, each on its machine? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/memory.h"
#include "suite/variants.h"

#define NR_TESTS 3

static const char *const kernels[] = { "/k/one", "/k/two", NULL };
static const char *const releases[] = { "6.1.1", "6.12.2", NULL };

struct fixture {
	struct test tests[NR_TESTS];
	struct kernels kernels;
	struct variant_source source;
	struct variant_choice choice;
	struct variants variants;
	struct error err;
};

static int setup(void **state)
{
	static const char *const names[NR_TESTS] = { "fair", "wide", "host" };
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	for (size_t i = 0; i < NR_TESTS; i++) {
		if (test_init(&f->tests[i]))
			return -1;
		f->tests[i].name = strdup(names[i]);
		f->tests[i].path = strdup("/tests/x.sh");
		f->tests[i].memory_mib = 512;
	}
	f->tests[2].host_only = true;
	f->kernels = (struct kernels){ .given = (char **)kernels,
				       .images = (char **)kernels,
				       .names = (char **)releases,
				       .count = 1 };
	f->source = (struct variant_source){ .tests = f->tests,
					     .nr_tests = NR_TESTS,
					     .kernels = &f->kernels,
					     .host_memory_mib = 8192,
					     .repeat = 1 };
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < NR_TESTS; i++)
		test_destroy(&f->tests[i]);
	variants_destroy(&f->variants);
	free(f);
	return 0;
}

static size_t make(struct fixture *f)
{
	variants_destroy(&f->variants);
	assert_int_equal(variants_make(&f->source, &f->choice, &f->variants, &f->err), 0);
	return f->variants.count;
}

static const struct variant *find(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->variants.count; i++)
		if (!strcmp(f->variants.list[i].name, name))
			return &f->variants.list[i];
	fail_msg("no variant '%s'", name);
	return NULL;
}

static void plain_names_and_kernels(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f), 3);
	assert_string_equal(find(f, "fair")->kernel, "/k/one");
	assert_int_equal(find(f, "fair")->plan.memory_mib, 512);
	assert_null(find(f, "host")->kernel);
	f->kernels.count = 2;
	assert_int_equal(make(f), 5);
	assert_string_equal(find(f, "wide/6.12.2")->kernel, "/k/two");
	find(f, "host");
}

static void the_gauntlet_has_what_suits(void **state)
{
	struct fixture *f = *state;

	f->source.gauntlet = true;
	f->tests[0].constraints.requires_smt = true;
	f->tests[0].constraints.max_cpus = 16;
	make(f);
	assert_string_equal(find(f, "gauntlet/fair/smt-2llc")->release, "6.1.1");
	assert_int_equal(find(f, "gauntlet/wide/tiny-1llc")->plan.topology.parts[0].cores, 4);
	assert_int_equal(find(f, "gauntlet/wide/tiny-1llc")->plan.memory_mib, 512);
	/* 64 MiB a CPU, and the flight recorder's. */
	assert_int_equal(find(f, "gauntlet/wide/medium-8llc")->plan.memory_mib, 64 * (64 + 4));
	/* Which is no reason to skip a test. */
	f->source.host_memory_mib = host_memory_of_guest(64 * 65, 64);
	make(f);
	assert_string_equal(find(f, "gauntlet/wide/medium-8llc")->skip, "");
	assert_int_equal(find(f, "gauntlet/wide/medium-8llc")->plan.memory_mib, 64 * 64);
	assert_int_equal(find(f, "gauntlet/wide/medium-8llc")->plan.record_mib, 0);
	assert_string_not_equal(find(f, "gauntlet/wide/medium-8llc")->plan.no_record, "");
	for (size_t i = 0; i < f->variants.count; i++) {
		const struct variant *variant = &f->variants.list[i];

		if (variant->test == &f->tests[0]) {
			assert_int_equal(variant->plan.topology.parts[0].threads, 2);
			assert_true(topology_cpus(&variant->plan.topology) <= 16);
		}
	}
	f->kernels.count = 2;
	make(f);
	find(f, "gauntlet/fair/smt-2llc/6.12.2");
	/* A test that no preset suits is not lost. */
	f->kernels.count = 1;
	f->tests[0].constraints.max_cpus = 1;
	make(f);
	assert_string_equal(find(f, "gauntlet/fair")->skip,
			    "no preset topology meets its constraints");
	assert_string_equal(find(f, "host")->skip, "");
}

static void choices(void **state)
{
	static const char *const smt[] = { "smt-*", NULL }, *const fair[] = { "fair", NULL };
	static const char *const whole[] = { "gauntlet/fair/smt-2llc", NULL };
	struct fixture *f = *state;

	f->source.gauntlet = true;
	f->choice.filters = smt;
	assert_int_equal(make(f), 4);
	f->choice.excludes = fair;
	assert_int_equal(make(f), 2);
	f->choice.excludes = NULL;
	f->choice.filters = whole;
	assert_int_equal(make(f), 1);
	f->choice.filters = NULL;
	f->choice.names = whole;
	assert_int_equal(make(f), 1);
	assert_true(variant_matches("*2llc", "gauntlet/fair/smt-2llc"));
	assert_false(variant_matches("smt", "gauntlet/fair/smt-2llc"));
	assert_false(variant_matches("", "fair"));
}

/* A replay of what ran under several kernels names one of them, and its variant with the release.
 */
static void one_kernel_has_the_name_of_several(void **state)
{
	static const char *const one[] = { "fair/6.1.1", NULL }, *const other[] = { "6.12.2",
										    NULL };
	struct fixture *f = *state;

	f->choice.filters = one;
	assert_int_equal(make(f), 1);
	assert_string_equal(f->variants.list[0].name, "fair");
	assert_true(variant_is_called(&f->variants.list[0], "fair"));
	assert_true(variant_is_called(&f->variants.list[0], "fair/6.1.1"));
	assert_false(variant_is_called(&f->variants.list[0], "fair/6.12.2"));
	assert_false(variant_is_called(&f->variants.list[0], "fairer"));
	f->choice.filters = NULL;
	f->choice.names = one;
	assert_int_equal(make(f), 1);
	f->choice.names = NULL;
	f->choice.filters = other;
	assert_int_equal(make(f), 0);
	f->kernels.count = 2;
	assert_int_equal(make(f), 2);
}

/* Each in one shard, with the number that it has in the whole plan, also in another order. */
static void shards(void **state)
{
	struct fixture *f = *state;
	bool seen[256] = { false };
	size_t all, sum = 0;

	f->source.gauntlet = true;
	f->source.repeat = 2;
	all = make(f);
	assert_null(f->variants.part.plan);
	f->choice.has_seed = true;
	f->choice.seed = 7;
	f->choice.shards = 3;
	for (f->choice.shard = 1; f->choice.shard <= 3; f->choice.shard++) {
		sum += make(f);
		assert_true(f->variants.count > 0 && f->variants.count < all);
		assert_int_equal(f->variants.part.count, all);
		assert_int_equal(f->variants.part.shard, f->choice.shard);
		for (size_t i = 0; i < f->variants.count; i++) {
			const struct variant *variant = &f->variants.list[i];
			const struct suite_planned *planned =
				&f->variants.part.plan[variant->number - 1];

			assert_string_equal(planned->name, variant->name);
			assert_int_equal(planned->shard, f->choice.shard);
			assert_false(seen[variant->number]);
			seen[variant->number] = true;
		}
	}
	assert_int_equal(sum, all);
	/* All of them, each with its shard. */
	f->choice.shard = 0;
	assert_int_equal(make(f), all);
	assert_int_equal(f->variants.list[0].shard, f->variants.part.plan[0].shard);
}

/* What a host has or lacks moves no variant to another shard. */
static void shards_are_the_same_on_all_hosts(void **state)
{
	struct fixture *f = *state;
	unsigned int of[256];
	size_t count;

	f->source.gauntlet = true;
	f->choice.shards = 5;
	count = make(f);
	for (size_t i = 0; i < count; i++)
		of[i] = f->variants.list[i].shard;
	/* Without memory for most of them, nor for the flight recorder of others; without a tool.
	 */
	f->source.host_memory_mib = 600;
	f->tests[1].lacks_tool = strdup("nobodyhasthis");
	f->kernels.images = (char *[]){ (char *)"/elsewhere/one", NULL };
	assert_int_equal(make(f), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->variants.list[i].shard, of[i]);
}

static void seeds_and_rounds(void **state)
{
	struct fixture *f = *state;
	char orders[3][2048] = { "" };
	size_t count = 0;

	f->source.gauntlet = true;
	f->choice.has_seed = true;
	for (int i = 0; i < 3; i++) {
		f->choice.seed = i == 2 ? 8 : 7;
		count = make(f);
		for (size_t j = 0; j < count; j++)
			snprintf(orders[i] + strlen(orders[i]),
				 sizeof(orders[i]) - strlen(orders[i]), "%s ",
				 f->variants.list[j].name);
	}
	assert_string_equal(orders[0], orders[1]);
	assert_string_not_equal(orders[0], orders[2]);
	f->source.repeat = 3;
	assert_int_equal(make(f), 3 * count);
}

static void skips_have_their_reasons(void **state)
{
	struct plan_override override = { .has_topology = true, .topology = TOPOLOGY(1, 1, 2, 1) };
	struct fixture *f = *state;
	char text[64];
	uint64_t most;

	f->tests[0].ignore = strdup("broken since May");
	/* As large as the host: there is no room for page tables, KVM and the launcher. */
	f->tests[1].memory_mib = 8192;
	make(f);
	most = host_memory_largest_guest(8192, topology_cpus(&find(f, "wide")->plan.topology));
	snprintf(text, sizeof(text), "8192 MiB, and %u MiB is the most", (unsigned int)most);
	assert_true(most > 8000);
	assert_string_equal(find(f, "fair")->skip, "ignored: broken since May");
	assert_non_null(strstr(find(f, "wide")->skip, text));
	assert_string_equal(find(f, "host")->skip, "");
	/* The operator's topology is meant, but a test may need what it has not. */
	f->tests[1].memory_mib = 512;
	f->tests[1].constraints.requires_smt = true;
	f->source.override = &override;
	make(f);
	assert_true(*find(f, "wide")->skip);
	override.topology = (struct topology)TOPOLOGY(2, 4, 8, 2);
	make(f);
	assert_string_equal(find(f, "wide")->skip, "");
	assert_int_equal(find(f, "wide")->plan.topology.numa_nodes, 2);
}

static void the_tracer_has_its_floor(void **state)
{
	struct fixture *f = *state;

	f->tests[0].wprof = true;
	make(f);
	assert_int_equal(find(f, "fair")->plan.memory_mib, 2048);
	assert_int_equal(find(f, "wide")->plan.memory_mib, 512);
	f->source.wprof = WPROF_REPRO;
	make(f);
	assert_int_equal(find(f, "wide")->plan.memory_mib, 2048);
	/* "Never" holds against what a test says. */
	f->source.wprof = WPROF_OFF;
	make(f);
	assert_false(find(f, "fair")->plan.wprof);
	assert_int_equal(find(f, "fair")->plan.memory_mib, 512);
}

static void names_are_unique(void **state)
{
	struct fixture *f = *state;

	free(f->tests[1].name);
	f->tests[1].name = strdup("fair");
	assert_int_not_equal(variants_make(&f->source, &f->choice, &f->variants, &f->err), 0);
	assert_non_null(strstr(f->err.text, "rename one of them"));
}

int main(void)
{
#define with_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		with_fixture(plain_names_and_kernels),
		with_fixture(the_gauntlet_has_what_suits),
		with_fixture(choices),
		with_fixture(one_kernel_has_the_name_of_several),
		with_fixture(shards),
		with_fixture(shards_are_the_same_on_all_hosts),
		with_fixture(seeds_and_rounds),
		with_fixture(skips_have_their_reasons),
		with_fixture(the_tracer_has_its_floor),
		with_fixture(names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
