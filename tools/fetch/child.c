/* How is another program run, so that it ends when we do? See child.h. */
#include "tools/fetch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"

#define MAX_OUTPUT  ((size_t)64 << 20)
#define POLL_MS	    100
/* How long the children may take to clean up after themselves when a signal came. */
#define GRACE_POLLS 20
#define LINE_SIZE   512

struct lines {
	char text[LINE_SIZE];
	size_t used;
};

static void run_in_child(const struct child *child, pid_t parent, int out, int words)
{
	int input = child->input >= 0 ? child->input : open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != parent)
		_exit(127);
	/* A group to be ended as one, and no terminal that ssh could ask for a password. */
	setsid();
	interrupt_reset();
	if (dup2(input, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(words, STDERR_FILENO) < 0)
		_exit(127);
	execvpe(child->argv[0], (char *const *)(uintptr_t)child->argv, child->envp);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

/* One line of stderr, or of a progress display, is complete. */
static void take_line(struct child *child, struct lines *lines)
{
	size_t length = strlen(child->words), room;
	const char *text = lines->text;

	lines->text[lines->used] = '\0';
	lines->used = 0;
	if (!*text)
		return;
	/* git's progress has a percentage or a rate; all else is words. */
	if (strstr(text, "% (") || strstr(text, "iB/s") || !strncmp(text, "remote: ", 8) ||
	    !strncmp(text, "From ", 5) || !strncmp(text, " * branch", 9)) {
		if (child->progress)
			progress_text(child->progress, child->what, text);
		if (strncmp(text, "remote: ", 8) != 0 || strstr(text, "% ("))
			return;
	}
	room = sizeof(child->words) - length;
	/* The last ones tell most. */
	if (strlen(text) + 3 > room)
		length = 0;
	snprintf(child->words + length, sizeof(child->words) - length, "%s%s", length ? "; " : "",
		 text);
}

static bool read_words(struct child *child, struct lines *lines, int fd)
{
	char bytes[1024];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r' || lines->used == LINE_SIZE - 1)
			take_line(child, lines);
		if (bytes[i] != '\n' && bytes[i] != '\r')
			lines->text[lines->used++] = bytes[i];
	}
	return got > 0 || (got < 0 && errno == EINTR);
}

static bool read_output(struct child *child, int fd, size_t *room, int *ret)
{
	ssize_t got;

	if (child->output_size + 65536 >= *room) {
		char *grown = *room > MAX_OUTPUT ? NULL : realloc(child->output, 2 * *room);

		if (!grown) {
			*ret = -EFBIG;
			return false;
		}
		child->output = grown;
		*room *= 2;
	}
	got = read(fd, child->output + child->output_size, 65536);
	if (got > 0)
		child->output_size += (size_t)got;
	child->output[child->output_size] = '\0';
	return got > 0 || (got < 0 && errno == EINTR);
}

/* The whole group: git's own children do the work. */
static int end_group(pid_t pid, int *wait_status)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	kill(-pid, SIGTERM);
	for (unsigned int i = 0; i < GRACE_POLLS; i++) {
		if (waitpid(pid, wait_status, WNOHANG) == pid) {
			kill(-pid, SIGKILL);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	return waitpid(pid, wait_status, 0) == pid ? 0 : -errno;
}

/* Read both pipes until both have ended, or a signal came. */
static int attend(struct child *child, int out, int words)
{
	struct pollfd fds[2] = { { .fd = out, .events = POLLIN },
				 { .fd = words, .events = POLLIN } };
	struct lines lines = { .used = 0 };
	size_t room = 4 * 65536;
	int ret = 0;

	child->output = calloc(1, room);
	if (!child->output)
		return -ENOMEM;
	while (!ret && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
		if (interrupt_signal())
			ret = -EINTR;
		else if (poll(fds, 2, POLL_MS) <= 0)
			continue;
		else if (fds[0].revents && !read_output(child, out, &room, &ret))
			fds[0].fd = -1;
		else if (fds[1].revents && !read_words(child, &lines, words))
			fds[1].fd = -1;
	}
	take_line(child, &lines);
	if (child->progress)
		progress_clear(child->progress);
	return ret;
}

int child_run(struct child *child, int *status, struct error *err)
{
	int out[2] = { -1, -1 }, words[2] = { -1, -1 }, wait_status = 0, ret = 0;
	pid_t parent = getpid(), pid = -1;

	child->output = NULL;
	child->output_size = 0;
	child->words[0] = '\0';
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(words, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		run_in_child(child, parent, out[1], words[1]);
	if (pid < 0)
		ret = error_set(err, -errno, "starting '%s': %s", child->argv[0], strerror(errno));
	if (out[1] >= 0)
		close(out[1]);
	if (words[1] >= 0)
		close(words[1]);
	if (pid > 0) {
		ret = attend(child, out[0], words[0]);
		if (ret) {
			end_group(pid, &wait_status);
			if (!interrupt_check(err))
				error_set(err, ret, "running '%s': %s", child->argv[0],
					  ret == -EFBIG ? "it prints too much" : strerror(-ret));
		} else {
			while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
				;
		}
		*status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
						 : 128 + WTERMSIG(wait_status);
	}
	if (out[0] >= 0)
		close(out[0]);
	if (words[0] >= 0)
		close(words[0]);
	if (ret) {
		free(child->output);
		child->output = NULL;
	}
	return ret;
}
