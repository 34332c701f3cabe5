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

enum { TREE_PROCESSES = 1, TREE_THREADS = 2 };
enum { PROCESS_PID = 1, PROCESS_PPID = 2, PROCESS_CMDLINE = 3, PROCESS_UID = 5 };
enum { THREAD_TID = 1, THREAD_NAME = 2, THREAD_TGID = 3 };

#define PACKET_SIZE  16384 /* the packet goes out when one more entry would not fit */
#define CMDLINE_SIZE 1024  /* of longer ones the beginning is kept */

/* The packet that is being filled. */
struct tree {
	const struct trace_sink *sink;
	struct failure *failure;
	struct pb pb;
	size_t mark;
	uint8_t space[PACKET_SIZE];
};

static void tree_start(struct tree *tree)
{
	tree->pb = (struct pb){ .data = tree->space, .size = sizeof(tree->space) };
	pb_uint(&tree->pb, PACKET_TIMESTAMP, machine_clock_ns(CLOCK_BOOTTIME));
	tree->mark = pb_begin(&tree->pb, PACKET_PROCESS_TREE);
}

static int tree_flush(struct tree *tree)
{
	pb_end(&tree->pb, tree->mark);
	return trace_packet(tree->sink, &tree->pb, tree->failure);
}

/* Make room for an entry of up to @size bytes, beside what ends the packet. */
static int tree_reserve(struct tree *tree, size_t size)
{
	int ret;

	if (tree->pb.size - tree->pb.used >= size + 64)
		return 0;
	ret = tree_flush(tree);
	if (!ret)
		tree_start(tree);
	return ret;
}

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

static int add_thread(struct tree *tree, uint64_t tid, uint64_t tgid, const char *name)
{
	size_t mark, length = strcspn(name, "\n");
	int ret = tree_reserve(tree, 64 + length);

	if (ret)
		return ret;
	mark = pb_begin(&tree->pb, TREE_THREADS);
	pb_uint(&tree->pb, THREAD_TID, tid);
	pb_string(&tree->pb, THREAD_NAME, name, length);
	pb_uint(&tree->pb, THREAD_TGID, tgid);
	pb_end(&tree->pb, mark);
	return 0;
}

/* Arguments end with a NUL each, the last one perhaps without; a kernel thread has none: @name. */
static void put_cmdline(struct pb *pb, const char *cmdline, size_t size, const char *name)
{
	size_t length;

	if (!size)
		pb_string(pb, PROCESS_CMDLINE, name, strcspn(name, "\n"));
	while (size) {
		length = strnlen(cmdline, size);
		pb_string(pb, PROCESS_CMDLINE, cmdline, length);
		length += length < size;
		cmdline += length;
		size -= length;
	}
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
			ret = add_thread(tree, tid, pid, name);
	}
	closedir(list);
	return ret;
}

/* An argument takes two bytes at least ("x\0") and two or three more for tag and length. */
#define PROCESS_ENTRY_SIZE (128 + 3 * CMDLINE_SIZE)

static int add_process(struct tree *tree, int proc, const char *pid_text)
{
	char status[2048], name[64], cmdline[CMDLINE_SIZE];
	uint64_t pid = strtoull(pid_text, NULL, 10), number;
	ssize_t size;
	size_t mark;
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
	ret = tree_reserve(tree, PROCESS_ENTRY_SIZE);
	if (ret)
		goto out;
	mark = pb_begin(&tree->pb, TREE_PROCESSES);
	pb_uint(&tree->pb, PROCESS_PID, pid);
	if (status_number(status, "\nPPid:", &number))
		pb_uint(&tree->pb, PROCESS_PPID, number);
	put_cmdline(&tree->pb, cmdline, (size_t)size, name);
	if (status_number(status, "\nUid:", &number))
		pb_uint(&tree->pb, PROCESS_UID, number);
	pb_end(&tree->pb, mark);
	ret = add_threads(tree, fd, pid);
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
	tree_start(tree);
	while (!ret && (entry = readdir(list)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			ret = add_process(tree, dirfd(list), entry->d_name);
	if (!ret)
		ret = tree_flush(tree);
out:
	if (list)
		closedir(list);
	free(tree);
	return ret;
}
