/* How is another program run, so that it ends when we do? See child.h. */
#include "tools/fetch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OUTPUT ((off_t)64 << 20)
#define POLL_MS	   100

static void run_in_child(const struct child *child, pid_t parent, int out, int words)
{
	int input = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != parent)
		_exit(127);
	/* A group to be ended as one, and no terminal that ssh could ask for a password. */
	setsid();
	/* Handlers go away by exec; what is ignored does not. */
	signal(SIGPIPE, SIG_DFL);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(words, STDERR_FILENO) < 0)
		_exit(127);
	for (size_t i = 0; child->env[i]; i++)
		putenv((char *)(uintptr_t)child->env[i]);
	execvp(child->argv[0], (char *const *)(uintptr_t)child->argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* The end of what was said, in one line; without what a progress display has overwritten. */
static void read_words(int fd, char out[CHILD_WORDS])
{
	char text[CHILD_WORDS / 2];
	off_t size = size_of(fd),
	      from = size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) : 0;
	ssize_t got = pread(fd, text, sizeof(text), from);
	size_t used = 0, line = 0;

	for (ssize_t i = 0; i < got; i++) {
		if (text[i] == '\r' && i + 1 < got && text[i + 1] != '\n') {
			used = line;
		} else if (text[i] == '\n' && used > line) {
			out[used++] = ';';
			out[used++] = ' ';
			line = used;
		} else if (text[i] != '\n' && text[i] != '\r') {
			out[used++] = (unsigned char)text[i] < ' ' ? '?' : text[i];
		}
	}
	if (used && used == line)
		used -= strlen("; ");
	out[used] = '\0';
}

/* Wait for its end, or for a reason to end it. */
static int attend(struct run *run, struct child *child, pid_t pid, int out, int words,
		  struct error *err)
{
	/* Without one (before Linux 5.3) poll is a pause. */
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int64_t begin = progress_now_ms();
	int wait_status = 0, ret = 0;

	while (waitpid(pid, &wait_status, WNOHANG) == 0) {
		ret = run_check(err);
		if (!ret && (size_of(out) > MAX_OUTPUT || size_of(words) > MAX_OUTPUT))
			ret = error_set(err, -EFBIG, "running '%s': it prints too much",
					child->argv[0]);
		if (!ret && child->first_word_s && !size_of(words) &&
		    progress_now_ms() - begin > child->first_word_s * 1000)
			ret = error_set(err, -ETIMEDOUT, "running '%s': no word of it within %ld s",
					child->argv[0], child->first_word_s);
		if (ret)
			break;
		if (child->what) {
			read_words(words, child->words);
			progress_show(&run->progress, "%s: %s", child->what, child->words);
		}
		poll(&ended, 1, POLL_MS);
	}
	progress_clear(&run->progress);
	if (ret) {
		/* The whole group, once there is one: git's own children do the work. */
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
			;
	}
	if (ended.fd >= 0)
		close(ended.fd);
	child->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
					       : 128 + WTERMSIG(wait_status);
	return ret;
}

int child_run(struct run *run, struct child *child, struct error *err)
{
	/* Not pipes: nobody waits for a reader, and what was said last is there to be looked at. */
	int out = memfd_create("stdout", MFD_CLOEXEC), words = memfd_create("stderr", MFD_CLOEXEC);
	pid_t parent = getpid(), pid = -1;
	int ret;

	child->output = NULL;
	if (out >= 0 && words >= 0)
		pid = fork();
	if (pid == 0)
		run_in_child(child, parent, out, words);
	if (pid < 0) {
		ret = error_set(err, -errno, "starting '%s': %s", child->argv[0], strerror(errno));
		goto out;
	}
	ret = attend(run, child, pid, out, words, err);
	if (ret)
		goto out;
	read_words(words, child->words);
	child->output_size = (size_t)size_of(out);
	child->output = calloc(1, child->output_size + 1);
	if (!child->output ||
	    pread(out, child->output, child->output_size, 0) != (ssize_t)child->output_size) {
		free(child->output);
		child->output = NULL;
		ret = error_set(err, -ENOMEM, "running '%s': out of memory", child->argv[0]);
	}
out:
	if (out >= 0)
		close(out);
	if (words >= 0)
		close(words);
	return ret;
}
