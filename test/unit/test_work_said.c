/* Is what ktstr-work says of itself found in any bytes that a payload may have put there? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "verdict/work_said.h"

static void check(const char *text, size_t size, const char *error, const char *inconclusive,
		  const char *failed)
{
	struct work_said said = { .error = "" };

	work_said_take(&said, text, size);
	assert_string_equal(said.error, error);
	assert_string_equal(said.inconclusive, inconclusive);
	assert_string_equal(said.failed, failed);
}

#define CHECK(text, ...) check(text, sizeof(text) - 1, __VA_ARGS__)

static void the_first_of_each_kind_counts(void **state)
{
	(void)state;
	CHECK("", "", "", "");
	CHECK("failed a: 1\ninconclusive b\nerror c\nerror d\nfailed e\n", "c", "b", "a: 1");
	CHECK("inconclusive cut", "", "cut", "");
}

static void other_lines_say_nothing(void **state)
{
	(void)state;
	CHECK("error\nerror \nERROR x\n error x\nerrors x\n\n\n", "", "", "");
	CHECK("erro", "", "", "");
	CHECK("error \n", "", "", "");
}

static bool is_timed(const char *text)
{
	struct work_said said = { .error = "" };

	work_said_take(&said, text, strlen(text));
	return work_said_is_timed(&said);
}

static void each_failed_check_is_of_time_or_one_is_not(void **state)
{
	(void)state;
	assert_false(is_timed(""));
	assert_false(is_timed("failed a\n"));
	assert_true(is_timed("failed a\ntimed share\n"));
	assert_true(is_timed("failed a\ntimed share\ntask 1 2 3 a/0\nfailed b\ntimed max_gap\n"));
	assert_false(is_timed("failed a\ntimed share\nfailed b\n"));
	assert_false(is_timed("timed share\n"));
	assert_false(is_timed("failed a\ntimed\n"));
	assert_false(is_timed("failed a\ntimely share\n"));
	assert_false(is_timed("failed a\ntimed_ share\n"));
}

static void a_line_is_printable_and_bounded(void **state)
{
	char text[5000] = "error \x1b[2J\0\xff\xe2\x80\xae x";
	struct work_said said = { .error = "" };

	(void)state;
	work_said_take(&said, text, 17);
	assert_string_equal(said.error, "?[2J??? x");
	memset(text, 'x', sizeof(text));
	memcpy(text, "failed ", 7);
	work_said_take(&said, text, sizeof(text));
	assert_int_equal(strlen(said.failed), WORK_SAID_SIZE - 1);
	assert_string_equal(said.failed + WORK_SAID_SIZE - 4, "...");
}

/* A text of so many lines, each a check. */
static void checks(struct work_said *said, const char *text)
{
	*said = (struct work_said){ .error = "" };
	work_said_take(said, text, strlen(text));
}

static void what_came_of_a_check_has_its_limit(void **state)
{
	struct work_said said;

	(void)state;
	checks(&said, "failed hog.max_gap was 3 s\n"
		      "check failed 3000000000 <= 5e8 ns storm/hog.max_gap\n"
		      "check inconclusive - > 0.5 % hog.share\n");
	assert_string_equal(said.failed, "hog.max_gap was 3 s");
	assert_int_equal(said.nr_checks, 2);
	assert_string_equal(said.checks[0].name, "storm/hog.max_gap");
	assert_string_equal(said.checks[0].verdict, "failed");
	assert_string_equal(said.checks[0].op, "<=");
	assert_string_equal(said.checks[0].unit, "ns");
	assert_true(said.checks[0].has_value);
	assert_int_equal((int64_t)said.checks[0].value, (int64_t)(3e9));
	assert_int_equal((int64_t)said.checks[0].limit, (int64_t)(5e8));
	assert_string_equal(said.checks[1].verdict, "inconclusive");
	assert_false(said.checks[1].has_value);
	assert_string_equal(said.checks[1].op, ">");
}

static void what_is_no_check_is_none(void **state)
{
	static const char *const lines[] = {
		"check\n",
		"check \n",
		"check holds 1 < 2 ns\n",
		"check holds 1 < 2 ns a b\n",
		"check passed 1 < 2 ns a\n",
		"check holds 1 == 2 ns a\n",
		"check holds x < 2 ns a\n",
		"check holds 1 < - ns a\n",
		"check holds 1 < nan ns a\n",
		"check holds 1 < 1e999 ns a\n",
		"check holds 1 < 0x10 ns a\n",
		"check holds -- < 1 ns a\n",
		"check  holds 1 < 2 ns\n",
	};
	struct work_said said;
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		checks(&said, lines[i]);
		assert_int_equal(said.nr_checks, 0);
	}
	snprintf(text, sizeof(text), "check holds 1 < 2 ns %0300d\n", 7);
	checks(&said, text);
	assert_int_equal(said.nr_checks, 0);
	snprintf(text, sizeof(text), "check holds 1 < 2 \x1b[2J%030d %0150d\n", 7, 7);
	checks(&said, text);
	assert_int_equal(said.nr_checks, 1);
	assert_int_equal(said.checks[0].unit[0], '?');
	assert_int_equal(strlen(said.checks[0].unit), sizeof(said.checks[0].unit) - 1);
	assert_int_equal(strlen(said.checks[0].name), sizeof(said.checks[0].name) - 1);
}

static void the_first_checks_count(void **state)
{
	static char text[(WORK_SAID_CHECKS + 2) * 32];
	struct work_said said;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < WORK_SAID_CHECKS + 2; i++)
		used += (size_t)sprintf(text + used, "check holds %d < 2 ns a\n", i);
	checks(&said, text);
	assert_int_equal(said.nr_checks, WORK_SAID_CHECKS);
	assert_int_equal((int64_t)said.checks[WORK_SAID_CHECKS - 1].value,
			 (int64_t)(WORK_SAID_CHECKS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_each_kind_counts),
		cmocka_unit_test(other_lines_say_nothing),
		cmocka_unit_test(each_failed_check_is_of_time_or_one_is_not),
		cmocka_unit_test(a_line_is_printable_and_bounded),
		cmocka_unit_test(what_came_of_a_check_has_its_limit),
		cmocka_unit_test(what_is_no_check_is_none),
		cmocka_unit_test(the_first_checks_count),
	};

	return cmocka_run_group_tests_name("work_said", tests, NULL, NULL);
}
