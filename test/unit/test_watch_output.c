/* Does the guest's output go out whole, and is nobody kept waiting by its reader? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/watch_output.h"
#include "util/memfd.h"

static uint8_t bytes[100000];
static uint8_t got[sizeof(bytes)];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 11);
}

static void a_file_takes_all_at_once(void **state)
{
	struct watch_output output;
	int fd = memfd_new("out", MFD_CLOEXEC, NULL);
	size_t at = 0;

	(void)state;
	assert_true(fd >= 0);
	fill();
	watch_output_init(&output, -1, fd, -1);
	assert_false(output.err.may_block);
	while (at < sizeof(bytes)) {
		ssize_t taken =
			watch_output_step(&output, &output.err, bytes + at, sizeof(bytes) - at);

		assert_true(taken > 0);
		at += (size_t)taken;
	}
	assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, bytes, sizeof(got));
	assert_int_equal(output.blocked_ns, 0);
	assert_int_equal(output.out.fd, -1);
	close(fd);
}

/* A pipe that is full: the wait has an end, is counted, and nothing is lost or sent twice. */
static void a_slow_reader(void **state)
{
	struct watch_output output;
	size_t at = 0, read_at = 0;
	bool was_full = false;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	fill();
	/* A wait without an end would be this test's own. */
	alarm(30);
	watch_output_init(&output, fds[1], -1, -1);
	while (read_at < 40000) {
		ssize_t taken =
			at < 40000 ? watch_output_step(&output, &output.out, bytes + at, 40000 - at)
				   : 0;

		assert_true(taken >= 0);
		at += (size_t)taken;
		if (taken)
			continue;
		if (at < 40000 && !was_full) {
			was_full = true;
			assert_true(output.blocked_ns >= WATCH_OUTPUT_WAIT_MS * 900000ull);
			assert_true(output.blocked_ns < WATCH_OUTPUT_WAIT_MS * 50000000ull);
		}
		taken = read(fds[0], got + read_at, 3000);
		assert_true(taken > 0);
		read_at += (size_t)taken;
	}
	alarm(0);
	assert_true(was_full);
	assert_memory_equal(got, bytes, 40000);
	assert_int_equal(output.error, 0);
	close(fds[0]);
	close(fds[1]);
}

/* A reader that went away did so on purpose. */
static void a_reader_that_is_gone(void **state)
{
	struct watch_output output;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	watch_output_init(&output, fds[1], -1, -1);
	close(fds[0]);
	assert_int_equal(watch_output_step(&output, &output.out, bytes, 10), -EPIPE);
	assert_int_equal(output.out.fd, -1);
	assert_int_equal(output.error, 0);
	close(fds[1]);
}

/* But output that is lost is told of: the first reason for it. */
static void a_disk_that_is_full(void **state)
{
	struct watch_output output;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0 && read_only >= 0);
	watch_output_init(&output, full, read_only, -1);
	assert_int_equal(watch_output_step(&output, &output.out, bytes, 10), -ENOSPC);
	assert_int_equal(output.out.fd, -1);
	assert_int_equal(watch_output_step(&output, &output.err, bytes, 10), -EBADF);
	assert_int_equal(output.error, ENOSPC);
	close(full);
	close(read_only);
}

/* Only where our own words go does a line need its end. */
static void lines_on_standard_error(void **state)
{
	struct watch_output output;
	int saved = dup(STDERR_FILENO), fd = memfd_new("stderr", MFD_CLOEXEC, NULL);
	int other = memfd_new("other", MFD_CLOEXEC, NULL);
	bool ends[5];

	(void)state;
	assert_true(saved >= 0 && fd >= 0 && other >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	watch_output_init(&output, other, fd, -1);
	dup2(saved, STDERR_FILENO);
	ends[0] = watch_output_ends_line(&output);
	watch_output_step(&output, &output.out, (const uint8_t *)"a", 1);
	ends[1] = watch_output_ends_line(&output);
	watch_output_step(&output, &output.err, (const uint8_t *)"b\nc", 3);
	ends[2] = watch_output_ends_line(&output);
	watch_output_step(&output, &output.out, (const uint8_t *)"\n", 1);
	ends[3] = watch_output_ends_line(&output);
	watch_output_step(&output, &output.err, (const uint8_t *)"d\n", 2);
	ends[4] = watch_output_ends_line(&output);
	assert_false(ends[0]);
	assert_false(ends[1]);
	assert_true(ends[2]);
	assert_true(ends[3]);
	assert_false(ends[4]);
	close(saved);
	close(fd);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_takes_all_at_once), cmocka_unit_test(a_slow_reader),
		cmocka_unit_test(a_reader_that_is_gone),    cmocka_unit_test(a_disk_that_is_full),
		cmocka_unit_test(lines_on_standard_error),
	};

	return cmocka_run_group_tests_name("watch output", tests, NULL, NULL);
}
