/* Do just those variants of a suite share a base that want the same machine? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite/bases.h"
#include "variants_sample.h"

#define MOST 6

/* Six are enough. */
static int setup(void **state)
{
	struct variants_sample *f;
	int ret = variants_sample_setup(state);

	f = *state;
	if (!ret)
		f->variants.count = MOST;
	return ret;
}

/* @expected: a letter for each variant's base, '-' for none. */
static void groups(const struct variants_sample *f, size_t count, const char *expected)
{
	char found[MOST + 1] = "";
	struct bases bases;

	assert_int_equal(bases_find(&f->variants, &f->options, &bases, NULL), 0);
	for (size_t i = 0; i < f->variants.count; i++)
		found[i] = bases.of[i] == BASE_NONE ? '-' : (char)('a' + bases.of[i]);
	assert_string_equal(found, expected);
	assert_int_equal(bases.count, count);
	bases_destroy(&bases);
}

static void test_one_machine(void **state)
{
	struct variants_sample *f = *state;

	groups(f, 1, "aaaaaa");
	/* A test that boots alone boots: nothing would be saved. */
	f->variants.count = 1;
	groups(f, 0, "-");
	f->variants.count = 0;
	groups(f, 0, "");
}

/* Each thing that a machine is made of, in one of four variants. */
static void test_what_differs(void **state)
{
	struct variants_sample *f = *state;
	struct variant plain = f->list[1];

	f->variants.count = 4;
	f->list[1].image = "/k/6.1";
	groups(f, 1, "a-aa");
	f->list[1] = plain;
	f->list[1].plan.topology.parts[0].threads = 2;
	groups(f, 1, "a-aa");
	f->list[1] = plain;
	f->list[1].plan.memory_mib = 513;
	groups(f, 1, "a-aa");
	f->list[1] = plain;
	f->tests[1].append = strdup("isolcpus=1");
	groups(f, 1, "a-aa");
	f->tests[3].append = strdup("isolcpus=1");
	groups(f, 2, "abab");
	/* The same line, whether it is not there or empty. */
	f->tests[1].append[0] = f->tests[3].append[0] = '\0';
	groups(f, 1, "aaaa");
	/* Each of two sides has parameters of its own. */
	struct run_options side = { .append = "x" };

	f->list[1].options = f->list[3].options = &side;
	groups(f, 2, "abab");
	f->options.append = "x";
	groups(f, 1, "aaaa");
	f->list[1].options = f->list[3].options = NULL;
	/* A test that says nothing of it leaves it to the command line. */
	assert_true(f->tests[2].kaslr && !f->tests[2].has_kaslr);
	f->tests[2].has_kaslr = true;
	groups(f, 1, "aa-a");
	f->options.kaslr = true;
	groups(f, 1, "aaaa");
}

/* Those are the same machine, and only what is done in it differs. */
static void test_what_does_not(void **state)
{
	struct variants_sample *f = *state;

	f->list[0].plan.wprof = f->tests[0].wprof = true;
	f->tests[1].timeout_ms = 1;
	f->tests[2].expect.kind = EXPECT_ERROR;
	f->list[3].round = 2;
	f->list[4].preset = "tiny-1llc";
	f->list[5].kernel = "/k/6.12";
	groups(f, 1, "aaaaaa");
}

static void test_who_has_none(void **state)
{
	struct variants_sample *f = *state;

	f->tests[1].fresh = true;
	strcpy(f->list[2].skip, "ignored");
	f->list[4].kernel = f->list[4].image = NULL;
	groups(f, 1, "a--a-a");
	/* Two of the same machine, and one of them is no fork. */
	f->variants.count = 2;
	groups(f, 0, "--");
	f->variants.count = MOST;
	f->options.fresh = true;
	groups(f, 0, "------");
	f->options.fresh = false;
	f->options.pin = true;
	groups(f, 0, "------");
	f->options.pin = false;
	f->tests[0].pin = f->tests[1].pin = true;
	f->list[2].skip[0] = '\0';
	groups(f, 1, "--aa-a");
}

/* Numbers go by first use, and not by names. */
static void test_numbers(void **state)
{
	struct variants_sample *f = *state;

	f->list[0].image = f->list[4].image = "/k/z";
	f->list[1].image = "/k/alone";
	f->list[2].image = f->list[5].image = "/k/a";
	f->list[3].image = "/k/other";
	groups(f, 2, "a-b-ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_machine, setup, variants_sample_teardown),
		cmocka_unit_test_setup_teardown(test_what_differs, setup, variants_sample_teardown),
		cmocka_unit_test_setup_teardown(test_what_does_not, setup,
						variants_sample_teardown),
		cmocka_unit_test_setup_teardown(test_who_has_none, setup, variants_sample_teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, variants_sample_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
