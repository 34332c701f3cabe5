/* Is a suite dealt out evenly, with what wants one machine together? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite/shard.h"
#include "variants_sample.h"

/* @expected: a digit for each variant's shard. */
static void deals(const struct variants_sample *f, unsigned int shards, const char *expected)
{
	unsigned int of[VARIANTS_SAMPLE];
	char found[VARIANTS_SAMPLE + 1] = "";

	assert_int_equal(shards_deal(f->list, strlen(expected), shards, of, NULL), 0);
	for (size_t i = 0; expected[i]; i++)
		found[i] = (char)('0' + of[i]);
	assert_string_equal(found, expected);
}

/* Machines in turn, as a gauntlet has them. */
static void machines_stay_together(void **state)
{
	struct variants_sample *f = *state;

	for (size_t i = 0; i < VARIANTS_SAMPLE; i++)
		f->list[i].plan.topology = (struct topology)TOPOLOGY(1, 1, 2 + (int)i % 3, 1);
	deals(f, 3, "123123123");
	/* Equal parts go before machines: all three are cut, each once. */
	deals(f, 4, "123124134234");
	deals(f, 2, "112112122122");
	deals(f, 1, "111111111");
}

static void what_makes_a_machine(void **state)
{
	struct variants_sample *f = *state;

	/* 0, 2, 4 are the one machine, but for what follows. */
	for (size_t i = 1; i < 6; i += 2)
		f->list[i].release = "6.17";
	deals(f, 2, "121212");
	for (size_t i = 1; i < 6; i += 2) {
		f->list[i].release = "6.12";
		f->list[i].asked_mib = 1024;
	}
	deals(f, 2, "121212");
	for (size_t i = 1; i < 6; i += 2) {
		f->list[i].asked_mib = 512;
		f->list[i].asked_record_mib = 4;
	}
	deals(f, 2, "121212");
	for (size_t i = 1; i < 6; i += 2) {
		f->list[i].asked_record_mib = 0;
		f->tests[i].append = strdup("quiet");
	}
	deals(f, 2, "121212");
	for (size_t i = 1; i < 6; i += 2) {
		free(f->tests[i].append);
		f->tests[i].append = NULL;
		f->tests[i].has_kaslr = f->tests[i].kaslr = true;
	}
	deals(f, 2, "121212");
	for (size_t i = 1; i < 6; i += 2)
		f->tests[i].has_kaslr = false;
	deals(f, 2, "111222");
	/* What boots alone shares nothing, and comes behind the machine of the first. */
	f->tests[2].fresh = true;
	f->list[1].kernel = NULL;
	deals(f, 2, "122112");
	f->tests[2].fresh = false;
	f->tests[2].pin = true;
	deals(f, 2, "122112");
	/* What a host makes of it is no part. */
	f->list[0].image = "/a";
	f->list[3].plan.memory_mib = 99;
	strcpy(f->list[4].skip, "the host is too small");
	deals(f, 2, "122112");
}

static void rounds_stay_together(void **state)
{
	struct variants_sample *f = *state;

	for (size_t i = 0; i < 9; i++)
		f->list[i].round = (unsigned int)i % 3 + 1;
	deals(f, 2, "111111222");
	deals(f, 3, "111222333");
}

/* More shards than variants, none at all: nothing is lost, nothing is out of range. */
static void odd_numbers(void **state)
{
	struct variants_sample *f = *state;

	deals(f, 9, "147");
	deals(f, 3, "");
	for (unsigned int shards = 1; shards <= 30; shards++) {
		unsigned int of[VARIANTS_SAMPLE], sizes[31] = { 0 };

		assert_int_equal(shards_deal(f->list, VARIANTS_SAMPLE, shards, of, NULL), 0);
		for (size_t i = 0; i < VARIANTS_SAMPLE; i++) {
			assert_in_range(of[i], 1, shards);
			sizes[of[i]]++;
		}
		for (unsigned int i = 1; i <= shards; i++)
			assert_in_range(sizes[i], VARIANTS_SAMPLE / shards,
					(VARIANTS_SAMPLE + shards - 1) / shards);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(machines_stay_together, variants_sample_setup,
						variants_sample_teardown),
		cmocka_unit_test_setup_teardown(what_makes_a_machine, variants_sample_setup,
						variants_sample_teardown),
		cmocka_unit_test_setup_teardown(rounds_stay_together, variants_sample_setup,
						variants_sample_teardown),
		cmocka_unit_test_setup_teardown(odd_numbers, variants_sample_setup,
						variants_sample_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
