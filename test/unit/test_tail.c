/* Does a tail keep exactly the last bytes, and does it find the last lines in them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "util/tail.h"

static void check_lines(const struct tail *tail, size_t lines, const char *expected)
{
	char *text = tail_lines(tail, lines);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void keeps_the_last_bytes(void **state)
{
	struct tail tail;

	(void)state;
	assert_int_equal(tail_init(&tail, 8), 0);
	check_lines(&tail, 5, "");
	tail_add(&tail, "abc", 3);
	check_lines(&tail, 5, "abc");
	tail_add(&tail, "", 0);
	tail_add(&tail, "defgh", 5);
	check_lines(&tail, 5, "abcdefgh");
	tail_add(&tail, "ij", 2);
	check_lines(&tail, 5, "cdefghij");
	/* More at once than fits, from a place that is not the ring's start. */
	tail_add(&tail, "0123456789ABCDE", 15);
	check_lines(&tail, 5, "789ABCDE");
	assert_int_equal(tail.total, 25);
	tail_add(&tail, "x", 1);
	check_lines(&tail, 5, "89ABCDEx");
	tail_destroy(&tail);
	tail_destroy(&tail);
}

/* Against a plain buffer, for every size of piece and of ring. */
static void agrees_with_a_plain_buffer(void **state)
{
	char all[4096], expected[64];

	(void)state;
	for (size_t size = 1; size < 40; size++) {
		size_t total = 0;
		struct tail tail;

		assert_int_equal(tail_init(&tail, size), 0);
		for (size_t i = 0; i < 60; i++) {
			size_t count = (i * 7 + size) % 53;
			size_t kept;

			for (size_t j = 0; j < count; j++)
				all[total + j] = (char)('!' + (total + j) % 90);
			tail_add(&tail, all + total, count);
			total += count;
			kept = total < size ? total : size;
			memcpy(expected, all + total - kept, kept);
			expected[kept] = '\0';
			check_lines(&tail, SIZE_MAX, expected);
		}
		tail_destroy(&tail);
	}
}

static void finds_the_last_lines(void **state)
{
	static const struct {
		const char *text;
		size_t lines;
		const char *expected;
	} cases[] = {
		{ "", 3, "" },
		{ "\n", 1, "\n" },
		{ "one", 0, "" },
		{ "one", 1, "one" },
		{ "one\n", 1, "one\n" },
		{ "one\ntwo", 1, "two" },
		{ "one\ntwo\n", 1, "two\n" },
		{ "one\ntwo\n", 2, "one\ntwo\n" },
		{ "one\ntwo\n", 9, "one\ntwo\n" },
		{ "one\n\n\n", 2, "\n\n" },
		{ "one\ntwo\nthree", 2, "two\nthree" },
		{ "\n\none\ntwo\n", 2, "one\ntwo\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tail tail;

		assert_int_equal(tail_init(&tail, 64), 0);
		tail_add(&tail, cases[i].text, strlen(cases[i].text));
		check_lines(&tail, cases[i].lines, cases[i].expected);
		tail_destroy(&tail);
	}
}

static void nul_bytes_become_question_marks(void **state)
{
	struct tail tail;

	(void)state;
	assert_int_equal(tail_init(&tail, 64), 0);
	tail_add(&tail, "a\0b\n\0", 5);
	check_lines(&tail, 2, "a?b\n?");
	tail_destroy(&tail);
}

static void a_tail_that_was_never_made_is_empty(void **state)
{
	struct tail tail = { 0 };

	(void)state;
	tail_add(&tail, "abc", 3);
	check_lines(&tail, 2, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last_bytes),
		cmocka_unit_test(agrees_with_a_plain_buffer),
		cmocka_unit_test(finds_the_last_lines),
		cmocka_unit_test(nul_bytes_become_question_marks),
		cmocka_unit_test(a_tail_that_was_never_made_is_empty),
	};

	return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
