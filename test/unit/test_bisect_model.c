/*
 * Does the search for a fault that shows now and then believe what it should, ask what tells most,
 * and find the right commit? The numbers are held against an integration that shares nothing with
 * it, the search against histories with a fault of a known rate.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bisect/model.h"

static struct bisect_model linear(size_t count, double false_positive)
{
	struct bisect_model model;

	assert_int_equal(bisect_model_init(&model, count, false_positive), 0);
	for (size_t i = 1; i < count; i++)
		bisect_model_parent(&model, i, i - 1);
	return model;
}

/*
 * The weight of k bad and m good runs under Beta(0.1, 3), by the midpoint rule over u = p^0.1,
 * where the density of Beta(0.1, 1) is flat.
 */
static double weight(unsigned int k, unsigned int m)
{
	const int steps = 20000;
	double sum = 0;

	for (int i = 0; i < steps; i++) {
		double p = pow((i + 0.5) / steps, 10);

		sum += pow(p, k) * pow(1 - p, m + 2) / steps;
	}
	return sum;
}

static void the_posterior_is_that_of_an_integration(void **state)
{
	static const struct bisect_tally tallies[5] = { { .good = 3 },
							{ .good = 2 },
							{ .good = 7, .bad = 1 },
							{ .bad = 0 },
							{ .bad = 4, .good = 5 } };
	static const double false_positives[] = { 0, 0.02 };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		double fp = false_positives[f], expected[5], sum = 0;
		struct bisect_model model = linear(5, fp);

		for (size_t i = 0; i < 5; i++)
			model.tallies[i] = tallies[i];
		for (size_t h = 0; h < 5; h++) {
			unsigned int k = 0, m = 0;

			expected[h] = 1;
			for (size_t i = 0; i < 5; i++) {
				if (i >= h) {
					k += tallies[i].bad;
					m += tallies[i].good;
				} else {
					expected[h] *= pow(fp, tallies[i].bad) *
						       pow(1 - fp, tallies[i].good);
				}
			}
			expected[h] *= weight(k, m);
			sum += expected[h];
		}
		assert_int_equal(bisect_model_update(&model), 0);
		for (size_t h = 0; h < 5; h++)
			if (fabs(model.posterior[h] - expected[h] / sum) > 1e-5)
				fail_msg("commit %zu: %g, not %g", h, model.posterior[h],
					 expected[h] / sum);
		/* Without false positives nothing behind a bad run is the first one. */
		assert_true(fp > 0 || (model.posterior[3] == 0 && model.posterior[4] == 0));
		bisect_model_destroy(&model);
	}
}

/* 0 and its children 1 and 2, which 3 merges. */
static struct bisect_model diamond(void)
{
	struct bisect_model model;

	assert_int_equal(bisect_model_init(&model, 4, 0), 0);
	bisect_model_parent(&model, 1, 0);
	bisect_model_parent(&model, 2, 0);
	bisect_model_parent(&model, 3, 1);
	bisect_model_parent(&model, 3, 2);
	return model;
}

static void a_branch_says_nothing_of_the_other(void **state)
{
	struct bisect_model model = diamond();

	(void)state;
	assert_true(bisect_model_contains(&model, 3, 1) && bisect_model_contains(&model, 2, 0));
	assert_false(bisect_model_contains(&model, 2, 1) || bisect_model_contains(&model, 1, 3));
	model.tallies[3].bad = 2;
	model.tallies[1].bad = 1;
	assert_int_equal(bisect_model_update(&model), 0);
	assert_true(model.posterior[2] == 0 && model.posterior[3] == 0);
	assert_true(model.posterior[0] > 0.4 && model.posterior[1] > 0.4);
	/* The other branch, or the commit below both, tells which of the two; not these. */
	assert_int_equal(bisect_model_choose(&model, BISECT_NONE, 0) % 2, 0);
	model.tallies[2].bad = 1;
	assert_int_equal(bisect_model_update(&model), 0);
	assert_true(model.posterior[0] > 0.999);
	assert_int_equal(bisect_model_choose(&model, BISECT_NONE, 0), BISECT_NONE);
	bisect_model_destroy(&model);
}

static void what_no_commit_explains_is_said(void **state)
{
	struct bisect_model model;

	(void)state;
	/* Two that have nothing in common, merged. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bisect_model_init(&model, 3, i ? 0.1 : 0), 0);
		bisect_model_parent(&model, 2, 0);
		bisect_model_parent(&model, 2, 1);
		model.tallies[0].bad = model.tallies[1].bad = 1;
		assert_int_equal(bisect_model_update(&model), i ? 0 : -ERANGE);
		bisect_model_destroy(&model);
	}
}

static void what_cannot_be_tested_is_not_told_apart(void **state)
{
	struct bisect_model model = linear(8, 0);
	double probability;

	(void)state;
	model.tallies[7].bad = 3;
	bisect_model_drop(&model, 3);
	bisect_model_drop(&model, 4);
	model.tallies[2].good = 40;
	model.tallies[5].bad = 20;
	assert_int_equal(bisect_model_update(&model), 0);
	assert_true(model.group[3] == model.group[4] && model.group[4] == model.group[5]);
	assert_true(model.group[2] != model.group[3] && model.group[5] != model.group[6]);
	assert_int_equal(bisect_model_best(&model, &probability), 3);
	assert_true(probability > 0.95 && model.posterior[3] < 0.4);
	bisect_model_destroy(&model);
}

/* Runs that a commit had before it was dropped tell those on both sides of it apart. */
static void what_was_tested_before_is_told_apart(void **state)
{
	struct bisect_model model = linear(8, 0);
	double probability;

	(void)state;
	model.tallies[3].good = 60;
	model.tallies[4].bad = 10;
	bisect_model_drop(&model, 3);
	assert_int_equal(bisect_model_update(&model), 0);
	assert_int_equal(bisect_model_best(&model, &probability), 4);
	assert_true(probability > 0.99 && model.posterior[3] < 0.01);
	/* The other way round: the one that is named is dropped. */
	bisect_model_drop(&model, 4);
	assert_int_equal(bisect_model_update(&model), 0);
	assert_int_equal(bisect_model_best(&model, &probability), 4);
	assert_true(model.group[5] != model.group[4]);
	for (size_t i = 0; i < 8; i++)
		assert_true(model.posterior[i] == model.posterior[model.group[i]]);
	bisect_model_destroy(&model);
}

static void the_choice_minds_the_cost(void **state)
{
	struct bisect_model model = linear(64, 0);
	size_t choice;

	(void)state;
	/* What is looked for is to be there first. */
	assert_int_equal(bisect_model_update(&model), 0);
	assert_int_equal(bisect_model_choose(&model, BISECT_NONE, 0), 63);
	model.tallies[63].bad = 20;
	assert_int_equal(bisect_model_update(&model), 0);
	choice = bisect_model_choose(&model, BISECT_NONE, 0);
	assert_in_range(choice, 28, 35);
	/* One that is built and tells less is worth its runs; at no cost it is not. */
	assert_int_equal(bisect_model_choose(&model, 20, 50), 20);
	assert_int_equal(bisect_model_choose(&model, 20, 0), choice);
	/* But not one that tells nothing. */
	assert_int_equal(bisect_model_choose(&model, 63, 50), choice);
	bisect_model_drop(&model, choice);
	assert_int_equal(bisect_model_update(&model), 0);
	assert_int_not_equal(bisect_model_choose(&model, BISECT_NONE, 0), choice);
	bisect_model_destroy(&model);
}

/* --- the search ----------------------------------------------------------------------------------
 */

#define COMMITS 128
#define TRIALS	200

static uint64_t seed;

/* splitmix64, from 0 up to 1. */
static double chance(void)
{
	uint64_t number = seed += 0x9e3779b97f4a7c15ull;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return (double)((number ^ number >> 31) >> 11) * 0x1p-53;
}

struct tried {
	unsigned int right;
	double runs, builds; /* means */
};

static struct tried search(double rate, double build_cost)
{
	struct tried tried = { 0 };

	for (int trial = 0; trial < TRIALS; trial++) {
		struct bisect_model model = linear(COMMITS, 0);
		size_t truth, built = BISECT_NONE, best;
		double probability;

		seed = (uint64_t)trial << 32;
		truth = (size_t)(chance() * COMMITS);
		for (;;) {
			size_t commit;

			assert_int_equal(bisect_model_update(&model), 0);
			best = bisect_model_best(&model, &probability);
			if (probability >= 0.95)
				break;
			commit = bisect_model_choose(&model, built, build_cost);
			assert_int_not_equal(commit, BISECT_NONE);
			tried.builds += (double)(commit != built) / TRIALS;
			built = commit;
			tried.runs += 1.0 / TRIALS;
			if (commit >= truth && chance() < rate)
				model.tallies[commit].bad++;
			else
				model.tallies[commit].good++;
		}
		tried.right += best == truth;
		bisect_model_destroy(&model);
	}
	return tried;
}

/* `git bisect run`: half of what is left, bad when one of @repeats runs is. */
static struct tried halve(double rate, unsigned int repeats)
{
	struct tried tried = { 0 };

	for (int trial = 0; trial < TRIALS; trial++) {
		size_t first = 0, last = COMMITS - 1, truth;

		seed = (uint64_t)trial << 32;
		truth = (size_t)(chance() * COMMITS);
		while (first < last) {
			size_t middle = first + (last - first) / 2;
			bool bad = false;

			for (unsigned int i = 0; !bad && i < repeats; i++) {
				tried.runs += 1.0 / TRIALS;
				bad = middle >= truth && chance() < rate;
			}
			tried.builds += 1.0 / TRIALS;
			if (bad)
				last = middle;
			else
				first = middle + 1;
		}
		tried.right += first == truth;
	}
	return tried;
}

static void show(const char *what, const struct tried *tried)
{
	print_message("  %-34s right in %3u of %d, %6.1f runs, %5.1f builds\n", what, tried->right,
		      TRIALS, tried->runs, tried->builds);
}

static void a_fault_of_one_run_in_ten_is_found(void **state)
{
	struct tried free_builds = search(0.1, 0), dear_builds = search(0.1, 20);
	struct tried plain = halve(0.1, 1), repeated;
	unsigned int repeats = 1;
	char what[64];

	(void)state;
	do {
		repeated = halve(0.1, ++repeats);
	} while (repeated.right < TRIALS * 95 / 100);
	print_message("128 commits, the fault shows in 10 %% of the runs:\n");
	show("bisect, a build costs nothing", &free_builds);
	show("bisect, a build costs 20 runs", &dear_builds);
	show("git bisect run, one run each", &plain);
	snprintf(what, sizeof(what), "git bisect run, up to %u runs each", repeats);
	show(what, &repeated);
	assert_true(free_builds.right >= TRIALS * 95 / 100 &&
		    dear_builds.right >= TRIALS * 95 / 100);
	/* Who halves must know the rate, and is not to be much better for it. */
	assert_true(free_builds.runs < 1.5 * repeated.runs);
	assert_true(dear_builds.builds < free_builds.builds / 2);
	assert_true(plain.right < TRIALS / 3);
}

static void a_fault_that_shows_always_is_found_quickly(void **state)
{
	struct tried tried = search(1, 0);

	(void)state;
	show("a fault that shows always", &tried);
	assert_int_equal(tried.right, TRIALS);
	/* Seven steps, and what it takes to believe that it shows nearly always. */
	assert_true(tried.runs < 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_posterior_is_that_of_an_integration),
		cmocka_unit_test(a_branch_says_nothing_of_the_other),
		cmocka_unit_test(what_no_commit_explains_is_said),
		cmocka_unit_test(what_cannot_be_tested_is_not_told_apart),
		cmocka_unit_test(what_was_tested_before_is_told_apart),
		cmocka_unit_test(the_choice_minds_the_cost),
		cmocka_unit_test(a_fault_of_one_run_in_ten_is_found),
		cmocka_unit_test(a_fault_that_shows_always_is_found_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
