/* Which CPUs do other launchers hold, and how are ours kept from them? See lock.h. */
#include "pin/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER	  "ktstr-launch"
#define FILE_NAME "cpus.lock"

/*
 * A folder that is ours alone, made where @make says so. Returns a descriptor or -errno; -EPERM: it
 * is another's, or others may write to it.
 */
static int open_own(int at, const char *path, bool make)
{
	struct stat st;
	int fd, ret;

	if (make && mkdirat(at, path, 0700) && errno != EEXIST)
		return -errno;
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fstat(fd, &st) ? -errno : 0;
	if (!ret && (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))))
		ret = -EPERM;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* @path: the one that was opened, or tried last */
static int open_runtime(char path[PATH_MAX])
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int fd = -ENOENT;

	if (xdg && *xdg == '/' && snprintf(path, PATH_MAX, "%s", xdg) < PATH_MAX)
		fd = open_own(AT_FDCWD, path, false);
	if (fd < 0) {
		snprintf(path, PATH_MAX, "/run/user/%u", geteuid());
		fd = open_own(AT_FDCWD, path, false);
	}
	if (fd < 0) {
		snprintf(path, PATH_MAX, "/tmp/" FOLDER "-%u", geteuid());
		fd = open_own(AT_FDCWD, path, true);
	}
	return fd;
}

int pin_lock_open(struct error *err)
{
	int runtime, folder = -1, fd = -1, ret = 0;
	char path[PATH_MAX + sizeof("/" FOLDER "/" FILE_NAME)];

	runtime = open_runtime(path);
	if (runtime < 0)
		ret = runtime;
	if (!ret) {
		strcat(path, "/" FOLDER);
		folder = open_own(runtime, FOLDER, true);
		ret = folder < 0 ? folder : 0;
	}
	if (!ret) {
		strcat(path, "/" FILE_NAME);
		fd = openat(folder, FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		ret = fd < 0 ? -errno : 0;
	}
	if (folder >= 0)
		close(folder);
	if (runtime >= 0)
		close(runtime);
	if (!ret)
		return fd;
	return error_set(err, ret, "pinning: the locks of CPUs: '%s': %s", path,
			 ret == -EPERM ? "is another user's, or others may write to it; remove it, "
					 "or name a folder of your own as XDG_RUNTIME_DIR"
				       : strerror(-ret));
}

static struct flock byte_of(unsigned int cpu)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = cpu, .l_len = 1
	};
}

bool pin_lock_is_taken(int fd, unsigned int cpu)
{
	struct flock lock = byte_of(cpu);

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int pin_lock_take(int fd, unsigned int cpu, struct error *err)
{
	struct flock lock = byte_of(cpu);
	int ret;

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	ret = -errno;
	if (ret == -EAGAIN || ret == -EACCES)
		return -EAGAIN;
	return error_set(err, ret, "pinning: locking CPU %u: %s", cpu, strerror(-ret));
}

void pin_lock_give_back(int fd)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	/* Nothing can be wrong with it but the descriptor. */
	(void)fcntl(fd, F_OFD_SETLK, &lock);
}
