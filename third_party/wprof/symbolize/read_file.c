/* How is a file opened and read that another program may have put there? See read_file.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_BYTES 65536

/* Only what O_PATH named and fstat looked at is opened, whatever the path has become since. */
static int open_what_was_named(int path_fd)
{
	char again[32];
	struct stat st;
	int fd;

	if (path_fd < 0)
		return -errno;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", path_fd);
	if (fstat(path_fd, &st)) {
		fd = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		fd = -EINVAL;
	} else {
		fd = open(again, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	close(path_fd);
	return fd;
}

int regular_open(const char *path)
{
	return open_what_was_named(open(path, O_PATH | O_CLOEXEC));
}

int regular_open_in(const char *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0)
		return -errno;
	fd = open_what_was_named((int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how)));
	close(root_fd);
	return fd;
}

int read_whole(int fd, size_t max, char **text, size_t *size)
{
	size_t room = FIRST_BYTES, used = 0;
	char *buf = malloc(room);
	char *more;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		n = pread(fd, buf + used, room - used - 1, (off_t)used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used > max) {
			free(buf);
			return -EFBIG;
		}
		if (used < room - 1)
			continue;
		more = realloc(buf, room * 2);
		if (!more) {
			free(buf);
			return -ENOMEM;
		}
		buf = more;
		room *= 2;
	}
	if (n < 0) {
		n = -errno;
		free(buf);
		return (int)n;
	}
	buf[used] = '\0';
	*text = buf;
	*size = used;
	return 0;
}
