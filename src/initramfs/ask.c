/* What does a program of the host print? See ask.h. */
#include "initramfs/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cancel.h"
#include "util/clock.h"

/* In a process group of its own, so that all that it starts can be ended; ours blocks signals. */
static int start(const char *const *argv, int out, pid_t *pid)
{
	static char *environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	ret = posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/* To the end of its output. */
static int read_all(const char *name, int fd, int cancel_fd, uint64_t limit_ns, char *text,
		    size_t *size, struct error *err)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = cancel_fd, .events = POLLIN } };

	for (;;) {
		uint64_t now = now_ns();
		ssize_t got;
		int ret;

		if (now >= limit_ns)
			return error_set(err, -ETIME, "'%s' does not come to an end", name);
		if (poll(fds, 2, (int)((limit_ns - now) / 1000000) + 1) < 0 && errno != EINTR)
			return error_set(err, -errno, "'%s': poll: %s", name, strerror(errno));
		ret = cancel_check(cancel_fd, err);
		if (ret)
			return ret;
		if (!fds[0].revents)
			continue;
		got = read(fd, text + *size, ASK_MAX_SIZE - *size);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return error_set(err, -errno, "'%s': read: %s", name, strerror(errno));
		if (!got)
			return 0;
		*size += (size_t)got;
		if (*size == ASK_MAX_SIZE)
			return error_set(err, -EFBIG, "'%s' prints more than %d bytes", name,
					 ASK_MAX_SIZE);
	}
}

/* It may have closed its output and go on. It stays to be reaped. */
static int wait_for_end(const char *name, pid_t pid, uint64_t limit_ns, struct error *err)
{
	siginfo_t info = { 0 };

	while (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid) {
		if (now_ns() >= limit_ns)
			return error_set(err, -ETIME, "'%s' does not come to an end", name);
		usleep(1000);
	}
	return 0;
}

int ask(const char *const *argv, int cancel_fd, int limit_ms, char **out, size_t *size,
	struct error *err)
{
	uint64_t limit_ns = now_ns() + (uint64_t)limit_ms * 1000000;
	char *text = malloc(ASK_MAX_SIZE + 1);
	int fds[2], status, ret;
	pid_t pid;

	if (!text)
		return error_set(err, -ENOMEM, "out of memory");
	if (pipe2(fds, O_CLOEXEC)) {
		ret = error_set(err, -errno, "a pipe: %s", strerror(errno));
		goto out;
	}
	ret = start(argv, fds[1], &pid);
	close(fds[1]);
	if (ret) {
		error_set(err, ret, "'%s' cannot be started: %s", argv[0], strerror(-ret));
		goto close;
	}
	*size = 0;
	ret = read_all(argv[0], fds[0], cancel_fd, limit_ns, text, size, err);
	if (!ret)
		ret = wait_for_end(argv[0], pid, limit_ns, err);
	/* With all that it has started, and before its number can be another's. */
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!ret && !(WIFEXITED(status) && !WEXITSTATUS(status)))
		ret = error_set(err, -EIO, "'%s' %s %d", argv[0],
				WIFEXITED(status) ? "exits with status" : "is ended by signal",
				WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	text[*size] = '\0';
	*out = text;
close:
	close(fds[0]);
out:
	if (ret)
		free(text);
	return ret;
}
