/* Which processes and threads are there, and what are they called? See proctree.h. */
#include "proctree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "trace/tree.h"

/* Bytes read from @dir/@name, NUL-terminated; -1 when it cannot be read. */
static ssize_t read_small(int dir, const char *name, char *text, size_t size)
{
	ssize_t got;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	got = read(fd, text, size - 1);
	close(fd);
	if (got >= 0)
		text[got] = '\0';
	return got;
}

/* The number behind a line's key, as "\nPPid:" with any white space between. */
static bool status_number(const char *status, const char *key, uint64_t *out)
{
	const char *at = strstr(status, key);

	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, " \t");
	if (*at < '0' || *at > '9')
		return false;
	*out = strtoull(at, NULL, 10);
	return true;
}

static int add_threads(struct tree *tree, int process, uint64_t pid)
{
	struct dirent *entry;
	char path[320], name[64];
	DIR *list;
	int ret = 0, fd;

	fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return 0;
	}
	while (!ret && (entry = readdir(list))) {
		uint64_t tid = strtoull(entry->d_name, NULL, 10);

		snprintf(path, sizeof(path), "%s/comm", entry->d_name);
		if (tid && read_small(fd, path, name, sizeof(name)) > 0)
			ret = tree_thread(tree, tid, pid, name);
	}
	closedir(list);
	return ret;
}

static int add_process(struct tree *tree, int proc, const char *pid_text)
{
	char status[2048], name[64], cmdline[TREE_CMDLINE_SIZE];
	struct tree_process process = { .pid = strtoull(pid_text, NULL, 10),
					.cmdline = cmdline,
					.name = name };
	ssize_t size;
	int fd, ret = 0;

	fd = openat(proc, pid_text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read_small(fd, "status", status, sizeof(status)) <= 0 ||
	    read_small(fd, "comm", name, sizeof(name)) <= 0)
		goto out;
	size = read_small(fd, "cmdline", cmdline, sizeof(cmdline));
	if (size < 0)
		goto out;
	process.cmdline_size = (size_t)size;
	process.has_ppid = status_number(status, "\nPPid:", &process.ppid);
	process.has_uid = status_number(status, "\nUid:", &process.uid);
	ret = tree_process(tree, &process);
	if (!ret)
		ret = add_threads(tree, fd, process.pid);
out:
	close(fd);
	return ret;
}

int proctree_write(const struct trace_sink *sink, const char *proc, struct failure *failure)
{
	struct tree *tree = malloc(sizeof(*tree));
	DIR *list = opendir(proc);
	struct dirent *entry;
	int ret = 0;

	if (!tree || !list) {
		ret = tree ? -errno : -ENOMEM;
		failure_set(failure, ret, "processes: cannot list '%s': %s", proc, strerror(-ret));
		goto out;
	}
	tree->sink = sink;
	tree->failure = failure;
	tree->boottime_ns = machine_clock_ns(CLOCK_BOOTTIME);
	tree_begin(tree);
	while (!ret && (entry = readdir(list)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			ret = add_process(tree, dirfd(list), entry->d_name);
	if (!ret)
		ret = tree_end(tree);
out:
	if (list)
		closedir(list);
	free(tree);
	return ret;
}
