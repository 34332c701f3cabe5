/* Does all that a child has to say come through, and nothing that it should not have? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite/child.h"
#include "util/file.h"

#define MIB (1u << 20)

static void begin(struct child *child, child_fn work, const void *data)
{
	struct error err = { "" };

	assert_int_equal(child_start(child, "a test", work, data, &err), 0);
}

/* Up to its end. */
static void hear(struct child *child)
{
	struct pollfd news = { .fd = child->fd, .events = POLLIN };

	while (!child_read(child))
		assert_int_equal(poll(&news, 1, 60000), 1);
}

/* All that it has to say waits to be read at once. */
static void await_end(const struct child *child)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT), 0);
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int file_with(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || file_write_all(fd, text, strlen(text)))
		_exit(3);
	return fd;
}

static void assert_holds(int fd, const char *text)
{
	char found[16] = "";

	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(pread(fd, found, sizeof(found) - 1, 0) >= 0);
	assert_string_equal(found, text);
}

static void speak(int fd, int signal_fd, const void *data)
{
	(void)signal_fd;
	file_write_all(fd, data, strlen(data) + 1);
	child_send_files(fd, file_with("one"), file_with("two"));
	/* A second pair is nobody's. */
	child_send_files(fd, file_with("three"), file_with("four"));
	file_write_all(fd, "end", 3);
}

static void test_words_and_files(void **state)
{
	int before = descriptors(), status;
	struct child child;

	(void)state;
	begin(&child, speak, "word");
	await_end(&child);
	hear(&child);
	assert_int_equal(child.used, 8);
	assert_memory_equal(child.bytes, "word\0end", 9);
	assert_holds(child.files[0], "one");
	assert_holds(child.files[1], "two");
	assert_int_equal(descriptors(), before + 3);
	status = child_end(&child);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(child.fd, -1);
	assert_int_equal(child.files[0], -1);
	assert_int_equal(descriptors(), before);
}

static void be_silent(int fd, int signal_fd, const void *data)
{
	(void)fd;
	(void)signal_fd;
	(void)data;
}

static void test_nothing(void **state)
{
	struct child child;

	(void)state;
	begin(&child, be_silent, NULL);
	hear(&child);
	assert_null(child.bytes);
	assert_int_equal(child.used, 0);
	assert_int_equal(child.files[0], -1);
	child_end(&child);
}

/* One that lost its mind does not take our memory, and does not hang in us. */
static void talk(int fd, int signal_fd, const void *data)
{
	static char words[4 * MIB];

	(void)signal_fd;
	(void)data;
	memset(words, 'x', sizeof(words));
	file_write_all(fd, words, sizeof(words));
}

static void test_too_much(void **state)
{
	struct child child;
	int status;

	(void)state;
	begin(&child, talk, NULL);
	hear(&child);
	assert_true(child.used > MIB / 2 && child.used <= MIB);
	status = child_end(&child);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void obey(int fd, int signal_fd, const void *data)
{
	struct pollfd end = { .fd = signal_fd, .events = POLLIN };

	(void)data;
	file_write_all(fd, "x", 1);
	if (poll(&end, 1, 60000) == 1)
		file_write_all(fd, "told", 5);
	pause();
}

static void test_ends(void **state)
{
	struct pollfd news;
	struct child child;
	int status;

	(void)state;
	begin(&child, obey, NULL);
	news = (struct pollfd){ .fd = child.fd, .events = POLLIN };
	while (!child.used) {
		assert_int_equal(poll(&news, 1, 60000), 1);
		assert_int_equal(child_read(&child), 0);
	}
	/* A request, which it hears, and then no request. */
	kill(child.pid, SIGTERM);
	while (child.used < 6) {
		assert_int_equal(poll(&news, 1, 60000), 1);
		assert_int_equal(child_read(&child), 0);
	}
	assert_memory_equal(child.bytes, "xtold", 6);
	kill(child.pid, SIGKILL);
	hear(&child);
	status = child_end(&child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* Of the terminal's signals none, and no stream of ours; "" or what is wrong. */
static void look_around(int fd, int signal_fd, const void *parent)
{
	struct stat null, stream;
	const char *wrong = "";

	(void)signal_fd;
	if (stat("/dev/null", &null))
		wrong = "stat";
	for (int i = 0; i < 3; i++)
		if (fstat(i, &stream) || stream.st_rdev != null.st_rdev)
			wrong = "a stream";
	if (getpgrp() == *(const pid_t *)parent)
		wrong = "group";
	if (getpgrp() != getpid())
		wrong = "no group of its own";
	file_write_all(fd, wrong, strlen(wrong) + 1);
}

static void test_its_own_world(void **state)
{
	pid_t group = getpgrp();
	struct child child;

	(void)state;
	begin(&child, look_around, &group);
	hear(&child);
	assert_string_equal(child.bytes, "");
	child_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_files), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_too_much),	cmocka_unit_test(test_ends),
		cmocka_unit_test(test_its_own_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
