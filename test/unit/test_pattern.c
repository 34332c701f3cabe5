/* Do globs, expressions and streams of lines give the lines that are meant, in bounded time? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "util/line_split.h"
#include "util/pattern.h"

static void lines_match_or_do_not(void **state)
{
	static const struct {
		const char *pattern, *line;
		bool matches;
	} cases[] = {
		{ "*starved*", "task 2 was starved for 3 s", true },
		{ "starved", "starved", true },
		{ "starved", "was starved", false },
		{ "starved", "starved for 3 s", false },
		{ "*", "", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "CPU [0-3] *", "CPU 2 is offline", true },
		{ "CPU [!0-3] *", "CPU 2 is offline", false },
		{ "CPU [!0-3] *", "CPU 4 is offline", true },
		{ "[]]x", "]x", true },
		{ "[!]]x", "]x", false },
		/* What has a meaning in an expression has none in a glob. */
		{ "a.c:(1)+$|^{2}", "a.c:(1)+$|^{2}", true },
		{ "a.c", "abc", false },
		{ "soft lockup [sh:83]", "soft lockup s", true },
		{ "soft lockup \\[sh:83\\]", "soft lockup [sh:83]", true },
		{ "100\\*", "100*", true },
		{ "100\\*", "1000", false },
		{ "[ BUG: *", "[ BUG: Invalid wait context ]", true },
		{ "\\", "\\", true },
		{ "\\w", "w", true },
		{ "\\w", "a", false },
		{ "/", "/", true },
		{ "//", "//", true },
		{ "/starv(ed|ing)/", "was starving", true },
		{ "/^starv(ed|ing)/", "was starving", false },
		{ "/a\\/b/", "a/b", true },
		{ "/a", "/a", true },
		{ "*\xff*", "a\xff", true },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern pattern;

		assert_int_equal(pattern_parse("x", cases[i].pattern, &pattern, &err), 0);
		if (pattern_matches(&pattern, cases[i].line) != cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].line);
		assert_string_equal(pattern.text, cases[i].pattern);
		pattern_free(&pattern);
		pattern_free(&pattern);
	}
}

static void what_is_no_pattern_is_refused(void **state)
{
	char longest[PATTERN_MAX + 2];
	static const char *const bad[] = { "",	       "/(/",	  "/[/",      "/a{2}/",
					   "/(a)\\1/", "/*a\\9/", "/a{99999/" };
	struct pattern pattern;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pattern_parse("x", bad[i], &pattern, &err), -EINVAL);
	memset(longest, '*', sizeof(longest));
	longest[PATTERN_MAX + 1] = '\0';
	assert_int_equal(pattern_parse("x", longest, &pattern, &err), -EINVAL);
	memset(longest, '.', sizeof(longest));
	longest[PATTERN_MAX] = '\0';
	assert_int_equal(pattern_parse("x", longest, &pattern, &err), 0);
	pattern_free(&pattern);
}

/* fnmatch would go on for ages. */
static void no_line_takes_long(void **state)
{
	char line[LINE_SPLIT_SIZE];
	struct pattern pattern;
	struct error err;

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(pattern_parse("x", "*a*a*a*a*a*a*a*a*a*a*a*ab", &pattern, &err), 0);
	assert_false(pattern_matches(&pattern, line));
	pattern_free(&pattern);
}

static void a_list_takes_any(void **state)
{
	struct patterns patterns = { 0 };
	struct error err;

	(void)state;
	assert_false(patterns_match(NULL, "a"));
	assert_false(patterns_match(&patterns, "a"));
	assert_int_equal(patterns_add(&patterns, "x", "a*", &err), 0);
	assert_int_equal(patterns_add(&patterns, "x", "/(/", &err), -EINVAL);
	assert_int_equal(patterns_add(&patterns, "x", "b*", &err), 0);
	assert_int_equal(patterns.count, 2);
	assert_true(patterns_match(&patterns, "ax"));
	assert_true(patterns_match(&patterns, "bx"));
	assert_false(patterns_match(&patterns, "cx"));
	patterns_free(&patterns);
	assert_int_equal(patterns.count, 0);
}

static void lines_of_a_stream(void **state)
{
	static const char text[] = "one\n\ntw\0o\nlast";
	static const char *const lines[] = { "one", "", "tw?o", "last" };

	(void)state;
	/* In pieces of each size. */
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct line_split split = { .used = 0 };
		size_t found = 0;

		for (size_t from = 0; from < sizeof(text) - 1; from += piece) {
			const char *at = text + from;
			size_t left = sizeof(text) - 1 - from, count = left < piece ? left : piece;

			while (count)
				if (line_split_next(&split, &at, &count))
					assert_string_equal(split.line, lines[found++]);
		}
		assert_int_equal(found, 3);
		assert_true(line_split_end(&split));
		assert_string_equal(split.line, lines[found]);
		assert_false(line_split_end(&split));
	}
}

static void a_long_line_is_cut(void **state)
{
	static char text[3 * LINE_SPLIT_SIZE];
	struct line_split split = { .used = 0 };
	const char *at = text;
	size_t count = sizeof(text);

	(void)state;
	memset(text, 'x', sizeof(text) - 3);
	memcpy(text + sizeof(text) - 3, "\na\n", 3);
	assert_true(line_split_next(&split, &at, &count));
	assert_int_equal(strlen(split.line), LINE_SPLIT_SIZE - 1);
	assert_true(line_split_next(&split, &at, &count));
	assert_string_equal(split.line, "a");
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_match_or_do_not),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(no_line_takes_long),
		cmocka_unit_test(a_list_takes_any),
		cmocka_unit_test(lines_of_a_stream),
		cmocka_unit_test(a_long_line_is_cut),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
