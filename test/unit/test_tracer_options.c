/* Does the built-in tracer take wprof's options, refuse the others by name, and keep the last of
 * two? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/tracer/options.h"

#define MAX_ARGS 16

static struct failure failure;

/* Parse the words up to NULL; getopt may reorder them, so from a copy. */
static int parse(struct options *options, const char *const *words)
{
	static char text[MAX_ARGS][64];
	char *argv[MAX_ARGS + 1] = { NULL };
	int argc;

	failure.text[0] = '\0';
	for (argc = 0; words[argc]; argc++) {
		assert_true(argc < MAX_ARGS && strlen(words[argc]) < sizeof(text[0]));
		argv[argc] = strcpy(text[argc], words[argc]);
	}
	return tracer_options_parse(argc, argv, options, &failure);
}

#define PARSE(options, ...) parse(options, (const char *const[]){ "wprof", __VA_ARGS__, NULL })

static void defaults(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "-T", "t"), OPTIONS_RECORD);
	assert_int_equal(options.duration_ms, 1000);
	assert_int_equal(options.ringbuf_kb, 16384);
	assert_int_equal(options.ringbuf_cnt, 0);
	assert_string_equal(options.trace, "t");
	assert_string_equal(options.data, "wprof.data");
}

static void every_spelling(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "-d", "500", "-e", "sched", "--ringbuf-size=256000",
			       "--ringbuf-cnt=8", "-T", "/a/b.pb", "-D", "/c/d"),
			 OPTIONS_RECORD);
	assert_int_equal(options.duration_ms, 500);
	assert_int_equal(options.ringbuf_kb, 262144);
	assert_int_equal(options.ringbuf_cnt, 8);
	assert_string_equal(options.trace, "/a/b.pb");
	assert_string_equal(options.data, "/c/d");

	assert_int_equal(PARSE(&options, "--trace=x", "--data", "y", "--dur-ms", "7", "-esched",
			       "--ringbuf-size", "16384"),
			 OPTIONS_RECORD);
	assert_int_equal(options.duration_ms, 7);
	assert_int_equal(options.ringbuf_kb, 16384);
	assert_string_equal(options.trace, "x");
	assert_string_equal(options.data, "y");
}

/* The guest's init widens the window by a second -d. */
static void the_last_wins(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "-d", "500", "-T", "a", "-d", "90000", "-Tb"),
			 OPTIONS_RECORD);
	assert_int_equal(options.duration_ms, 90000);
	assert_string_equal(options.trace, "b");
}

static void answers(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "--help"), OPTIONS_HELP);
	assert_int_equal(PARSE(&options, "-?"), OPTIONS_HELP);
	assert_int_equal(PARSE(&options, "-d", "5", "--usage"), OPTIONS_USAGE);
	assert_int_equal(PARSE(&options, "-V"), OPTIONS_VERSION);
	assert_int_equal(PARSE(&options, "--version"), OPTIONS_VERSION);
}

static void refused(const char *option, const char *const *words)
{
	struct options options;
	char expected[160];

	snprintf(expected, sizeof(expected),
		 "option '%s' is not supported by the built-in tracer; embed wprof itself for it",
		 option);
	assert_int_equal(parse(&options, words), -EINVAL);
	assert_string_equal(failure.text, expected);
}

#define REFUSED(option, ...) refused(option, (const char *const[]){ "wprof", __VA_ARGS__, NULL })

static void others_by_name(void **state)
{
	(void)state;
	REFUSED("-S", "-S", "-T", "t");
	REFUSED("-S", "-Stimer", "-T", "t");
	REFUSED("-f", "-T", "t", "-f", "ipi");
	REFUSED("-J", "--ringbuf-size=5", "-JR");
	REFUSED("--json-schema", "-T", "t", "--json-schema");
	REFUSED("--replay", "--replay=x", "-T", "t");
	REFUSED("--help", "--help=x");
	REFUSED("-e numa", "-e", "numa", "-T", "t");
	REFUSED("-e sched-extras", "-e", "sched", "-e", "sched-extras", "-T", "t");
}

static void bad(const char *part, const char *const *words)
{
	struct options options;

	assert_int_equal(parse(&options, words), -EINVAL);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

#define BAD(part, ...) bad(part, (const char *const[]){ "wprof", __VA_ARGS__, NULL })

static void bad_values(void **state)
{
	(void)state;
	BAD("no trace file", "-d", "5");
	BAD("no trace file", "-T", "");
	BAD("'-T -'", "-T", "-");
	BAD("'-D'", "-T", "t", "-D", "");
	BAD("argument 'x'", "-T", "t", "x");
	BAD("'-d': it needs a value", "-T", "t", "-d");
	BAD("'--trace': it needs a value", "--trace");
	BAD("option '-d': ''", "-T", "t", "-d", "");
	BAD("option '-d': '0'", "-T", "t", "-d", "0");
	BAD("option '-d': '-5'", "-T", "t", "-d", "-5");
	BAD("option '-d': '5x'", "-T", "t", "-d", "5x");
	BAD("option '-d': '2147483648'", "-T", "t", "-d", "2147483648");
	BAD("'99999999999999999999999'", "-T", "t", "-d", "99999999999999999999999");
	BAD("'--ringbuf-size': '1073741825'", "-T", "t", "--ringbuf-size=1073741825");
	BAD("'--ringbuf-cnt': '65537'", "-T", "t", "--ringbuf-cnt=65537");
	/* A bad value is not forgiven because a good one follows. */
	BAD("option '-d': 'x'", "-d", "x", "-d", "5", "-T", "t");
}

static void budget(void **state)
{
	struct options options;

	(void)state;
	PARSE(&options, "-T", "t", "--ringbuf-size=256000", "--ringbuf-cnt=8");
	assert_int_equal(options_budget(&options, 2), 2048ull << 20);
	PARSE(&options, "-T", "t");
	assert_int_equal(options_budget(&options, 1), 16ull << 20);
	assert_int_equal(options_budget(&options, 16), 4 * (16ull << 20));
	assert_int_equal(options_budget(&options, 33), 5 * (16ull << 20));
	PARSE(&options, "-T", "t", "--ringbuf-size=1073741824", "--ringbuf-cnt=65536");
	assert_int_equal(options_budget(&options, 1), 1ull << 56);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	  cmocka_unit_test(every_spelling),
		cmocka_unit_test(the_last_wins),  cmocka_unit_test(answers),
		cmocka_unit_test(others_by_name), cmocka_unit_test(bad_values),
		cmocka_unit_test(budget),
	};

	return cmocka_run_group_tests_name("tracer options", tests, NULL, NULL);
}
