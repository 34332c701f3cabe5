/* Is what ktstr-work says of itself found in any bytes that a payload may have put there? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_each_kind_counts),
		cmocka_unit_test(other_lines_say_nothing),
		cmocka_unit_test(each_failed_check_is_of_time_or_one_is_not),
		cmocka_unit_test(a_line_is_printable_and_bounded),
	};

	return cmocka_run_group_tests_name("work_said", tests, NULL, NULL);
}
