/* Does what a bisection has seen come back as it was, whatever became of its file? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bisect/state.h"
#include "util/file.h"

#define A_NAME "0123456789abcdef0123456789abcdef01234567"

static const struct bisect_subject subject = {
	.good = "a", .bad = "b", .build = "make", .test = "sh -c 'exit 1'"
};

static char folder[] = "/tmp/ktstr-bisect-state-XXXXXX", path[PATH_MAX];

struct seen {
	struct observation_line lines[8];
	size_t count;
};

static int take(void *data, const struct observation_line *line, struct error *err)
{
	struct seen *seen = data;

	(void)err;
	assert_true(seen->count < 8);
	seen->lines[seen->count++] = *line;
	return 0;
}

static int open_it(struct bisect_state *state, const struct bisect_subject *of, struct seen *seen,
		   struct error *err)
{
	*seen = (struct seen){ 0 };
	return bisect_state_open(state, folder, of, take, seen, err);
}

/* Refused, with these words, and as it was. */
static void refuses(const struct bisect_subject *of, int code, const char *words)
{
	struct bisect_state state;
	struct error err = { "" };
	struct stat before, after;
	struct seen seen;

	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(open_it(&state, of, &seen, &err), code);
	if (!strstr(err.text, words))
		fail_msg("it says '%s', not '%s'", err.text, words);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
}

static void append_bytes(const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, bytes, size), 0);
	close(fd);
}

static void append(const char *text)
{
	append_bytes(text, strlen(text));
}

static void comes_back(void **test)
{
	const struct observation_line lines[] = {
		{ A_NAME, OBSERVED_BUILT, 0, 12.5 },	{ A_NAME, OBSERVED_BAD, 1, 0.25 },
		{ A_NAME, OBSERVED_GOOD, 0, 3 },	{ A_NAME, OBSERVED_SKIP, 125, 0 },
		{ A_NAME, OBSERVED_UNBUILDABLE, 2, 1 },
	};
	struct bisect_state state, second;
	struct error err = { "" };
	struct seen seen;

	(void)test;
	unlink(path);
	assert_int_equal(open_it(&state, &subject, &seen, &err), 0);
	assert_int_equal(seen.count, 0);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(bisect_state_add(&state, &lines[i], &err), 0);
	assert_int_equal(open_it(&second, &subject, &seen, &err), -EBUSY);
	bisect_state_close(&state);
	/* The end of a line that a crash has cut off goes, and those before stay. */
	append("{ \"what\": \"ba");
	assert_int_equal(open_it(&state, &subject, &seen, &err), 0);
	assert_int_equal(seen.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(seen.lines[i].commit, A_NAME);
		assert_int_equal(seen.lines[i].what, lines[i].what);
		assert_int_equal(seen.lines[i].status, lines[i].status);
		assert_true(seen.lines[i].seconds == lines[i].seconds);
	}
	assert_int_equal(bisect_state_add(&state, &lines[1], &err), 0);
	bisect_state_close(&state);
	assert_int_equal(open_it(&state, &subject, &seen, &err), 0);
	assert_int_equal(seen.count, 6);
	bisect_state_close(&state);
}

/* It opens, with @count observations, and once more. */
static void opens(const struct bisect_subject *of, size_t count)
{
	struct bisect_state state;
	struct error err = { "" };
	struct seen seen;

	for (int i = 0; i < 2; i++) {
		if (open_it(&state, of, &seen, &err))
			fail_msg("%s", err.text);
		assert_int_equal(seen.count, count);
		bisect_state_close(&state);
	}
}

static void what_a_crash_has_left_is_cut(void **test)
{
	static const char nuls[5000];
	const struct observation_line line = { A_NAME, OBSERVED_BAD, 1, 0.25 };
	char first[512] = "";
	struct bisect_state state;
	struct error err = { "" };
	struct seen seen;
	size_t length;
	FILE *file;

	(void)test;
	unlink(path);
	opens(&subject, 0);
	file = fopen(path, "re");
	assert_non_null(file);
	length = fread(first, 1, sizeof(first), file);
	fclose(file);
	assert_true(length > 20 && first[length - 1] == '\n');
	/* The first line, wherever it is torn; or nothing of it. */
	for (size_t i = 0; i < length; i++) {
		unlink(path);
		append_bytes(first, i);
		opens(&subject, 0);
	}
	unlink(path);
	append_bytes(nuls, sizeof(nuls));
	opens(&subject, 0);
	assert_int_equal(open_it(&state, &subject, &seen, &err), 0);
	assert_int_equal(bisect_state_add(&state, &line, &err), 0);
	bisect_state_close(&state);
	append("{ \"what\": ");
	append_bytes(nuls, sizeof(nuls));
	opens(&subject, 1);
	/* Of another bisection nothing is cut. */
	append_bytes(nuls, sizeof(nuls));
	refuses(&(struct bisect_subject){ "a", "b", "", "true" }, -EINVAL, "another build");
}

static void what_is_no_utf8_is_the_same_again(void **test)
{
	struct bisect_subject odd = subject;

	(void)test;
	unlink(path);
	odd.test = "cat \xff\xfe";
	odd.build = "make \x80";
	opens(&odd, 0);
	odd.test = "cat \xff";
	refuses(&odd, -EINVAL, "another test");
}

static void another_one_is_refused(void **test)
{
	struct bisect_subject other = subject;

	(void)test;
	other.test = "true";
	refuses(&other, -EINVAL, "another test: 'sh -c 'exit 1'', not 'true'");
	other = subject;
	other.build = "";
	refuses(&other, -EINVAL, "another build: 'make', not ''");
	other = subject;
	other.good = "c";
	refuses(&other, -EINVAL, "another good: 'a', not 'c'");
}

static void what_is_none_of_ours_is_left_alone(void **test)
{
	static const char *const lines[] = {
		"\n",
		"{}\n",
		"[]\n",
		"{ \"what\": \"worse\", \"commit\": \"" A_NAME "\", \"status\": 0 }\n",
		"{ \"what\": \"bad\", \"commit\": \"../" A_NAME "\", \"status\": 0 }\n",
		"{ \"what\": \"bad\", \"commit\": \"" A_NAME "\", \"status\": 256 }\n",
		"{ \"what\": \"bad\", \"commit\": \"" A_NAME "\", \"status\": \"0\" }\n",
		"{ \"what\": \"bad\", \"commit\": \"" A_NAME "\", \"status\": 0 } x\n",
	};
	struct bisect_state state;
	struct error err = { "" };
	struct seen seen;

	(void)test;
	unlink(path);
	append("a text of the user's, without an end");
	refuses(&subject, -EINVAL, "no lines of text");
	append("\n");
	refuses(&subject, -EINVAL, "is not what a bisection by this version has left");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		unlink(path);
		assert_int_equal(open_it(&state, &subject, &seen, &err), 0);
		bisect_state_close(&state);
		append(lines[i]);
		refuses(&subject, -EINVAL, "line 2: no observation");
	}
}

static int set_up(void **test)
{
	(void)test;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/observations.jsonl", folder);
	return 0;
}

static int tear_down(void **test)
{
	(void)test;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(another_one_is_refused),
		cmocka_unit_test(what_a_crash_has_left_is_cut),
		cmocka_unit_test(what_is_no_utf8_is_the_same_again),
		cmocka_unit_test(what_is_none_of_ours_is_left_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
