/* Do the rounds of a variant say together what they should, and end when enough is known? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/artefacts.h"
#include "suite/rounds.h"
#include "verdict/bisect.h"

#define MOST 200

/* Rounds of two variants, turn by turn. */
static struct variant list[2 * MOST];
static const struct variants variants = { .list = list, .count = 2 * MOST };

static void begin(struct rounds *rounds, const struct rounds_wish *wish)
{
	for (size_t i = 0; i < variants.count; i++)
		list[i] = (struct variant){ .name = i % 2 ? (char *)"b" : (char *)"a" };
	assert_int_equal(rounds_init(rounds, &variants, wish, NULL), 0);
	assert_int_equal(rounds->count, 2);
}

static void add(struct rounds *rounds, size_t index, enum outcome_kind outcome, const char *folder)
{
	const struct suite_result result = { .outcome = outcome, .folder = folder };

	rounds_add(rounds, &list[index], &result);
}

static bool enough(const struct rounds *rounds, size_t of)
{
	return rounds_enough(rounds, &list[of]);
}

static void all_that_are_planned_are_counted(void **state)
{
	static const enum outcome_kind outcomes[] = {
		OUTCOME_PASS,  OUTCOME_XFAIL,	     OUTCOME_FAIL, OUTCOME_TIMEOUT, OUTCOME_XPASS,
		OUTCOME_ERROR, OUTCOME_INCONCLUSIVE, OUTCOME_SKIP, OUTCOME_NOT_RUN,
	};
	const struct rounds_wish wish = { .least = 9 };
	struct proportion expected = proportion_wilson(2, 5, 0.95);
	struct suite_rate rate;
	struct rounds rounds;
	char word[SUITE_RATE_WORD_SIZE];

	(void)state;
	begin(&rounds, &wish);
	for (size_t i = 0; i < 9; i++)
		add(&rounds, 2 * i, outcomes[i], NULL);
	/* One round has no rate. */
	add(&rounds, 1, OUTCOME_FAIL, NULL);
	assert_false(enough(&rounds, 0) || enough(&rounds, 1));
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_string_equal(rate.name, "a");
	assert_int_equal(rate.passed, 2);
	assert_int_equal(rate.failed, 3);
	assert_int_equal(rate.neither, 2);
	assert_true(rate.passes.low == expected.low && rate.passes.high == expected.high);
	assert_int_equal(rate.end, SUITE_RATE_COUNTED);
	suite_rate_word(word, &rate);
	assert_string_equal(word, "FLAKY 3/5");
	assert_false(rounds_rate(&rounds, 1, &rate));
	rounds_destroy(&rounds);
}

static void a_variant_ends_when_its_rate_is_known(void **state)
{
	const struct rounds_wish wish = { .until = true, .least = 1, .width = 0.2 };
	struct suite_rate rate;
	struct rounds rounds;

	(void)state;
	begin(&rounds, &wish);
	for (size_t i = 0; i < 16; i++) {
		assert_false(enough(&rounds, 0));
		add(&rounds, 2 * i, OUTCOME_PASS, NULL);
	}
	assert_true(enough(&rounds, 0));
	assert_false(enough(&rounds, 1));
	/* One that ran already counts; the decision stays. */
	add(&rounds, 32, OUTCOME_FAIL, NULL);
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_int_equal(rate.passed + rate.failed, 17);
	assert_int_equal(rate.end, SUITE_RATE_NARROW);
	rounds_destroy(&rounds);
}

static void the_order_of_the_plan_decides(void **state)
{
	const struct rounds_wish wish = { .until = true, .least = 1, .width = 0.2 };
	struct rounds rounds;

	(void)state;
	begin(&rounds, &wish);
	/* The first one takes longer than all others: until it is there nothing is known. */
	for (size_t i = 1; i < 30; i++)
		add(&rounds, 2 * i, OUTCOME_PASS, NULL);
	assert_false(enough(&rounds, 0));
	add(&rounds, 0, OUTCOME_FAIL, NULL);
	assert_true(enough(&rounds, 0));
	rounds_destroy(&rounds);
}

static void a_limit_is_decided(void **state)
{
	const struct rounds_wish wish = { .until = true, .least = 3, .limit = 0.9 };
	struct suite_rate rate;
	struct rounds rounds;

	(void)state;
	begin(&rounds, &wish);
	for (size_t i = 0; i < 43; i++) {
		assert_false(enough(&rounds, 0));
		add(&rounds, 2 * i, OUTCOME_PASS, NULL);
	}
	assert_true(enough(&rounds, 0));
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_int_equal(rate.end, SUITE_RATE_AT_LEAST);
	assert_string_equal(rate.method, "sequential mixture");
	assert_int_equal(rounds_status(&rounds, 4), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_false(enough(&rounds, 1));
		add(&rounds, 2 * i + 1, OUTCOME_FAIL, NULL);
	}
	assert_true(enough(&rounds, 1));
	assert_true(rounds_rate(&rounds, 1, &rate));
	assert_int_equal(rate.end, SUITE_RATE_BELOW);
	assert_int_equal(rounds_status(&rounds, 4), 1);
	rounds_destroy(&rounds);
	/* All rounds have ended, and it is not known. */
	begin(&rounds, &wish);
	assert_int_equal(rounds_status(&rounds, 4), 4);
	for (size_t i = 0; i < MOST; i++)
		add(&rounds, 2 * i, i % 10 ? OUTCOME_PASS : OUTCOME_FAIL, NULL);
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_int_equal(rate.end, SUITE_RATE_OPEN);
	assert_int_equal(rounds_status(&rounds, 4), 125);
	rounds_destroy(&rounds);
}

static void what_tells_nothing_ends_too(void **state)
{
	const struct rounds_wish wish = { .until = true, .least = 9, .width = 0.2 };
	struct suite_rate rate;
	struct rounds rounds;

	(void)state;
	begin(&rounds, &wish);
	add(&rounds, 0, OUTCOME_SKIP, NULL);
	assert_true(enough(&rounds, 0));
	assert_false(rounds_rate(&rounds, 0, &rate));
	add(&rounds, 1, OUTCOME_ERROR, NULL);
	add(&rounds, 3, OUTCOME_INCONCLUSIVE, NULL);
	add(&rounds, 5, OUTCOME_PASS, NULL);
	add(&rounds, 7, OUTCOME_ERROR, NULL);
	add(&rounds, 9, OUTCOME_ERROR, NULL);
	assert_false(enough(&rounds, 1));
	add(&rounds, 11, OUTCOME_ERROR, NULL);
	assert_true(enough(&rounds, 1));
	assert_true(rounds_rate(&rounds, 1, &rate));
	assert_int_equal(rate.neither, 5);
	assert_int_equal(rate.end, SUITE_RATE_OPEN);
	rounds_destroy(&rounds);
}

/* A kernel that does not come to the test, one time in two, is as good as one that does. */
static void what_a_bisection_skips_tells_nothing(void **state)
{
	const struct rounds_wish wish = { .until = true, .least = 8, .limit = 0.5, .bisect = true };
	const struct suite_result untested = { .outcome = OUTCOME_FAIL, .bisect = BISECT_SKIP };
	struct suite_rate rate;
	struct rounds rounds;

	(void)state;
	begin(&rounds, &wish);
	for (size_t i = 0; i < 16; i++) {
		assert_false(enough(&rounds, 0));
		if (i % 2)
			add(&rounds, 2 * i, OUTCOME_PASS, NULL);
		else
			rounds_add(&rounds, &list[2 * i], &untested);
	}
	assert_true(enough(&rounds, 0));
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_int_equal(rate.passed, 8);
	assert_int_equal(rate.failed, 0);
	assert_int_equal(rate.neither, 8);
	assert_int_equal(rounds_status(&rounds, 4), 0);
	for (size_t i = 0; i < ROUNDS_MAX_UNTOLD; i++)
		rounds_add(&rounds, &list[2 * i + 1], &untested);
	assert_true(enough(&rounds, 1));
	assert_int_equal(rounds_status(&rounds, 4), 125);
	rounds_destroy(&rounds);
}

/* splitmix64, from 0 up to 1. */
static double draw(uint64_t *seed)
{
	uint64_t number = *seed += 0x9e3779b97f4a7c15ull;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return (double)((number ^ number >> 31) >> 11) * 0x1p-53;
}

#define JOBS	    4
#define MOST_ROUNDS 1500

/* A suite of one variant: so many rounds at once, and one that fails takes five times as long. */
static void run_suite(const struct rounds_wish *wish, double fails, uint64_t *seed,
		      struct suite_rate *rate)
{
	static struct variant one[MOST_ROUNDS];
	static const struct variants its = { .list = one, .count = MOST_ROUNDS };
	struct running {
		double end;
		size_t round;
		bool failed;
	} running[JOBS] = { 0 };
	size_t nr_running = 0, begun = 0;
	struct rounds rounds;
	double now = 0;

	for (size_t i = 0; i < MOST_ROUNDS; i++)
		one[i].name = (char *)"a";
	assert_int_equal(rounds_init(&rounds, &its, wish, NULL), 0);
	do {
		struct suite_result result = { 0 };
		size_t first = 0;

		while (nr_running < JOBS && begun < MOST_ROUNDS && !rounds_enough(&rounds, one)) {
			bool failed = draw(seed) < fails;

			running[nr_running++] =
				(struct running){ now + (failed ? 5 : 1) * (0.5 + draw(seed)),
						  begun++, failed };
		}
		for (size_t i = 1; i < nr_running; i++)
			first = running[i].end < running[first].end ? i : first;
		now = running[first].end;
		result.outcome = running[first].failed ? OUTCOME_FAIL : OUTCOME_PASS;
		rounds_add(&rounds, &one[running[first].round], &result);
		running[first] = running[--nr_running];
	} while (nr_running || (begun < MOST_ROUNDS && !rounds_enough(&rounds, one)));
	assert_true(rounds_rate(&rounds, 0, rate));
	rounds_destroy(&rounds);
}

/* The least number of rounds, said in advance by one who knows the rate, that gives this width; to
 * decide, what Wald and Kullback-Leibler's divergence leave. */
static double least_rounds(const struct rounds_wish *wish, double fails)
{
	double passes = 1 - fails, limit = wish->limit, divergence;

	for (unsigned int n = 1; !(limit > 0); n++) {
		struct proportion known =
			proportion_wilson((unsigned int)lround(passes * n), n, 0.95);

		if (known.high - known.low <= wish->width)
			return n;
	}
	divergence = (passes > 0 ? passes * log(passes / limit) : 0) +
		     (passes < 1 ? (1 - passes) * log((1 - passes) / (1 - limit)) : 0);
	return log(20) / divergence;
}

/* Also where rounds end in another order than they begin, and some are behind the last that counts.
 */
static void what_is_known_is_true_as_often_as_it_says(void **state)
{
	static const struct rounds_wish wishes[] = {
		{ .until = true, .least = 5, .width = 0.1 },
		{ .until = true, .least = 5, .width = 0.2 },
		{ .until = true, .least = 5, .limit = 0.9 },
	};
	static const double rates[] = { 0, 0.01, 0.05, 0.2, 0.5 };
	const unsigned int suites = 1000;
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < 15; i++) {
		const struct rounds_wish *wish = &wishes[i / 5];
		double fails = rates[i % 5], runs = 0, least = least_rounds(wish, fails);
		unsigned int held = 0, wrong = 0;

		for (unsigned int suite = 0; suite < suites; suite++) {
			struct suite_rate rate;

			run_suite(wish, fails, &seed, &rate);
			held += rate.passes.low <= 1 - fails + 1e-9 &&
				1 - fails <= rate.passes.high + 1e-9;
			wrong += rate.end ==
				 (1 - fails > wish->limit ? SUITE_RATE_BELOW : SUITE_RATE_AT_LEAST);
			runs += (double)(rate.passed + rate.failed) / suites;
		}
		print_message(
			"  %s %.1f, fails %2.0f %%: holds in %u of %u, %u wrong, %.1f rounds, "
			"least %.1f\n",
			wish->limit > 0 ? "limit" : "width", wish->limit + wish->width, 100 * fails,
			held, suites, wrong, runs, least);
		assert_true(held >= 930);
		assert_true(wrong <= 50);
		/* Those that ran beside the last one count as well. */
		assert_true(runs < 2 * least + JOBS);
	}
}

static void make(const char *folder)
{
	char path[64];
	FILE *file;

	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/out", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

static void one_good_folder_stays_beside_a_bad_one(void **state)
{
	const struct rounds_wish wish = { .least = 9, .tidy = true };
	char folder[] = "/tmp/ktstr-rounds-XXXXXX";
	struct suite_rate rate;
	struct rounds rounds;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	begin(&rounds, &wish);
	for (size_t i = 0; i < 5; i++) {
		char name[2] = { (char)('0' + i), '\0' };

		make(name);
		/* a: good, good, bad; b: good, good. */
		add(&rounds, i, i == 4 ? OUTCOME_FAIL : OUTCOME_PASS, name);
	}
	assert_true(access("0", F_OK) == 0 && access("1", F_OK) == 0 && access("4", F_OK) == 0);
	assert_true(access("2", F_OK) != 0 && access("3", F_OK) != 0);
	rounds_tidy(&rounds);
	assert_true(access("0", F_OK) == 0 && access("4", F_OK) == 0 && access("1", F_OK) != 0);
	assert_true(rounds_rate(&rounds, 0, &rate));
	assert_string_equal(rate.good, "0");
	assert_string_equal(rate.bad, "4");
	assert_true(rounds_rate(&rounds, 1, &rate));
	assert_null(rate.good);
	rounds_destroy(&rounds);
	artefacts_remove("0");
	artefacts_remove("4");
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_are_planned_are_counted),
		cmocka_unit_test(a_variant_ends_when_its_rate_is_known),
		cmocka_unit_test(the_order_of_the_plan_decides),
		cmocka_unit_test(a_limit_is_decided),
		cmocka_unit_test(what_tells_nothing_ends_too),
		cmocka_unit_test(what_a_bisection_skips_tells_nothing),
		cmocka_unit_test(what_is_known_is_true_as_often_as_it_says),
		cmocka_unit_test(one_good_folder_stays_beside_a_bad_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
