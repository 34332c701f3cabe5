/*
 * Do tests that stop when they know enough tell the truth as often as they say, and with few runs?
 * By enumeration of all that can happen, which is exact, and by chance, seeded.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/sequential.h"

#define MOST 700

/* Of failure, as a fixture has them. */
static const double rates[] = { 0, 0.01, 0.05, 0.2, 0.5 };

#define NR_RATES (sizeof(rates) / sizeof(rates[0]))

static bool holds(struct proportion known, double rate)
{
	return known.low <= rate + 1e-9 && rate <= known.high + 1e-9;
}

/* What comes of a rule, on the average over all that can happen. */
struct outlook {
	double runs, held, at_least, below;
};

/* @limit: 0: stop where the rate is known to within @width. */
static struct outlook enumerate(double passes, double limit, double width)
{
	static double chance[MOST + 2]; /* of so many hits, and not stopped yet */
	struct outlook outlook = { 0 };
	bool left = true;

	memset(chance, 0, sizeof(chance));
	chance[0] = 1;
	for (unsigned int n = 1; left && n <= MOST; n++) {
		left = false;
		for (unsigned int hits = n + 1; hits-- > 0;)
			chance[hits] = chance[hits] * (1 - passes) +
				       (hits ? chance[hits - 1] * passes : 0);
		for (unsigned int hits = 0; hits <= n; hits++) {
			enum sequential_decision decision = SEQUENTIAL_OPEN;
			struct proportion known;
			bool stop;

			if (chance[hits] < 1e-9)
				continue;
			if (limit > 0)
				decision = sequential_decide(hits, n, limit, 0.95);
			stop = limit > 0 ? decision != SEQUENTIAL_OPEN
					 : sequential_is_narrow(hits, n, width, 0.95);
			left |= !stop;
			if (!stop && n < MOST)
				continue;
			known = limit > 0 ? sequential_interval(hits, n, 0.95)
					  : proportion_wilson(hits, n, 0.95);
			outlook.runs += n * chance[hits];
			outlook.held += holds(known, passes) ? chance[hits] : 0;
			outlook.at_least += decision == SEQUENTIAL_AT_LEAST ? chance[hits] : 0;
			outlook.below += decision == SEQUENTIAL_BELOW ? chance[hits] : 0;
			chance[hits] = 0;
		}
	}
	return outlook;
}

/* The least number of runs, said in advance by one who knows the rate, that gives this width. */
static unsigned int least_runs(double rate, double width)
{
	for (unsigned int n = 1;; n++) {
		struct proportion known =
			proportion_wilson((unsigned int)lround(rate * n), n, 0.95);

		if (known.high - known.low <= width)
			return n;
	}
}

static void a_rate_is_known_to_within_the_width(void **state)
{
	static const double widths[] = { 0.1, 0.2 };

	(void)state;
	for (size_t w = 0; w < 2; w++) {
		for (size_t i = 0; i < NR_RATES; i++) {
			struct outlook outlook = enumerate(1 - rates[i], 0, widths[w]);
			unsigned int least = least_runs(rates[i], widths[w]);

			print_message("  width %.1f, fails %4.0f %%: holds %.3f, %5.1f runs, "
				      "least %u\n",
				      widths[w], 100 * rates[i], outlook.held, outlook.runs, least);
			assert_true(outlook.held >= 0.94);
			assert_true(outlook.runs < 1.3 * least);
		}
	}
}

/*
 * Of any rate: Wilson's interval has dents, the deepest beyond the end of that with one miss, where
 * a run of passes alone stops. Half of the rates, since the other half is its mirror.
 */
static void of_any_rate_the_interval_holds_less(void **state)
{
	static const double widths[] = { 0.1, 0.2, 0.4 };

	(void)state;
	for (size_t w = 0; w < 3; w++) {
		double lowest = 1, at = 0, sum = 0;

		for (int i = 0; i <= 100; i++) {
			/* Most near the end, where the dents are deep. */
			double passes = i % 6 ? 0.99 + i / 10000.0 : 0.5 + i / 200.0;
			double held = enumerate(passes, 0, widths[w]).held;

			sum += i % 6 ? 0 : held / 17;
			at = held < lowest ? passes : at;
			lowest = fmin(lowest, held);
		}
		print_message(
			"  width %.1f: holds %.4f at the least, of %.5f; %.3f on the average\n",
			widths[w], lowest, at, sum);
		assert_true(lowest >= 0.885 && lowest < 0.9);
		assert_true(sum >= 0.94);
	}
}

/* What Wald and Kullback-Leibler's divergence leave as the least. */
static double least_to_decide(double passes, double limit)
{
	double divergence = (passes > 0 ? passes * log(passes / limit) : 0) +
			    (passes < 1 ? (1 - passes) * log((1 - passes) / (1 - limit)) : 0);

	return log(20) / divergence;
}

static void a_decision_is_right_and_quick(void **state)
{
	const double limit = 0.9;

	(void)state;
	for (size_t i = 0; i < NR_RATES; i++) {
		double passes = 1 - rates[i], least = least_to_decide(passes, limit);
		struct outlook outlook = enumerate(passes, limit, 0);

		print_message(
			"  at least 90 %%, fails %4.0f %%: right %.4f, holds %.3f, %5.1f runs, "
			"least %.1f\n",
			100 * rates[i], passes > limit ? outlook.at_least : outlook.below,
			outlook.held, outlook.runs, least);
		assert_true(outlook.held >= 0.95);
		assert_true((passes > limit ? outlook.below : outlook.at_least) <= 0.05);
		assert_true((passes > limit ? outlook.at_least : outlook.below) >= 0.95);
		assert_true(outlook.runs < 2 * least);
	}
	/* At the limit itself: it may stay open, and is seldom called below it. */
	assert_true(enumerate(limit, limit, 0).below <= 0.05);
}

/* splitmix64, from 0 up to 1. */
static double draw(uint64_t *seed)
{
	uint64_t number = *seed += 0x9e3779b97f4a7c15ull;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return (double)((number ^ number >> 31) >> 11) * 0x1p-53;
}

static void chance_agrees(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < NR_RATES; i++) {
		double runs = 0, expected = enumerate(1 - rates[i], 0, 0.1).runs;
		unsigned int held = 0;

		for (int trial = 0; trial < 1000; trial++) {
			unsigned int hits = 0, n = 0;

			do {
				hits += draw(&seed) >= rates[i];
				n++;
			} while (!sequential_is_narrow(hits, n, 0.1, 0.95));
			held += holds(proportion_wilson(hits, n, 0.95), 1 - rates[i]);
			runs += n / 1000.0;
		}
		assert_true(held >= 930);
		assert_true(fabs(runs - expected) < 0.03 * expected + 0.5);
	}
}

static void numbers_at_the_edges(void **state)
{
	struct proportion known = sequential_interval(0, 0, 0.95);

	(void)state;
	assert_true(known.low == 0 && known.high == 1);
	assert_false(sequential_is_narrow(0, 0, 1, 0.95));
	assert_int_equal(sequential_decide(0, 0, 0.5, 0.95), SEQUENTIAL_OPEN);
	/* All pass: (1 - L^(n+1)) / ((n+1) (1-L) L^n) is 20 at n = 43 for L = 0.9. */
	assert_int_equal(sequential_decide(42, 42, 0.9, 0.95), SEQUENTIAL_OPEN);
	assert_int_equal(sequential_decide(43, 43, 0.9, 0.95), SEQUENTIAL_AT_LEAST);
	assert_int_equal(sequential_least(0.9, 0.95, 100000), 43);
	assert_int_equal(sequential_least(0.9, 0.95, 43), 43);
	assert_int_equal(sequential_least(0.9, 0.95, 42), 0);
	assert_int_equal(sequential_least(0.99, 0.95, 500), 449);
	assert_int_equal(sequential_decide(0, 2000, 0.001, 0.95), SEQUENTIAL_OPEN);
	assert_int_equal(sequential_decide(0, 100000, 0.001, 0.95), SEQUENTIAL_BELOW);
	assert_int_equal(sequential_decide(100000, 100000, 0.999, 0.95), SEQUENTIAL_AT_LEAST);
	known = sequential_interval(100000, 100000, 0.95);
	assert_true(known.high == 1 && known.low > 0.9997 && known.low < 1);
	known = sequential_interval(0, 20, 0.95);
	assert_true(known.low == 0 && known.high > 0.1 && known.high < 0.4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_known_to_within_the_width),
		cmocka_unit_test(of_any_rate_the_interval_holds_less),
		cmocka_unit_test(a_decision_is_right_and_quick),
		cmocka_unit_test(chance_agrees),
		cmocka_unit_test(numbers_at_the_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
