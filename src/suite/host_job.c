/* How does a test of the host run? See host_job.h. */
#include "suite/host_job.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../guest/payload_file.h"
#include "util/file.h"
#include "verdict/bisect.h"
#include "verdict/verdict.h"

/* About a second: times a millisecond. */
#define END_TRIES 1000

/* @report_fd: closed by a successful execl, else it says why there was none. */
static _Noreturn void exec_test(const struct host_job *job, pid_t parent, int report_fd)
{
	char folder[PATH_MAX];
	sigset_t none;
	int code;

	setsid();
	/* Nobody would end it once its worker is gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NOT_EXECUTABLE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(job->out_fd, STDOUT_FILENO);
	dup2(job->err_fd, STDERR_FILENO);
	setenv(KTSTR_METRICS_VARIABLE, job->metrics_path, true);
	setenv(KTSTR_WORK_VARIABLE, job->work_path, true);
	for (char **variable = job->test->env; *variable; variable++)
		putenv(*variable);
	for (const char *const *variable = job->env; variable && *variable; variable++)
		putenv((char *)*variable);
	snprintf(folder, sizeof(folder), "%s", job->test->path);
	if (!chdir(dirname(folder)))
		execl(job->test->path, job->test->path, (char *)NULL);
	code = errno;
	file_write_all(report_fd, &code, sizeof(code));
	_exit(EXIT_NOT_EXECUTABLE);
}

/* Wait for the process; 1: it did not end in time, or we are to stop. */
static int wait_for(const struct host_job *job, pid_t pid, bool *cancelled, struct error *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = job->cancel_fd, .events = POLLIN } };
	uint64_t limit = job->timeout_ms;
	int ready;

	*cancelled = false;
	if (pidfd < 0)
		return error_set(
			err, -errno,
			"waiting for the test, by pidfd_open: %s; a test of the host needs "
			"Linux 5.3, and a container that permits that call",
			strerror(errno));

	do {
		ready = poll(fds, 2, !limit || limit > INT_MAX ? -1 : (int)limit);
	} while (ready < 0 && errno == EINTR);
	*cancelled = fds[1].revents;
	close(pidfd);
	return ready == 0 || *cancelled;
}

/* Our child, as /proc/PID/stat has it? */
static bool is_child(const char *pid)
{
	char path[300], stat[512] = "", *at;
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* The name may hold anything, also newlines; the last parenthesis ends it. */
	at = fread(stat, 1, sizeof(stat) - 1, file) ? strrchr(stat, ')') : NULL;
	fclose(file);
	return at && sscanf(at + 1, " %*c %d", &parent) == 1 && parent == getpid();
}

/*
 * Kill and reap what is left of the test, in whatever session and process group. As their subreaper
 * we get the children of those that we kill, until there are none. One that cannot be killed, with
 * another user's rights or in the midst of a broken file system, must not hold us up.
 */
static void end_descendants(void)
{
	for (int tries = 0; tries < END_TRIES; tries++) {
		struct dirent *entry;
		pid_t reaped;
		DIR *dir;

		do {
			reaped = waitpid(-1, NULL, WNOHANG);
		} while (reaped > 0);
		if (reaped < 0)
			return; /* no children */
		dir = opendir("/proc");
		while (dir && (entry = readdir(dir)))
			if (isdigit((unsigned char)*entry->d_name) && is_child(entry->d_name))
				kill((pid_t)atoi(entry->d_name), SIGKILL);
		if (dir)
			closedir(dir);
		usleep(1000);
	}
}

/* Was the line that is expected of the test in its output? */
static bool said(const struct host_job *job)
{
	struct expect_watch watch = { .expect = &job->test->expect };
	bool is_stderr = job->test->expect.kind == EXPECT_STDERR;
	char bytes[4096];
	off_t at = 0;
	ssize_t count;

	if (!is_stderr && job->test->expect.kind != EXPECT_STDOUT)
		return false;
	while ((count = pread(is_stderr ? job->err_fd : job->out_fd, bytes, sizeof(bytes), at)) >
	       0) {
		expect_watch_add(&watch, is_stderr, bytes, (size_t)count);
		at += count;
	}
	expect_watch_end(&watch);
	return watch.seen;
}

static void take_metrics(struct host_job *job, dev_t device)
{
	struct {
		struct ktstr_file head;
		char bytes[KTSTR_METRICS_MAX];
	} frame;
	size_t count = payload_file_read(job->metrics_path, device, &frame.head, frame.bytes,
					 sizeof(frame.bytes));

	metrics_take(&job->metrics, &frame, sizeof(frame.head) + count);
}

static void take_work(const struct host_job *job, dev_t device, struct work_said *said)
{
	char bytes[KTSTR_WORK_MAX];
	struct ktstr_file head;

	work_said_take(said, bytes,
		       payload_file_read(job->work_path, device, &head, bytes, sizeof(bytes)));
}

/* Both files, of one file system. */
static int make_files(const struct host_job *job, dev_t *device, struct error *err)
{
	const char *path = job->metrics_path;
	int ret = payload_file_make(path, device);

	if (!ret) {
		path = job->work_path;
		ret = payload_file_make(path, device);
	}
	return ret ? error_set(err, ret, "file '%s': %s", path, strerror(-ret)) : 0;
}

int host_job_run(struct host_job *job, struct error *err)
{
	struct work_said work = { .error = "" };
	struct verdict verdict = { .kind = VERDICT_PASS };
	const char *path = job->test->path;
	pid_t self = getpid(), pid;
	int status = 0, fds[2], code = 0, late;
	dev_t device = 0;
	bool cancelled;

	late = make_files(job, &device, err);
	if (late)
		return late;
	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, -errno, "a pipe for the test: %s", strerror(errno));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid < 0) {
		code = errno;
		close(fds[0]);
		close(fds[1]);
		return error_set(err, -code, "a process for the test: %s", strerror(code));
	}
	if (!pid)
		exec_test(job, self, fds[1]);
	close(fds[1]);
	late = wait_for(job, pid, &cancelled, err);
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	end_descendants();
	take_metrics(job, device);
	take_work(job, device, &work);
	if (read(fds[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(fds[0]);
	if (late < 0)
		return late;
	if (code)
		return error_set(
			err, -code, "cannot execute '%s' in its folder: %s%s", path, strerror(code),
			code == ENOENT	  ? "; is the interpreter that its first line names there?"
			: code == EACCES  ? "; make it and its interpreter executable"
			: code == ENOEXEC ? "; let it begin with #! and an interpreter"
					  : "");
	if (cancelled) {
		verdict.kind = VERDICT_INTERRUPTED;
		snprintf(verdict.cause, sizeof(verdict.cause), "interrupted");
	} else if (late) {
		verdict.kind = VERDICT_TIMEOUT;
		snprintf(verdict.cause, sizeof(verdict.cause),
			 "still running at its time limit of %.10g s",
			 (double)job->timeout_ms / 1000);
	} else if (WIFSIGNALED(status)) {
		verdict.kind = VERDICT_FAIL;
		verdict.exit_status = EXIT_SIGNAL_BASE + WTERMSIG(status);
		snprintf(verdict.cause, sizeof(verdict.cause), "killed by signal %d",
			 WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		verdict.kind = VERDICT_FAIL;
		verdict.exit_status = WEXITSTATUS(status);
		snprintf(verdict.cause, sizeof(verdict.cause), "exited with status %d on the host",
			 WEXITSTATUS(status));
	} else {
		snprintf(verdict.cause, sizeof(verdict.cause), "exited with status 0 on the host");
	}
	verdict.said_it = said(job);
	verdict_add_work(&verdict, &work);
	verdict_add_expected(&verdict, &job->test->expect);
	snprintf(job->cause, sizeof(job->cause), "%s", verdict.cause);
	job->outcome = outcome_of(&verdict, &job->test->expect);
	job->bisect = bisect_status(&verdict, job->outcome, true, BISECT_TEST);
	return 0;
}
