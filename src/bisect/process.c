/* How is a command run and waited for? See process.h. */
#include "bisect/process.h"

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
	prctl(PR_SET_PDEATHSIG, SIGKILL);
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

static void end_group(pid_t pid, int pidfd)
{
	kill(-pid, SIGTERM);
	wait_for(pidfd, -1, GRACE_MS);
	kill(-pid, SIGKILL);
}

int process_run(const struct process *process, int *status, struct error *err)
{
	pid_t self = getpid(), pid;
	int fds[2], pidfd, code = 0, ret;

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
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ret = pidfd < 0 ? -errno : wait_for(pidfd, process->cancel_fd, -1);
	if (ret)
		end_group(pid, pidfd);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
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
