/* Start and end of processes: see process.h. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"

/* What the child tells when it does not come to run. */
struct spawn_failure {
	int error;
	int at_chdir; /* else at exec */
};

static void make_path(const char *path)
{
	char part[4096];

	for (size_t i = 1; i < sizeof(part) && path[i - 1]; i++) {
		part[i - 1] = path[i - 1];
		if (i > 1 && (path[i] == '/' || !path[i])) {
			part[i] = '\0';
			mkdir(part, 0777); /* what went wrong is seen by chdir */
		}
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0) {
		/* a kernel without it has none to set */
	}
	close(fd);
}

static _Noreturn void run_child(const struct process_spec *spec, int report)
{
	struct spawn_failure failure = { 0 };
	int in = spec->terminal >= 0 ? spec->terminal
		 : spec->in >= 0     ? spec->in
				     : open("/dev/null", O_RDONLY);
	sigset_t none;

	setsid();
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	write_text("/proc/self/oom_score_adj", "0");
	if (spec->terminal >= 0)
		ioctl(spec->terminal, TIOCSCTTY, 0); /* nobody else's: it was made for this */
	dup2(in, STDIN_FILENO);
	dup2(spec->out, STDOUT_FILENO);
	dup2(spec->err, STDERR_FILENO);
	if (in > STDERR_FILENO)
		close(in);

	if (spec->cwd && chdir(spec->cwd)) {
		failure.at_chdir = 1;
	} else {
		execve(spec->argv[0], spec->argv, spec->envp);
	}
	failure.error = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126); /* the parent sees an end of file, and this status */
	_exit(127);
}

int process_spawn(const struct process_spec *spec, pid_t *pid, char *why, size_t why_size)
{
	struct spawn_failure failure;
	int report[2];
	ssize_t count;
	pid_t child;
	int ret;

	if (pipe2(report, O_CLOEXEC)) {
		ret = -errno;
		snprintf(why, why_size, "cannot make a pipe: %s", strerror(-ret));
		return ret;
	}
	if (spec->cwd)
		make_path(spec->cwd);
	child = fork();
	if (child < 0) {
		ret = -errno;
		snprintf(why, why_size, "cannot fork: %s", strerror(-ret));
		close(report[0]);
		close(report[1]);
		return ret;
	}
	if (!child)
		run_child(spec, report[1]);
	close(report[1]);
	do {
		count = read(report[0], &failure, sizeof(failure));
	} while (count < 0 && errno == EINTR);
	close(report[0]);
	if (count != sizeof(failure)) {
		*pid = child; /* closed by the exec */
		return 0;
	}

	waitpid(child, NULL, 0);
	snprintf(why, why_size, "cannot %s '%s': %s%s",
		 failure.at_chdir ? "change to the working folder" : "execute",
		 failure.at_chdir ? spec->cwd : spec->argv[0], strerror(failure.error),
		 !failure.at_chdir && failure.error == ENOENT && !access(spec->argv[0], F_OK)
			 ? " (the file is there: its interpreter is missing)"
			 : "");
	return -failure.error;
}

/* 0 for a name that is no process. */
static pid_t parse_pid(const char *name)
{
	pid_t pid = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9' || pid > INT32_MAX / 10 - 1)
			return 0;
		pid = pid * 10 + (*name - '0');
	}
	return pid;
}

/*
 * Send @signal_number (0: nothing) to every process but init, the kernel's own (session 0, since
 * init has left it) and the session @spare, and SIGCONT to those of the latter two when @stopped.
 * Returns how many there are, or a negative errno without /proc.
 */
static int signal_others(int proc, pid_t spare, int signal_number, bool stopped)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int count = 0;

	if (!dir) {
		int ret = -errno;

		if (fd >= 0)
			close(fd);
		return ret;
	}
	if (stopped)
		kill(-1, SIGSTOP);
	while ((entry = readdir(dir))) {
		pid_t pid = parse_pid(entry->d_name);
		pid_t session = pid > 1 ? getsid(pid) : -1;

		if (session < 0)
			continue; /* init, no process, or gone */
		if (session == 0 || session == spare) {
			if (stopped)
				kill(pid, SIGCONT);
			continue;
		}
		kill(pid, signal_number);
		count++;
	}
	closedir(dir);
	return count;
}

void process_go_on(pid_t session)
{
	if (session > 0)
		kill(-session, SIGCONT);
}

void process_kill_all(int proc, pid_t spare)
{
	/*
	 * First everything stops, in one step of the kernel: who has a signal pending cannot fork.
	 * Kernel threads ignore it, and what the kernel has started by itself goes on. A fork that
	 * was under way is still completed, with its child stopped, maybe at a PID that the walk
	 * had already passed. It is there when its parent has got its SIGKILL, so a second walk
	 * meets it.
	 */
	if (signal_others(proc, spare, SIGKILL, true) < 0)
		kill(-1, SIGKILL); /* nothing to choose by: better no tracer than such a payload */
	else
		signal_others(proc, spare, SIGKILL, false);
	/* The spared session's child of such a fork was stopped as well, and no walk need have met
	 * it. */
	process_go_on(spare);
}

bool process_any_left(int proc, pid_t spare)
{
	return signal_others(proc, spare, 0, false) > 0;
}
