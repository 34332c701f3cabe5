/* Are a test's lines handed on as they come, and no more at once than a turn may take? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suite/stream.h"

struct seen {
	size_t lines, bytes;
	char last[1100];
};

static void see(void *data, const char *line, size_t length)
{
	struct seen *seen = data;

	seen->lines++;
	seen->bytes += length;
	snprintf(seen->last, sizeof(seen->last), "%.*s", (int)length, line);
}

static int file_of(const char *line, size_t times)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < times; i++)
		assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	return fd;
}

static void whole_lines_and_the_last_one(void **state)
{
	struct stream stream = { .fd = file_of("one\ntwo\nthr", 1) };
	struct seen seen = { 0 };

	(void)state;
	stream_read(&stream, false, see, &seen);
	assert_int_equal(seen.lines, 2);
	assert_string_equal(seen.last, "two");
	assert_int_equal(write(stream.fd, "ee\nfo", 5), 5);
	stream_read(&stream, false, see, &seen);
	assert_int_equal(seen.lines, 3);
	assert_string_equal(seen.last, "three");
	stream_read(&stream, true, see, &seen);
	assert_int_equal(seen.lines, 4);
	assert_string_equal(seen.last, "fo");
	close(stream.fd);
}

static void a_turn_has_an_end(void **state)
{
	const size_t all = 3 * STREAM_TURN / 4;
	struct stream stream = { .fd = file_of("yes\n", all) };
	struct seen seen = { 0 };

	(void)state;
	stream_read(&stream, false, see, &seen);
	assert_int_equal(stream.at, STREAM_TURN);
	stream_read(&stream, false, see, &seen);
	assert_int_equal(stream.at, 2 * STREAM_TURN);
	/* All that is left: nobody writes any more. */
	stream_read(&stream, true, see, &seen);
	assert_int_equal(seen.lines, all);
	assert_int_equal(seen.bytes, 3 * all);
	close(stream.fd);
}

static void a_long_line_comes_in_parts(void **state)
{
	struct stream stream = { .fd = file_of("0123456789", 300) };
	struct seen seen = { 0 };

	(void)state;
	stream_read(&stream, true, see, &seen);
	assert_int_equal(seen.bytes, 3000);
	assert_int_equal(seen.lines, 3);
	close(stream.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_and_the_last_one),
		cmocka_unit_test(a_turn_has_an_end),
		cmocka_unit_test(a_long_line_comes_in_parts),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
