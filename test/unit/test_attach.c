/* What of the user's keys goes to the guest, and does his terminal come back when we are killed? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "deny_syscall.h"
#include "run/attach.h"

/* Typed in one go, and then key by key: the same. */
static void check(const char *typed, const char *expected, bool leaves)
{
	enum escape_state state = ESCAPE_LINE_START;
	size_t used, length = strlen(typed), got = 0;
	uint8_t out[256], piece[2], all[256];
	bool left;

	left = attach_escape(&state, (const uint8_t *)typed, length, out, &used);
	assert_int_equal(left, leaves);
	assert_int_equal(used, strlen(expected));
	assert_memory_equal(out, expected, used);

	state = ESCAPE_LINE_START;
	left = false;
	for (size_t i = 0; i < length && !left; i++) {
		left = attach_escape(&state, (const uint8_t *)typed + i, 1, piece, &used);
		memcpy(all + got, piece, used);
		got += used;
	}
	assert_int_equal(left, leaves);
	assert_int_equal(got, strlen(expected));
	assert_memory_equal(all, expected, got);
}

static void escapes(void **state)
{
	(void)state;
	check("ls\r", "ls\r", false);
	check("~.", "", true);
	check("ls\r~.rest", "ls\r", true);
	check("ls\n~.", "ls\n", true);
	check("a~.", "a~.", false);
	check("~~.", "~.", false);
	check("\r~~~.", "\r~~.", false);
	check("~a~.", "~a~.", false);
	check("cd ~/x\r~/y\r", "cd ~/x\r~/y\r", false);
	check("~\r~.", "~\r", true);
	check("\x03~.", "\x03~.", false);
	check("~", "", false);
	/* The terminal's own answers, as busybox asks for them at each prompt; and keys. */
	check("ls\r\x1b[24;80R~.", "ls\r\x1b[24;80R", true);
	check("\x1b[?62;22c\x1b[1;1R~.", "\x1b[?62;22c\x1b[1;1R", true);
	check("\x1b[A~.", "\x1b[A~.", false);
	check("a\x1b[1;1R~.", "a\x1b[1;1R~.", false);
	check("\x1bx~.", "\x1bx~.", false);
	check("\x1bn~.", "\x1bn~.", false);
	check("\x1b\r~.", "\x1b\r", true);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

static int open_terminal(int *theirs)
{
	int unlocked = 0, ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(ours >= 0);
	assert_int_equal(ioctl(ours, TIOCSPTLCK, &unlocked), 0);
	*theirs = ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*theirs >= 0);
	return ours;
}

static bool is_raw(int fd)
{
	struct termios now;

	assert_int_equal(tcgetattr(fd, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

/*
 * @how: 0: in an orderly way; else the signal that kills it and its whole process group.
 * @old_kernel: before 5.9
 */
static void attach_and_end(int how, bool old_kernel)
{
	struct termios before, after;
	int theirs, ours = open_terminal(&theirs);
	int status, seen[2];
	pid_t child;

	assert_int_equal(tcgetattr(theirs, &before), 0);
	assert_int_equal(pipe(seen), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		struct attach attach;
		char byte;
		struct error err;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		if ((old_kernel && !deny_syscall(SYS_close_range, 0, 0, ENOSYS)) ||
		    attach_open(&attach, theirs, &err))
			_exit(1);
		attach_begin(&attach);
		while (how)
			pause();
		/* Until they have seen it. */
		if (read(seen[0], &byte, 1) != 1)
			_exit(1);
		attach_close(&attach);
		_exit(0);
	}
	for (int i = 0; i < 1000 && !is_raw(theirs); i++)
		nap();
	assert_true(is_raw(theirs));
	if (how)
		kill(-child, how);
	else
		assert_int_equal(write(seen[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, how);
	for (int i = 0; i < 500 && is_raw(theirs); i++)
		nap();
	assert_int_equal(tcgetattr(theirs, &after), 0);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_memory_equal(after.c_cc, before.c_cc, sizeof(after.c_cc));
	close(seen[0]);
	close(seen[1]);
	close(theirs);
	close(ours);
}

/* Modes that somebody else has set meanwhile, as a shell does when we are stopped, are his. */
static void others_modes_stay(void **state)
{
	struct attach attach;
	struct termios others;
	struct error err;
	int theirs, ours = open_terminal(&theirs);

	(void)state;
	assert_int_equal(attach_open(&attach, theirs, &err), 0);
	attach_begin(&attach);
	assert_true(is_raw(theirs));
	assert_int_equal(tcgetattr(theirs, &others), 0);
	others.c_lflag |= ICANON;
	assert_int_equal(tcsetattr(theirs, TCSANOW, &others), 0);
	attach_close(&attach);
	assert_int_equal(tcgetattr(theirs, &others), 0);
	assert_true((others.c_lflag & ICANON) && !(others.c_lflag & ECHO));
	close(theirs);
	close(ours);
}

static void terminal_comes_back(void **state)
{
	(void)state;
	attach_and_end(0, false);
	attach_and_end(SIGKILL, false);
	attach_and_end(SIGTERM, false);
	attach_and_end(SIGHUP, false);
	attach_and_end(SIGKILL, true);
}

static void no_terminal(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct attach attach;
	struct error err = { "" };

	(void)state;
	assert_true(attach_open(&attach, fd, &err) < 0);
	assert_non_null(strstr(err.text, "your terminal: its modes: "));
	assert_non_null(strstr(err.text, "--exec"));
	attach_close(&attach);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(terminal_comes_back),
		cmocka_unit_test(others_modes_stay),
		cmocka_unit_test(no_terminal),
	};

	/* Who starts us in the background of a script has them ignored, and children inherit that.
	 */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
