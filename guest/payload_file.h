/*
 * How is a file read that a payload appends to, whatever became of it? Its writer was hostile and
 * root: there may be nothing any more, a link, a FIFO, a folder, a device, gigabytes. For both
 * sides: init reads a guest's, the launcher that of a test of the host. All that wrote to it has
 * ended before.
 */
#ifndef KTSTR_GUEST_PAYLOAD_FILE_H
#define KTSTR_GUEST_PAYLOAD_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol.h"

/*
 * payload_file_make - a new, empty file at @path, that any user may append to; what is there is
 * removed. @device: the file system that it is on. Returns 0 or a negative errno.
 */
static inline int payload_file_make(const char *path, dev_t *device)
{
	struct stat st;
	int fd, ret = 0;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	/* By itself: the umask keeps writing from others. */
	if (fchmod(fd, 0666) || fstat(fd, &st))
		ret = -errno;
	else
		*device = st.st_dev;
	close(fd);
	return ret;
}

/*
 * What is looked at before it is opened is not opened unless it is a plain file of the file system
 * where we made it: opening a device does something, and a file system of the payload's own may
 * never answer.
 */
static inline int payload_file_open(const char *path, dev_t device, struct ktstr_file *head)
{
	struct stat st;
	int fd;

	if (lstat(path, &st)) {
		head->state = errno == ENOENT ? KTSTR_FILE_GONE : KTSTR_FILE_UNREAD;
		head->error = (uint32_t)errno;
		return -1;
	}
	if (!S_ISREG(st.st_mode) || st.st_dev != device) {
		head->state = KTSTR_FILE_NO_FILE;
		return -1;
	}
	/* O_NONBLOCK: somebody may hold a lease on it (fcntl(2)). */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		head->size = (uint64_t)st.st_size;
		return fd;
	}
	head->state = KTSTR_FILE_UNREAD;
	head->error = (uint32_t)errno;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * payload_file_read - @device: from payload_file_make. @head: filled. @bytes: room for @most. Never
 * blocks. Returns how many bytes there are.
 */
static inline size_t payload_file_read(const char *path, dev_t device, struct ktstr_file *head,
				       char *bytes, size_t most)
{
	size_t used = 0;
	ssize_t count;
	int fd;

	memset(head, 0, sizeof(*head));
	fd = payload_file_open(path, device, head);
	if (fd < 0)
		return 0;
	do {
		count = read(fd, bytes + used, most - used);
		used += count > 0 ? (size_t)count : 0;
	} while (count > 0 && used < most);
	if (count < 0) {
		head->state = KTSTR_FILE_UNREAD;
		head->error = (uint32_t)errno;
		used = 0;
	}
	close(fd);
	return used;
}

#endif
