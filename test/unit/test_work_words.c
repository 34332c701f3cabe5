/* ktstr-work: are words read as they are written, and the histogram and the CPUs as they are? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/work/hist.h"
#include "../../guest/work/plan.h"
#include "../../guest/work/words.h"

static struct failure failure;

static uint64_t good(const char *text, enum word_type type)
{
	uint64_t value;

	failure.text[0] = '\0';
	if (word_parse("x", text, type, 0, WORD_MAX, &value, &failure))
		fail_msg("'%s' is refused: %s", text, failure.text);
	return value;
}

static void bad(const char *text, enum word_type type, const char *part)
{
	uint64_t value;

	assert_int_equal(word_parse("x", text, type, 10, 1000, &value, &failure), -EINVAL);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

static void words_have_their_unit(void **state)
{
	(void)state;
	assert_int_equal(good("200us", WORD_DURATION), 200000);
	assert_int_equal(good("1.5ms", WORD_DURATION), 1500000);
	assert_int_equal(good("0s", WORD_DURATION), 0);
	assert_int_equal(good("2m", WORD_DURATION), 120 * WORK_S);
	assert_int_equal(good("15%", WORD_PERCENT), 1500);
	assert_int_equal(good("0.25%", WORD_PERCENT), 25);
	assert_int_equal(good("64KiB", WORD_SIZE), 65536);
	assert_int_equal(good("7", WORD_COUNT), 7);
	bad("5", WORD_DURATION, "'5' is not a duration");
	bad("5ms", WORD_COUNT, "'5ms' is not a whole number");
	bad("1.5", WORD_COUNT, "none so fine");
	bad("0.001%", WORD_PERCENT, "none so fine");
	bad("1..5s", WORD_DURATION, "is not a duration");
	bad("-5ns", WORD_DURATION, "is not a duration");
	bad(".5ns", WORD_DURATION, "is not a duration");
	bad("", WORD_COUNT, "is not a whole number");
	bad("9", WORD_COUNT, "'9' is not between 10 and 1000");
	bad("1001", WORD_COUNT, "'1001' is not between 10 and 1000");
	bad("99999999999999999999999s", WORD_DURATION, "is not between 10ns and 1us");
}

static void words_print_as_they_read(void **state)
{
	static const uint64_t values[] = { 0, 1, 999, 1000, 1500, 60000000000, 123456789 };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		word_print(WORD_DURATION, values[i], text, sizeof(text));
		assert_int_equal(good(text, WORD_DURATION), values[i]);
	}
	assert_string_equal(word_print(WORD_PERCENT, 1525, text, sizeof(text)), "15.25%");
	assert_string_equal(word_print(WORD_SIZE, 4194304, text, sizeof(text)), "4MiB");
}

static void names(void **state)
{
	(void)state;
	assert_true(word_is_name("a", 1));
	assert_true(word_is_name("a-1_B", 5));
	assert_false(word_is_name("", 0));
	assert_false(word_is_name("1a", 2));
	assert_false(word_is_name("a/b", 3));
	assert_false(word_is_name("..", 2));
	assert_false(word_is_name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32));
}

/* Each value is in the bucket that says so, and no bucket is wider than its error allows. */
static void buckets_keep_their_error(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket + 1 < HIST_BUCKETS; bucket++) {
		uint64_t end = hist_bucket_end(bucket);

		assert_int_equal(hist_bucket(end), bucket);
		assert_int_equal(hist_bucket(end + 1), bucket + 1);
		if (bucket) {
			uint64_t first = hist_bucket_end(bucket - 1) + 1;

			assert_true((end - first) * HIST_SUB <= first);
		}
	}
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void quantiles_against_exact_ones(void **state)
{
	static const uint32_t asked[] = { 1, 50000, 99000, 99900, 100000 };
	enum { COUNT = 20000 };
	uint64_t *values = malloc(COUNT * sizeof(*values)), seed = 7;
	struct hist *hist = calloc(1, sizeof(*hist)), *half = calloc(1, sizeof(*half));

	(void)state;
	assert_true(values && hist && half);
	assert_int_equal(hist_quantile(hist, 50000), 0);
	for (int i = 0; i < COUNT; i++) {
		/* All magnitudes up to 2^40. */
		values[i] = work_random(&seed) >> (24 + work_random(&seed) % 40);
		hist_add(i & 1 ? hist : half, values[i]);
	}
	hist_merge(hist, half);
	assert_int_equal(hist->count, COUNT);
	qsort(values, COUNT, sizeof(*values), order);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint64_t rank = ((uint64_t)COUNT * asked[i] + 99999) / 100000;
		uint64_t exact = values[(rank ? rank : 1) - 1];
		uint64_t is = hist_quantile(hist, asked[i]);

		assert_true(is >= exact);
		assert_true((is - exact) * HIST_SUB <= exact);
	}
	assert_int_equal(hist_quantile(hist, 100000), values[COUNT - 1]);
	free(half);
	free(hist);
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_their_unit),
		cmocka_unit_test(words_print_as_they_read),
		cmocka_unit_test(names),
		cmocka_unit_test(buckets_keep_their_error),
		cmocka_unit_test(quantiles_against_exact_ones),
	};

	return cmocka_run_group_tests_name("work words", tests, NULL, NULL);
}
