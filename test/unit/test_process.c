/* Does all of a command end, in order, when it is to, or when we are killed; and has it no result
 * then? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/process.h"

static char folder[] = "/tmp/ktstr-process-XXXXXX";

static bool is_there(const char *name)
{
	struct stat stat;

	return !fstatat(AT_FDCWD, name, &stat, 0);
}

/* Until it is: a minute is for a machine that is very busy. */
static void wait_until_there(const char *name)
{
	for (int i = 0; !is_there(name); i++) {
		if (i == 6000)
			fail_msg("no '%s' after a minute", name);
		usleep(10000);
	}
}

/* @out_fd: -1: nowhere. Returns what process_run does. */
static int run(const char *line, int out_fd, int cancel_fd, int *status)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC), ret;
	struct process process = { .argv = argv,
				   .folder = folder,
				   .out_fd = out_fd >= 0 ? out_fd : null_fd,
				   .err_fd = null_fd,
				   .cancel_fd = cancel_fd };
	struct error err = { "" };

	ret = process_run(&process, status, &err);
	close(null_fd);
	return ret;
}

/*
 * A shell that a signal ends at once, over another one that takes its time for it. Its output
 * says when it is ready.
 */
#define SLOW_TO_END                                                                                \
	"sh -c 'trap \"sleep 0.5; touch tidy; exit\" TERM; touch ready; echo ready; "              \
	"while :; do sleep 0.05; done' && true"

static void a_status_comes_back(void **state)
{
	int status;

	(void)state;
	assert_int_equal(run("exit 3", -1, -1, &status), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_int_equal(run("kill -9 $$", -1, -1, &status), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void all_of_it_may_put_things_in_order(void **state)
{
	int fds[2], status;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(run(SLOW_TO_END, fds[1], fds[0], &status), -EINTR);
	assert_true(is_there("tidy"));
	close(fds[0]);
	close(fds[1]);
}

/* It stops us until both have come: its end, and that it is to end. */
static void an_end_that_was_asked_for_is_no_result(void **state)
{
	int fds[2], status;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(run("(sleep 0.5; kill -CONT $PPID) & kill -STOP $PPID; echo; exit 1",
			     fds[1], fds[0], &status),
			 -EINTR);
	close(fds[0]);
	close(fds[1]);
}

static void it_ends_with_us(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		run(SLOW_TO_END, -1, -1, &status);
		_exit(0);
	}
	wait_until_there("ready");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	wait_until_there("tidy");
}

static int clear(void **state)
{
	(void)state;
	unlink("ready");
	unlink("tidy");
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	clear(state);
	return chdir("/") || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_comes_back),
		cmocka_unit_test_teardown(all_of_it_may_put_things_in_order, clear),
		cmocka_unit_test(an_end_that_was_asked_for_is_no_result),
		cmocka_unit_test_teardown(it_ends_with_us, clear),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
