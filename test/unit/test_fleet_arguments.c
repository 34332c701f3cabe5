/* Are words for sbatch that would make another job of it refused, and all others taken? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/arguments.h"

static void words_are_judged(void **state)
{
	static const struct {
		const char *line;
		size_t count;	 /* that are taken */
		const char *why; /* NULL: all */
	} cases[] = {
		{ "", 0, NULL },
		{ "-p batch --gres=kvm:1 -w n3", 5, NULL },
		{ "-pbatch -H --exclusive --hold --time 5", 6, NULL },
		{ "-Hp batch -s --comment \"two words\" --no-requeue", 6, NULL },
		{ "-A array --account -M", 4, NULL },
		{ "--array=1-9", 0, "'--array=1-9' makes another job array" },
		{ "-q x -a 1-3", 0, "'-a' makes another job array" },
		{ "-Ha1", 0, "'-Ha1' makes another job array" },
		{ "--arr 1", 0, "'--arr' makes another job array" },
		{ "-M other", 0, "'-M' sends the job to another cluster" },
		{ "-Mother", 0, "'-Mother' sends the job to another cluster" },
		{ "--clusters=all", 0, "'--clusters=all' sends" },
		{ "--cluster x", 0, "'--cluster' sends" },
		{ "script.sh", 0, "'script.sh' is no option" },
		{ "-p batch script.sh", 0, "'script.sh' is no option" },
		{ "--hold script.sh", 0, "'script.sh' is no option" },
		{ "--time=5 script.sh", 0, "'script.sh' is no option" },
		{ "-pbatch script.sh", 0, "'script.sh' is no option" },
		{ "-- script.sh", 0, "'--' is no option" },
		{ "-", 0, "'-' is no option" },
		{ "\"\"", 0, "'' is no option" },
		{ "-p", 0, "'-p' takes a value" },
		{ "--partition", 0, "'--partition' takes a value" },
		{ "-p \"x", 0, "--sbatch-args: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arguments arguments;
		struct error err = { "" };
		int ret = arguments_read(cases[i].line, &arguments, &err);

		if (ret != (cases[i].why ? -EINVAL : 0) ||
		    (cases[i].why && !strstr(err.text, cases[i].why)))
			fail_msg("'%s': %d, '%s'", cases[i].line, ret, err.text);
		assert_int_equal(arguments.count, cases[i].count);
		arguments_destroy(&arguments);
	}
}

static void words_have_a_bound(void **state)
{
	char line[3 * (ARGUMENTS_MOST + 1) + 1] = "";
	struct arguments arguments;
	struct error err = { "" };

	(void)state;
	for (size_t i = 0; i < ARGUMENTS_MOST; i++)
		strcat(line, "-H ");
	assert_int_equal(arguments_read(line, &arguments, &err), 0);
	assert_int_equal(arguments.count, ARGUMENTS_MOST);
	assert_string_equal(arguments.words[ARGUMENTS_MOST - 1], "-H");
	arguments_destroy(&arguments);
	strcat(line, "-H ");
	assert_int_equal(arguments_read(line, &arguments, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--sbatch-args: more than 48 words"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_judged),
		cmocka_unit_test(words_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
