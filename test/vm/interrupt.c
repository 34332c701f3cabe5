/*
 * What does a launcher leave that gets a signal while it keeps its machine? Runs it, and sends the
 * signal as soon as it has the file of a base open that is not whole yet. Ends as it did: with its
 * status, or with 128 and the number of the signal that killed it. Arguments: the signal's number,
 * the launcher, its arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "interrupt: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* Without a name, or with that of one that is not whole yet. */
static bool keeps_a_base(DIR *fds)
{
	char target[4096];
	struct dirent *entry;
	ssize_t length;

	rewinddir(fds);
	while ((entry = readdir(fds))) {
		length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (strstr(target, "/bases/#") || strstr(target, "/bases/.partial-"))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int number, status;
	char path[64];
	pid_t pid;
	DIR *fds;

	if (argc < 3) {
		fputs("usage: interrupt SIGNAL LAUNCHER [ARG]...\n", stderr);
		return 99;
	}
	number = atoi(argv[1]);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (!pid) {
		/* Tests may be run with it ignored. */
		signal(number, SIG_DFL);
		execv(argv[2], argv + 2);
		give_up(argv[2]);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	fds = opendir(path);
	if (!fds)
		give_up(path);
	while (!waitpid(pid, &status, WNOHANG)) {
		if (keeps_a_base(fds)) {
			kill(pid, number);
			waitpid(pid, &status, 0);
			break;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
