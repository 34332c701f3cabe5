/* How is a file written that the user named? See output_file.h. */
#include "util/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the kernel follows (path_resolution(7)). */
#define MOST_LINKS 40

/* @name in our own folder of descriptors: the number, or -1. */
static int own_descriptor(const char *folder, const char *name)
{
	char own[64];

	snprintf(own, sizeof(own), "/proc/%ld/fd", (long)getpid());
	if (strcmp(folder, own) || !*name || name[strspn(name, "0123456789")] || strlen(name) > 9)
		return -1;
	return atoi(name);
}

/*
 * Where does @path lead? Links are followed one by one: the last one may lead to a file that is yet
 * to be made, and the links to descriptors in /proc are no paths.
 * @own: a descriptor of ours that it is, or -1: then @target is where it leads.
 */
static int resolve(const char *path, char target[PATH_MAX], int *own, struct error *err)
{
	char at[PATH_MAX], copy[PATH_MAX], folder[PATH_MAX], link[PATH_MAX];

	*own = -1;
	if (!*path || strlen(path) >= sizeof(at))
		return error_set(err, *path ? -ENAMETOOLONG : -ENOENT, "'%.60s': %s", path,
				 strerror(*path ? ENAMETOOLONG : ENOENT));
	strcpy(at, path);
	for (int links = 0; links < MOST_LINKS; links++) {
		ssize_t length;
		int written;

		strcpy(copy, at);
		if (!realpath(dirname(copy), folder))
			return error_set(err, -errno, "'%s': its folder: %s", path,
					 strerror(errno));
		strcpy(copy, at);
		*own = own_descriptor(folder, basename(copy));
		if (*own >= 0)
			return 0;
		strcpy(copy, at);
		written = snprintf(target, PATH_MAX, "%s/%s", strcmp(folder, "/") ? folder : "",
				   basename(copy));
		if (written >= PATH_MAX)
			break;
		length = readlink(target, link, sizeof(link) - 1);
		if (length < 0)
			return 0; /* no link, or nothing there yet */
		link[length] = '\0';
		if (*link == '/')
			written = snprintf(at, sizeof(at), "%s", link);
		else
			written = snprintf(at, sizeof(at), "%s/%s", folder, link);
		if (written >= PATH_MAX)
			break;
	}
	return error_set(err, -ELOOP, "'%s': %s", path, strerror(ELOOP));
}

static int open_as_it_is(struct output_file *file, int fd, struct error *err)
{
	file->target[0] = '\0';
	file->fd = fd;
	return fd >= 0 ? 0
		       : error_set(err, -errno, "writing to '%s': %s", file->name, strerror(errno));
}

/* A new file beside @file->target, with the mode of the old one. */
static int open_beside(struct output_file *file, const struct stat *old, struct error *err)
{
	char copy[PATH_MAX], *slash = strrchr(file->target, '/');
	int ret;

	strcpy(copy, file->target);
	if (snprintf(file->temporary, sizeof(file->temporary), "%.*s/.%.200s.%ld.partial",
		     (int)(slash - file->target), file->target, basename(copy),
		     (long)getpid()) >= (int)sizeof(file->temporary))
		return error_set(err, -ENAMETOOLONG, "'%s': %s", file->name,
				 strerror(ENAMETOOLONG));
	/* Of a launcher that was killed and had our number: nobody else's name ends so. */
	unlink(file->temporary);
	file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0) {
		ret = -errno;
		return error_set(err, ret,
				 "writing '%s': a new file in its folder: %s; give a file in a "
				 "folder that you may write to",
				 file->name, strerror(-ret));
	}
	if (old)
		(void)!fchmod(file->fd, old->st_mode & 0777);
	return 0;
}

int output_file_open(struct output_file *file, const char *path, struct error *err)
{
	struct stat st;
	bool there;
	int own, ret;

	*file = (struct output_file){ .fd = -1 };
	snprintf(file->name, sizeof(file->name), "%s", path);
	if (!strcmp(path, "-"))
		return open_as_it_is(file, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), err);
	ret = resolve(path, file->target, &own, err);
	if (ret)
		return ret;
	if (own >= 0)
		return open_as_it_is(file, fcntl(own, F_DUPFD_CLOEXEC, 3), err);
	there = stat(file->target, &st) == 0;
	if (there && S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR, "'%s' is a folder; give a file", path);
	if (there && !S_ISREG(st.st_mode))
		return open_as_it_is(file, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), err);
	/* Renaming would not ask. */
	if (there && faccessat(AT_FDCWD, file->target, W_OK, AT_EACCESS))
		return error_set(err, -errno, "'%s' is there and not to be replaced: %s", path,
				 strerror(errno));
	return open_beside(file, there ? &st : NULL, err);
}

bool output_file_folder(const struct output_file *file, char folder[PATH_MAX])
{
	char *slash;

	if (file->fd < 0 || !*file->target)
		return false;
	strcpy(folder, file->target);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	return true;
}

int output_file_commit(struct output_file *file, struct error *err)
{
	int ret = 0;

	if (file->fd < 0)
		return 0;
	if (*file->target && fsync(file->fd))
		ret = -errno;
	/* The descriptor is gone whatever close returns. */
	if (close(file->fd) && !ret)
		ret = -errno;
	file->fd = -1;
	if (!ret && *file->target && rename(file->temporary, file->target))
		ret = -errno;
	if (!ret)
		return 0;
	if (*file->target)
		unlink(file->temporary);
	return error_set(err, ret, "writing '%s': %s", file->name, strerror(-ret));
}

void output_file_abandon(struct output_file *file)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	file->fd = -1;
	if (*file->target)
		unlink(file->temporary);
}
