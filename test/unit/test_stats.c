/*
 * Do the statistics say what others say? The expected numbers are scipy 1.10's, of data that R
 * comes with (sleep: Student 1908; PlantGrowth: Dobson 1983) and of the examples of Wilson's
 * interval in Newcombe 1998; those of uneven permutations were counted out by a loop over all
 * combinations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/beta.h"
#include "stats/fisher.h"
#include "stats/holm.h"
#include "stats/permutation.h"
#include "stats/proportion.h"
#include "stats/sample.h"
#include "stats/welch.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void check_close(const char *what, double is, double wanted)
{
	if (!(fabs(is - wanted) <= 1e-8 * fmax(1e-3, fabs(wanted))))
		fail_msg("%s is %.12g, and not %.12g", what, is, wanted);
}

static const double sleep_1[] = { .7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2 };
static const double sleep_2[] = { 1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4 };
static const double control[] = { 4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14 };
static const double plant_1[] = { 4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69 };
static const double plant_2[] = { 6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26 };

static void beta(void **state)
{
	static const struct {
		double a, b, x, share;
	} cases[] = {
		{ 2, 3, .4, .5248 },
		{ .5, .5, .1, .2048327646991335 },
		{ 50, .5, .99, .31730439787419623 },
		{ 1000, 2000, .34, .781215091161411 },
		{ 5000, 5000, .5, .5 },
		{ 1e4, .5, .9999, .15729401776328975 },
		{ 1, 1, .3, .3 },
		{ 2, 3, 0, 0 },
		{ 2, 3, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_close("I_x(a, b)", beta_cdf(cases[i].a, cases[i].b, cases[i].x),
			    cases[i].share);
	check_close("quantile", beta_quantile(2, 3, .025), .06758598648854294);
	check_close("quantile", beta_quantile(18, 3, .975), .9679290628145363);
	check_close("quantile", beta_quantile(1, 20, .025), .0012650894979498038);
	check_close("quantile", beta_quantile(500, 501, .1), .4792509908497745);
	check_close("normal", normal_quantile(.975), 1.959963984540054);
	check_close("normal", normal_quantile(.001), -3.090232306167813);
	assert_true(fabs(normal_quantile(.5)) < 1e-12);
}

static void proportions(void **state)
{
	static const struct {
		unsigned int hits, runs;
		double confidence;
		struct proportion wilson, exact;
	} cases[] = {
		{ 0, 10, .95, { 0, .277532800 }, { 0, .308497108 } },
		{ 10, 10, .95, { .722467200, 1 }, { .691502892, 1 } },
		{ 3, 20, .95, { .052368746, .360418865 }, { .032070937, .378926827 } },
		{ 81, 263, .95, { .255288520, .366209577 }, { .252736746, .367621923 } },
		{ 15, 148, .95, { .062386400, .160487242 }, { .057844010, .161650490 } },
		{ 1, 29, .95, { .006113214, .171755219 }, { .000872647, .177644295 } },
		{ 199, 200, .99, { .958799118, .999412700 }, { .963440869, .999974938 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proportion wilson =
			proportion_wilson(cases[i].hits, cases[i].runs, cases[i].confidence);
		struct proportion exact =
			proportion_exact(cases[i].hits, cases[i].runs, cases[i].confidence);

		/* Nine decimals were printed. */
		assert_true(fabs(wilson.low - cases[i].wilson.low) < 1e-9);
		assert_true(fabs(wilson.high - cases[i].wilson.high) < 1e-9);
		assert_true(fabs(exact.low - cases[i].exact.low) < 1e-9);
		assert_true(fabs(exact.high - cases[i].exact.high) < 1e-9);
	}
	assert_true(proportion_wilson(0, 0, .95).low == 0 && proportion_exact(0, 0, .95).high == 1);
}

static void samples(void **state)
{
	const double huge[] = { 1.7e308, 1.7e308 }, tiny[] = { 1e-300, 3e-300 };
	double copy[10], three[] = { 3, 1, 2 };

	(void)state;
	check_close("mean", sample_mean(control, 10), 5.032);
	check_close("std", sample_std(control, 10), .5830913783924057);
	check_close("std", sample_std(plant_2, 10), .44257328332278606);
	memcpy(copy, control, sizeof(copy));
	check_close("median", sample_median(copy, 10), 5.155);
	check_close("median", sample_median(three, 3), 2);
	assert_true(isnan(sample_mean(control, 0)) && isnan(sample_std(control, 1)));
	assert_true(sample_mean(huge, 2) == 1.7e308 && sample_std(huge, 2) == 0);
	check_close("std", sample_std(tiny, 2) * 1e300, M_SQRT2);
}

static void check_welch(const double *a, size_t nr_a, const double *b, size_t nr_b, double t,
			double freedom, double p)
{
	struct welch welch;

	assert_true(welch_test(a, nr_a, b, nr_b, &welch));
	check_close("t", welch.t, t);
	check_close("degrees of freedom", welch.freedom, freedom);
	check_close("p", welch.p / p, 1);
}

static void welch(void **state)
{
	static const double few[] = { 19.8, 20.4, 19.6, 17.8, 18.5, 18.9, 18.3, 18.9, 19.5, 22.0 };
	static const double many[] = { 28.2, 26.6, 20.1, 23.3, 25.2, 22.1, 17.7, 27.6, 20.6, 13.7,
				       23.2, 17.5, 20.6, 18.0, 23.9, 21.6, 24.3, 20.4, 24.0, 13.2 };
	static const double far_1[] = { 1, 1.01, .99, 1.02 }, far_2[] = { 5, 5.01, 4.99, 5.02 };
	static const double same[] = { 2, 2, 2 }, tenths[] = { .1, .1, .1, .1, .1, .1 };
	static const double fifths[] = { .2, .2, .2, .2, .2, .2 }, all_12[] = { 12, 12, 12 };
	static const double all_13[] = { 13, 13, 13 };
	struct welch none;

	(void)state;
	check_welch(sleep_1, 10, sleep_2, 10, -1.8608134674868526, 17.776473516178495,
		    .07939414018735823);
	check_welch(control, 10, plant_1, 10, 1.191260381848701, 16.5235850568593,
		    .25038250758854874);
	check_welch(plant_1, 10, plant_2, 10, -3.0100985421243616, 14.103569122760339,
		    .00929840471726984);
	check_welch(few, 10, many, 20, -2.2192409158236233, 24.496223124201244, .03597227102979685);
	check_welch(far_1, 4, far_2, 4, -438.1780460041374, 6, 9.535960897102059e-15);
	assert_false(welch_test(few, 1, many, 20, &none));
	assert_false(welch_test(same, 3, same, 3, &none));
	/* Equal values have no spread, whatever a sum of them is rounded to. */
	assert_false(welch_test(all_12, 3, all_13, 3, &none));
	assert_false(welch_test(tenths, 6, fifths, 6, &none));
	assert_true(welch_test(same, 3, few, 10, &none));
}

static double permuted(const double *a, size_t nr_a, const double *b, size_t nr_b, bool exact)
{
	double pool[100];
	struct permutation permutation;

	assert_true(nr_a + nr_b <= COUNT(pool));
	assert_true(permutation_test(a, nr_a, b, nr_b, pool, &permutation));
	assert_int_equal(permutation.exact, exact);
	return permutation.p;
}

static void permutations(void **state)
{
	static const double a[] = { 1, 2, 4, 8 }, b[] = { 3, 9, 27, 81, 5, 6 }, one[] = { 1, 1 };
	static const double two[] = { 2, 2, 2 }, far[] = { 1e6 };
	static const double high_1[] = { 1e12, 1e12 + 1, 1e12 + 2, 1e12 + 3 };
	static const double high_2[] = { 1e12 + 4, 1e12 + 5, 1e12 + 6, 1e12 + 7 };
	double many_a[30], many_b[30], near_p, p;
	struct permutation none;

	(void)state;
	check_close("sleep", permuted(sleep_1, 10, sleep_2, 10, true), 15048.0 / 184756);
	check_close("PlantGrowth", permuted(plant_1, 10, plant_2, 10, true), 1592.0 / 184756);
	check_close("uneven", permuted(a, 4, b, 6, true), 45.0 / 210);
	check_close("uneven", permuted(b, 6, a, 4, true), 45.0 / 210);
	check_close("far from 0", permuted(high_1, 4, high_2, 4, true), 2.0 / 70);
	check_close("ties", permuted(one, 2, two, 3, true), .1);
	check_close("no difference", permuted(two, 3, two, 3, true), 1);
	check_close("far", permuted(far, 1, b, 6, true), permutation_least(1, 6));
	assert_false(permutation_test(a, 0, b, 6, many_a, &none));
	check_close("least", permutation_least(3, 3), .1);
	check_close("least", permutation_least(2, 3), .1);
	check_close("least", permutation_least(11, 11), 1e-5);
	assert_true(permutation_least(0, 3) == 1);
	/* Each value three times, too many to look at all: about what Welch's test says. */
	for (size_t i = 0; i < 30; i++) {
		many_a[i] = sleep_1[i % 10];
		many_b[i] = sleep_2[i % 10] - .5;
	}
	{
		struct welch welch;

		assert_true(welch_test(many_a, 30, many_b, 30, &welch));
		near_p = welch.p;
	}
	p = permuted(many_a, 30, many_b, 30, false);
	if (fabs(p - near_p) > .1 * near_p)
		fail_msg("drawn: p is %g, and not about %g", p, near_p);
	/* The same each time, and never 0. */
	assert_true(permuted(many_a, 30, many_b, 30, false) == p);
	for (size_t i = 0; i < 30; i++)
		many_b[i] += 100;
	check_close("drawn, far", permuted(many_a, 30, many_b, 30, false), 1e-5);
}

static void fisher(void **state)
{
	(void)state;
	check_close("tea", fisher_test(3, 4, 1, 4), .48571428571428565);
	check_close("p", fisher_test(20, 20, 17, 20), .23076923076923084);
	check_close("p", fisher_test(1, 12, 9, 12), .0027594561852200836);
	check_close("p", fisher_test(0, 5, 0, 7), 1);
	check_close("p", fisher_test(95, 100, 80, 100), .002197232551984906);
	check_close("p", fisher_test(4000, 5000, 3900, 5000), .015061669203052717);
	check_close("p", fisher_test(10, 15, 2, 17), .0027631345617513824);
	assert_true(fisher_test(0, 0, 3, 4) == 1);
	check_close("least", fisher_least(3, 3), .1);
}

/* As R has it: p.adjust(c(.04, .01, .05, .02, .03), "holm"). */
static void holm(void **state)
{
	double p[] = { .04, (double)NAN, .01, .05, .02, .03 };

	(void)state;
	assert_int_equal(holm_correct(p, COUNT(p)), 0);
	check_close("p", p[2], .05);
	check_close("p", p[4], .08);
	check_close("p", p[5], .09);
	check_close("p", p[0], .09);
	check_close("p", p[3], .09);
	assert_true(isnan(p[1]));
	p[0] = .9;
	p[1] = .8;
	assert_int_equal(holm_correct(p, 2), 0);
	assert_true(p[0] == 1 && p[1] == 1);
}

static double uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return ((double)(*state >> 11) + .5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
	double u = uniform(state);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * uniform(state));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the farthest that the p-values' distribution is from the uniform one. */
static double distance(double *p, size_t count)
{
	double most = 0;

	qsort(p, count, sizeof(*p), by_value);
	for (size_t i = 0; i < count; i++) {
		most = fmax(most, fabs(p[i] - (double)i / (double)count));
		most = fmax(most, fabs(p[i] - (double)(i + 1) / (double)count));
	}
	return most;
}

/* Of 1,000 suites whose sides are equal, and then of some whose sides are not. */
static void equal_sides(void **state)
{
	enum { SUITES = 1000, RUNS = 8 };
	/* For p = 0.01 (Kolmogorov's distribution); all of it is the same each time. */
	const double bound = 1.628 / sqrt(SUITES);
	static double of_welch[SUITES], of_permutation[SUITES], of_unequal[SUITES];
	uint64_t seed = 20;

	(void)state;
	for (size_t i = 0; i < SUITES; i++) {
		double a[RUNS], b[RUNS];
		struct welch welch;

		for (size_t j = 0; j < RUNS; j++) {
			a[j] = 100 + 5 * normal(&seed);
			b[j] = 100 + 5 * normal(&seed);
		}
		assert_true(welch_test(a, RUNS, b, RUNS, &welch));
		of_welch[i] = welch.p;
		/* Latencies have long tails, of which the permutation test does not ask. */
		for (size_t j = 0; j < RUNS; j++) {
			a[j] = exp(2 * normal(&seed));
			b[j] = exp(2 * normal(&seed));
		}
		of_permutation[i] = permuted(a, RUNS, b, RUNS, true);
		for (size_t j = 0; j < RUNS; j++)
			b[j] *= 2;
		of_unequal[i] = permuted(a, RUNS, b, RUNS, true);
	}
	if (distance(of_welch, SUITES) > bound)
		fail_msg("Welch: %g is above %g", distance(of_welch, SUITES), bound);
	if (distance(of_permutation, SUITES) > bound)
		fail_msg("permutation: %g is above %g", distance(of_permutation, SUITES), bound);
	assert_true(distance(of_unequal, SUITES) > bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beta),	 cmocka_unit_test(proportions),	 cmocka_unit_test(samples),
		cmocka_unit_test(welch), cmocka_unit_test(permutations), cmocka_unit_test(fisher),
		cmocka_unit_test(holm),	 cmocka_unit_test(equal_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
