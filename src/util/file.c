/* How is a file written so that nothing of the user's is ever overwritten? See file.h. */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t written = write(fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written ? -errno : -EIO;
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

int file_create(const char *path, mode_t mode, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int ret;

	if (fd >= 0)
		return fd;
	ret = -errno;
	if (ret == -EEXIST)
		return error_set(err, ret,
				 "'%s' exists already and is never overwritten; give another "
				 "name or move it away",
				 path);
	return error_set(err, ret, "creating '%s': %s", path, strerror(-ret));
}

int file_write_new(const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	int fd = file_create(path, mode, err);
	int ret;

	if (fd < 0)
		return fd;
	ret = file_write_all(fd, data, size);
	if (close(fd) < 0 && !ret)
		ret = -errno;
	if (!ret)
		return 0;
	unlink(path);
	return error_set(err, ret, "writing %zu bytes to '%s': %s", size, path, strerror(-ret));
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int file_make_dirs(const char *path, struct error *err)
{
	char part[PATH_MAX];
	struct stat st;
	size_t length = strlen(path);

	if (!length || length >= sizeof(part))
		return error_set(err, length ? -ENAMETOOLONG : -ENOENT,
				 "cannot make the folder '%s': %s", path,
				 strerror(length ? ENAMETOOLONG : ENOENT));
	for (size_t i = 1; i <= length; i++) {
		int ret;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (is_folder(part) || mkdir(part, 0777) == 0)
			continue;
		ret = -errno;
		/* Another process may have been faster. */
		if (ret == -EEXIST && is_folder(part))
			continue;
		if (ret == -EEXIST)
			return error_set(err, -ENOTDIR, "'%s' is a %s, not a folder", part,
					 stat(part, &st) ? "link that leads nowhere" : "file");
		return error_set(err, ret, "cannot make the folder '%s': %s", part, strerror(-ret));
	}
	return 0;
}

int file_write_at(int fd, const void *data, size_t size, uint64_t at)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t count = pwrite(fd, from, size, (off_t)at);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count ? -errno : -EIO;
		from += count;
		at += (uint64_t)count;
		size -= (size_t)count;
	}
	return 0;
}
