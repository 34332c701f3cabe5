/* Does init take requests for another scheduler as they are meant, and no others? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/replace.h"

static char *argv[REPLACE_ARGS_MAX + 1], *cwd;

/* In memory of just its size, so that a sanitizer sees each step beyond it. */
static char *copied;

static int split(const char *request, size_t size)
{
	free(copied);
	copied = malloc(size + !size);
	assert_non_null(copied);
	memcpy(copied, request, size);
	return replace_split(copied, size, argv, &cwd);
}

#define SPLIT(text) split(text, sizeof(text) - 1)

static void as_it_is_meant(void **state)
{
	(void)state;
	assert_int_equal(SPLIT("/tmp\0/bin/scx\0--slice\0\0x\0"), 0);
	assert_string_equal(cwd, "/tmp");
	assert_string_equal(argv[0], "/bin/scx");
	assert_string_equal(argv[1], "--slice");
	assert_string_equal(argv[2], "");
	assert_string_equal(argv[3], "x");
	assert_null(argv[4]);
	assert_int_equal(SPLIT("/\0/s\0"), 0);
	assert_null(argv[1]);
}

static void no_requests(void **state)
{
	char many[2 * (REPLACE_ARGS_MAX + 1) + 2] = "/";

	(void)state;
	assert_int_equal(SPLIT(""), -1);
	assert_int_equal(SPLIT("\0"), -1);
	assert_int_equal(SPLIT("/tmp\0"), -1);
	assert_int_equal(SPLIT("/tmp\0/scx"), -1);
	assert_int_equal(SPLIT("/tmp\0scx\0"), -1);
	assert_int_equal(SPLIT("tmp\0/scx\0"), -1);
	assert_int_equal(SPLIT("/tmp\0\0/scx\0"), -1);
	/* As many as there may be, and one more. */
	for (size_t i = 2; i < sizeof(many); i += 2)
		many[i] = '/';
	assert_int_equal(split(many, sizeof(many) - 2), 0);
	assert_int_equal(split(many, sizeof(many)), -1);
}

static void its_name(void **state)
{
	(void)state;
	assert_true(replace_is_meant("replace-scheduler"));
	assert_true(replace_is_meant("/usr/bin/replace-scheduler"));
	assert_false(replace_is_meant("/init"));
	assert_false(replace_is_meant("replace-scheduler/init"));
	assert_false(replace_is_meant(NULL));
}

static int free_copy(void **state)
{
	(void)state;
	free(copied);
	copied = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(as_it_is_meant, free_copy),
		cmocka_unit_test_teardown(no_requests, free_copy),
		cmocka_unit_test(its_name),
	};

	return cmocka_run_group_tests_name("guest replace", tests, NULL, NULL);
}
