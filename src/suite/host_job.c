/* How does a test of the host run? See host_job.h. */
#include "suite/host_job.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict/verdict.h"

static _Noreturn void exec_test(const struct host_job *job)
{
	char folder[PATH_MAX];
	sigset_t none;
	int code;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(job->out_fd, STDOUT_FILENO);
	dup2(job->err_fd, STDERR_FILENO);
	for (char **variable = job->test->env; *variable; variable++)
		putenv(*variable);
	snprintf(folder, sizeof(folder), "%s", job->test->path);
	if (!chdir(dirname(folder)))
		execl(job->test->path, job->test->path, (char *)NULL);
	code = errno;
	dprintf(STDERR_FILENO, "%s: %s\n", job->test->path, strerror(code));
	_exit(code == ENOENT ? 127 : 126);
}

/* Wait for the process; true: it did not end in time, or we are to stop. */
static bool wait_for(const struct host_job *job, pid_t pid, bool *cancelled)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = job->cancel_fd, .events = POLLIN } };
	uint64_t limit = job->test->timeout_ms;
	int ready;

	do {
		ready = poll(fds, 2, !limit || limit > INT_MAX ? -1 : (int)limit);
	} while (ready < 0 && errno == EINTR);
	*cancelled = fds[1].revents;
	if (pidfd >= 0)
		close(pidfd);
	return ready == 0 || *cancelled;
}

int host_job_run(struct host_job *job, struct error *err)
{
	struct verdict verdict = { .kind = VERDICT_PASS };
	bool late, cancelled;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return error_set(err, -errno, "a process for the test: %s", strerror(errno));
	if (!pid)
		exec_test(job);
	late = wait_for(job, pid, &cancelled);
	/* Its whole session, as far as it has stayed in it. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (cancelled) {
		verdict.kind = VERDICT_INTERRUPTED;
		snprintf(job->cause, sizeof(job->cause), "interrupted");
	} else if (late) {
		verdict.kind = VERDICT_TIMEOUT;
		snprintf(job->cause, sizeof(job->cause),
			 "still running at its time limit of %.10g s",
			 (double)job->test->timeout_ms / 1000);
	} else if (WIFSIGNALED(status)) {
		verdict.kind = VERDICT_FAIL;
		verdict.exit_status = EXIT_SIGNAL_BASE + WTERMSIG(status);
		snprintf(job->cause, sizeof(job->cause), "killed by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		verdict.kind = VERDICT_FAIL;
		verdict.exit_status = WEXITSTATUS(status);
		snprintf(job->cause, sizeof(job->cause), "exited with status %d on the host",
			 WEXITSTATUS(status));
	} else {
		snprintf(job->cause, sizeof(job->cause), "exited with status 0 on the host");
	}
	job->outcome = outcome_of(&verdict, job->test->expect_err);
	return 0;
}
