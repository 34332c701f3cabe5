/* Is the ready line found however it is cut, and only it? Are the tracer's arguments as they should
 * be? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "../../guest/tracer.h"

/* In pieces of @step bytes, each of them cut again as the ring's end would cut it. */
static bool scan(const char *text, size_t size, size_t step)
{
	struct ready_scan state = { 0 };

	for (size_t at = 0; at < size; at += step) {
		size_t count = size - at < step ? size - at : step;
		struct iovec room[2] = {
			{ (char *)text + at, count / 3 },
			{ (char *)text + at + count / 3, 100000 },
		};

		tracer_scan(&state, room, count);
	}
	return state.ready;
}

static void ready_line(void **state)
{
	static const struct {
		const char *text;
		bool ready;
	} cases[] = {
		{ "Running...\n", true },
		{ "Running...\r\n", true },
		{ "Running...", true },
		{ "wprof v0.4\nRunning...\nStopping...\n", true },
		{ "wprof v0.4\r\nRunning...\r\n", true },
		{ "50%\r100%\rRunning...\n", true },
		{ "\n\nRunning...\n", true },
		{ "12:34:56.123456 Running...\n", true },
		{ "wprof v0.4 started!\n00:00:00.000001 Running...\n", true },
		{ "Running in flight recorder mode, press Ctrl-C to stop...\n", true },
		{ "23:59:59.999999 Running in flight recorder mode", true },
		{ "", false },
		{ "12:34:56.123456", false },
		{ "12:34:56.123456 ", false },
		{ "12:34:56.123456  Running...\n", false },
		{ "12:34:56.123456Running...\n", false },
		{ "12.5 Running...\n", false },
		{ "12:34 Running...\n", false },
		{ "a 12:34:56.1 Running...\n", false },
		{ "Running in slow mode\n", false },
		{ "12:34:56.123456\nRunning..\n", false },
		{ "11111111111111111111111111111111111111:11111111111111111:1111 Running...\n",
		  false },
		{ "Running..", false },
		{ "Running..\n.\n", false },
		{ "not Running...\n", false },
		{ " Running...\n", false },
		{ "RRunning...\n", false },
		{ "running...\n", false },
		{ "Run\nning...\n", false },
		{ "Stopping...\nDraining...\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step < 70; step++)
			if (scan(cases[i].text, strlen(cases[i].text), step) != cases[i].ready)
				fail_msg("case %zu in pieces of %zu", i, step);
}

static void long_line(void **state)
{
	static char text[200000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 150000, "Running...", 10);
	assert_false(scan(text, sizeof(text), 65536));
	text[149999] = '\n';
	assert_true(scan(text, sizeof(text), 65536));
	assert_true(scan(text, sizeof(text), 7));
}

static void arguments(void **state)
{
	char args[] = "-d\x1f"
		      "500\x1f-e\x1fsched\x1f\x1f--ringbuf-cnt=8";
	static const char *const expected[] = {
		"/bin/wprof", "-d",   "500", "-e", "sched", "",	 "--ringbuf-cnt=8",
		"-d",	      "9000", "-T",  "/t", "-D",    "/d"
	};
	char *argv[32];

	(void)state;
	assert_int_equal(tracer_argv(argv, 32, "/bin/wprof", args, "9000", "/t", "/d"), 0);
	for (size_t i = 0; i < 13; i++)
		assert_string_equal(argv[i], expected[i]);
	assert_null(argv[13]);

	assert_int_equal(tracer_argv(argv, 32, "/bin/wprof", NULL, NULL, "/t", "/d"), 0);
	assert_string_equal(argv[1], "-T");
	assert_null(argv[5]);
}

static void too_many_arguments(void **state)
{
	char args[1000];
	char *argv[32];

	(void)state;
	memset(args, KTSTR_WPROF_ARGS_SEPARATOR, sizeof(args));
	args[sizeof(args) - 1] = '\0';
	assert_int_equal(tracer_argv(argv, 32, "p", args, "1", "t", "d"), -E2BIG);
	/* 32 less the path, 6 of the options and the NULL. */
	memset(args, KTSTR_WPROF_ARGS_SEPARATOR, sizeof(args));
	strcpy(args + 23, "x");
	assert_int_equal(tracer_argv(argv, 32, "p", args, "1", "t", "d"), 0);
	assert_string_equal(argv[24], "x");
	assert_null(argv[31]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_line),
		cmocka_unit_test(long_line),
		cmocka_unit_test(arguments),
		cmocka_unit_test(too_many_arguments),
	};

	return cmocka_run_group_tests_name("guest tracer", tests, NULL, NULL);
}
