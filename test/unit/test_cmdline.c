/* Is on the kernel command line what belongs there, in the right order, and no more than fits? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/cmdline.h"

/* Is @word one of the words of @line? */
static bool has(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at++)
		if ((at == line || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static const struct plan trusts_tsc = { .tsc_reliable = true }, distrusts_tsc;

static void tsc_only_where_it_is_reliable(void **state)
{
	char with[VMM_CMDLINE_SIZE], without[VMM_CMDLINE_SIZE];

	(void)state;
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, NULL, with, NULL), 0);
	assert_int_equal(cmdline_build(false, &distrusts_tsc, NULL, NULL, without, NULL), 0);
	assert_true(has(with, "tsc=reliable"));
	assert_null(strstr(without, "tsc="));
	/* Nothing else depends on it. */
	assert_int_equal(strlen(with), strlen(without) + strlen(" tsc=reliable"));
	assert_true(has(with, "noreplace-smp") && has(without, "noreplace-smp"));
	assert_true(has(with, "random.trust_cpu=on") && has(without, "random.trust_cpu=on"));
	assert_true(has(with, "nokaslr") && has(without, "nokaslr"));
}

static void the_flight_recorder_has_its_size(void **state)
{
	const struct plan plan = { .record_mib = 4 };
	char line[VMM_CMDLINE_SIZE];

	(void)state;
	assert_int_equal(cmdline_build(false, &plan, NULL, NULL, line, NULL), 0);
	assert_true(has(line, "KTSTR_RECORD=4096"));
	assert_int_equal(cmdline_build(false, &distrusts_tsc, NULL, NULL, line, NULL), 0);
	assert_null(strstr(line, "KTSTR_RECORD"));
}

static void the_users_words_come_last(void **state)
{
	char line[VMM_CMDLINE_SIZE];
	const char *end;

	(void)state;
	assert_int_equal(cmdline_build(true, &trusts_tsc, NULL, "tsc=unstable", line, NULL), 0);
	assert_false(has(line, "nokaslr"));
	end = line + strlen(line) - strlen(" tsc=unstable");
	assert_string_equal(end, " tsc=unstable");
}

static void what_does_not_fit_is_refused(void **state)
{
	char line[VMM_CMDLINE_SIZE], append[VMM_CMDLINE_SIZE];
	struct error err = { "" };
	size_t room;

	(void)state;
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, NULL, line, &err), 0);
	room = VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN - 1 - strlen(line) - 1;
	memset(append, 'x', sizeof(append));
	append[room] = '\0';
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, append, line, &err), 0);
	assert_int_equal(strlen(line), VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN - 1);
	append[room] = 'x';
	append[room + 1] = '\0';
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, append, line, &err), -E2BIG);
	assert_non_null(strstr(err.text, "--append"));
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, "a\nb", line, &err), -EINVAL);
	assert_non_null(strstr(err.text, "byte 1"));
	assert_int_equal(cmdline_build(false, &trusts_tsc, NULL, "a KTSTR_RECORD=4096", line, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "--record-mib"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tsc_only_where_it_is_reliable),
		cmocka_unit_test(the_flight_recorder_has_its_size),
		cmocka_unit_test(the_users_words_come_last),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
