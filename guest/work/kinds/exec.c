/*
 * An exec storm: a child that executes this program anew, which ends at once; it is waited for, and
 * the next comes. One iteration is a child. No file is needed but this program, which is static.
 */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "kinds.h"

/* What main.c knows. */
static char *const words[] = { (char[]){ "ktstr-work" }, (char[]){ "--end-at-once" }, NULL };

static void run(struct task *task)
{
	char *no_environment[] = { NULL };

	while (!task_done(task)) {
		int ret, status = 0;
		pid_t pid;

		task_blocks(task);
		ret = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, words, no_environment);
		while (!ret && waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				ret = errno;
		if (ret || status)
			task_fail(task,
				  "kind 'exec': cannot execute '/proc/self/exe': %s; it needs "
				  "/proc",
				  ret ? strerror(ret) : "it did not end well");
		task_woken(task);
		task_iteration(task);
	}
}

const struct kind kind_exec = {
	.name = "exec",
	.help = "makes children that execute a program that ends, waits for them, and again",
	.tells = KIND_TELLS_GAPS,
	.run = run,
};
