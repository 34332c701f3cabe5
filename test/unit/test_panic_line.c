/* Is a panic's line found, and nothing else taken for one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/panic_line.h"

static struct panic_line panic;
static char text[PANIC_LINE_SIZE];

static bool add(const char *words)
{
	return panic_line_add(&panic, (const uint8_t *)words, strlen(words), text);
}

static int set_up(void **state)
{
	(void)state;
	memset(&panic, 0, sizeof(panic));
	strcpy(text, "untouched");
	return 0;
}

static void found_when_its_line_ends(void **state)
{
	(void)state;
	assert_false(add("[    1.0] Run /init\n[    2.0] Kernel pa"));
	assert_false(add("nic - not syncing: \x1b[1mwhy"));
	assert_string_equal(text, "untouched");
	assert_true(add("\r\n[    2.1] CPU: 0\n"));
	assert_string_equal(text, "Kernel panic - not syncing: [1mwhy");
	/* Each counts by itself. */
	assert_false(add("end trace\n"));
	assert_true(add("Kernel panic - not syncing: again\n"));
	assert_string_equal(text, "Kernel panic - not syncing: again");
}

static void the_first_of_several(void **state)
{
	(void)state;
	assert_true(add("Kernel panic - not syncing: one\nKernel panic - not syncing: two\n"));
	assert_string_equal(text, "Kernel panic - not syncing: one");
}

static void nothing_else(void **state)
{
	(void)state;
	assert_false(add("kernel panic - not syncing\nKernel panic\n- not syncing\n\n"));
	assert_false(panic_line_end(&panic, text));
	assert_string_equal(text, "untouched");
}

/* No line is too long; what it has behind its 511th character is not looked at. */
static void long_lines(void **state)
{
	char line[2000];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line + 100, "Kernel panic - not syncing", 26);
	assert_false(add(line));
	assert_false(add(line));
	assert_true(add("\n"));
	assert_int_equal(strlen(text), PANIC_LINE_SIZE - 1);
	memset(line, 'x', 200);
	memcpy(line + 1000, "Kernel panic - not syncing", 26);
	assert_false(add(line));
	assert_false(add("\n"));
}

static void at_the_very_end(void **state)
{
	(void)state;
	assert_false(add("Kernel panic - not syncing: cut"));
	assert_true(panic_line_end(&panic, text));
	assert_string_equal(text, "Kernel panic - not syncing: cut");
	assert_false(panic_line_end(&panic, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(found_when_its_line_ends, set_up),
		cmocka_unit_test_setup(the_first_of_several, set_up),
		cmocka_unit_test_setup(nothing_else, set_up),
		cmocka_unit_test_setup(long_lines, set_up),
		cmocka_unit_test_setup(at_the_very_end, set_up),
	};

	return cmocka_run_group_tests_name("panic line", tests, NULL, NULL);
}
