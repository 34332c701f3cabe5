/* How is a command run and waited for? See process.h. */
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/file.h"

/* Between the polite signal and the last one. */
#define GRACE_MS 5000

/* How long what got the last one may take to be gone: it may be in the midst of a write. */
#define LAST_MS 1000

/* A signal for everybody (of systemd, of Slurm) may reach the command first, and make it fail. */
#define SETTLE_MS 20

#define STEP_MS 10

/* What `git rev-parse --local-env-vars` lists, as far as it leads elsewhere. */
static const char *const git_variables[] = {
	"GIT_DIR",    "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
	"GIT_PREFIX", "GIT_NAMESPACE",
};

static _Noreturn void execute(const struct process *process, pid_t parent, int report_fd)
{
	int null_fd, code;
	sigset_t none;

	setpgid(0, 0);
	/* Until the guard is there. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < sizeof(git_variables) / sizeof(git_variables[0]); i++)
		unsetenv(git_variables[i]);
	for (const char *const *variable = process->variables; variable && *variable; variable++)
		putenv((char *)*variable);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
	    dup2(process->out_fd, STDOUT_FILENO) >= 0 &&
	    dup2(process->err_fd, STDERR_FILENO) >= 0 && !chdir(process->folder))
		execvp(process->argv[0], (char *const *)process->argv);
	code = errno;
	file_write_all(report_fd, &code, sizeof(code));
	_exit(1);
}

/* Returns 0 when it has ended, or a negative errno; -ETIME: not within @timeout_ms. */
static int wait_for(int pidfd, int cancel_fd, int timeout_ms)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = cancel_fd, .events = POLLIN } };
	int ready;

	do {
		ready = poll(fds, 2, timeout_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (fds[0].revents)
		return 0;
	return fds[1].revents ? -EINTR : -ETIME;
}

/* Has all of the group gone within @timeout_ms? Its leader is reaped, when it is our child. */
static bool group_gone(pid_t group, int timeout_ms, int *status)
{
	for (int waited = 0;; waited += STEP_MS) {
		waitpid(group, status, WNOHANG);
		if (kill(-group, 0) && errno == ESRCH)
			return true;
		if (waited >= timeout_ms)
			return false;
		poll(NULL, 0, STEP_MS);
	}
}

/*
 * The leader may be a shell, which a signal ends at once, while what it has started still puts its
 * files in order.
 */
static void end_group(pid_t group, int *status)
{
	kill(-group, SIGTERM);
	if (group_gone(group, GRACE_MS, status))
		return;
	kill(-group, SIGKILL);
	group_gone(group, LAST_MS, status);
}

/*
 * When we are killed, the pipe closes, and the guard ends the group. It holds what else we have
 * open until then, the lock of the state folder above all. Only SIGKILL ends it.
 */
static pid_t start_guard(pid_t group, const int life_fds[2])
{
	pid_t pid = fork();
	sigset_t all;
	char none;
	int status;

	if (pid)
		return pid;
	/* Not in our group, which may be killed as a whole. */
	setpgid(0, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	close(life_fds[1]);
	while (read(life_fds[0], &none, 1) < 0 && errno == EINTR)
		;
	end_group(group, &status);
	_exit(0);
}

static void stop_guard(pid_t guard)
{
	kill(guard, SIGKILL);
	while (waitpid(guard, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Did it end with another status than 0? It is not reaped. */
static bool failed(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) || info.si_code != CLD_EXITED ||
	       info.si_status != 0;
}

/* Until it has ended, or is to end, or there is no guard. Returns 0 or a negative errno. */
static int attend(const struct process *process, pid_t pid, int *status)
{
	int life_fds[2] = { -1, -1 }, pidfd = (int)syscall(SYS_pidfd_open, pid, 0), ret = 0;
	pid_t guard = -1;

	if (pidfd < 0 || pipe2(life_fds, O_CLOEXEC))
		ret = -errno;
	if (!ret) {
		guard = start_guard(pid, life_fds);
		if (guard < 0)
			ret = -errno;
		else
			ret = wait_for(pidfd, process->cancel_fd, -1);
		/* What was told to end has no result, also when it was told first. */
		if (!ret && wait_for(-1, process->cancel_fd, failed(pid) ? SETTLE_MS : 0) == -EINTR)
			ret = -EINTR;
	}
	if (ret)
		end_group(pid, status);
	/* Before the leader is reaped, or else the group's number may be another's. */
	if (guard > 0)
		stop_guard(guard);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (life_fds[0] >= 0) {
		close(life_fds[0]);
		close(life_fds[1]);
	}
	return ret;
}

int process_run(const struct process *process, int *status, struct error *err)
{
	pid_t self = getpid(), pid;
	int fds[2], code = 0, ret;

	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, -errno, "a pipe for '%s': %s", process->argv[0],
				 strerror(errno));
	pid = fork();
	if (pid < 0) {
		code = errno;
		close(fds[0]);
		close(fds[1]);
		return error_set(err, -code, "a process for '%s': %s", process->argv[0],
				 strerror(code));
	}
	if (!pid)
		execute(process, self, fds[1]);
	/* Also here: whoever is first. */
	setpgid(pid, pid);
	close(fds[1]);
	ret = attend(process, pid, status);
	if (read(fds[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(fds[0]);
	if (ret)
		return error_set(err, ret, "waiting for '%s': %s", process->argv[0],
				 ret == -EINTR ? "interrupted" : strerror(-ret));
	if (code)
		return error_set(err, -code, "cannot execute '%s' in '%s': %s", process->argv[0],
				 process->folder, strerror(code));
	return 0;
}
