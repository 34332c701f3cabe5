/* Where is unfinished work kept? See workspace.h. */
#include "tools/fetch/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"
#include "tools/fetch/tree.h"

int folder_lock(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, -errno, "opening the folder '%s': %s", path, strerror(errno));
	while (flock(fd, LOCK_EX) < 0) {
		/* Some network file systems lock no folders: there, only names keep us apart. */
		if (errno != EINTR)
			break;
		if (interrupt_check(err)) {
			close(fd);
			return -EINTR;
		}
	}
	return fd;
}

static void remove_abandoned(const char *parent, int parent_fd, const char *prefix)
{
	struct dirent **names;
	int count = tree_names(parent_fd, &names);

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		int fd;

		if (strncmp(names[i]->d_name, prefix, strlen(prefix)) != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", parent, names[i]->d_name) >=
			    (int)sizeof(path))
			continue;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			tree_remove(path);
		if (fd >= 0)
			close(fd);
	}
	if (count >= 0)
		tree_names_free(names, count);
}

int workspace_make(struct workspace *room, const char *parent, const char *prefix,
		   struct error *err)
{
	/* Held from making the folder until it is locked, lest another takes it for abandoned. */
	int parent_fd = folder_lock(parent, err), ret = 0;
	uint64_t random;

	room->path[0] = '\0';
	if (parent_fd < 0)
		return parent_fd;
	remove_abandoned(parent, parent_fd, prefix);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)getpid();
	if (snprintf(room->path, sizeof(room->path), "%s/%s%016llx", parent, prefix,
		     (unsigned long long)random) >= (int)sizeof(room->path))
		ret = -ENAMETOOLONG;
	else if (mkdir(room->path, 0700) < 0)
		ret = -errno;
	if (ret) {
		error_set(err, ret, "making the folder '%s': %s", room->path, strerror(-ret));
		room->path[0] = '\0';
		close(parent_fd);
		return ret;
	}
	room->fd = open(room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (room->fd >= 0)
		flock(room->fd, LOCK_EX | LOCK_NB);
	close(parent_fd);
	return 0;
}

void workspace_remove(struct workspace *room)
{
	if (!room->path[0])
		return;
	tree_remove(room->path);
	if (room->fd >= 0)
		close(room->fd);
	room->path[0] = '\0';
}
