/* Where is unfinished work kept? See room.h. */
#include "tools/fetch/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/fetch/tree.h"

#define POLL_MS 100

static int take(struct run *run, int lock, const char *path, struct error *err)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	bool said = false;
	int ret = 0;

	while (!ret && flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, -errno, "locking '%s': %s", path, strerror(errno));
		if (!said)
			progress_say(&run->progress,
				     "waiting for another process, which is in '%s'", path);
		said = true;
		nanosleep(&pause, NULL);
		ret = run_check(err);
	}
	return ret;
}

/* Or has its last holder removed it, when we had it open already? */
static bool is_there(int lock, const char *path)
{
	struct stat ours, there;

	return fstat(lock, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

/* A file: not every network file system locks folders. */
static int lock_room(struct run *run, const char *path, const char *lock_path, struct error *err)
{
	for (unsigned int gone = 0;;) {
		int lock, ret;

		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return error_set(err, -errno, "making the folder '%s': %s", path,
					 strerror(errno));
		lock = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
		/* Its last holder has removed the folder just now. */
		if (lock < 0 && errno == ENOENT && gone++ < 1000)
			continue;
		if (lock < 0)
			return error_set(err, -errno, "opening the lock '%s': %s", lock_path,
					 strerror(errno));
		ret = take(run, lock, path, err);
		if (!ret && is_there(lock, lock_path))
			return lock;
		close(lock);
		if (ret)
			return ret;
	}
}

int room_enter(struct run *run, struct room *room, const char *path, struct error *err)
{
	char file[PATH_MAX];

	room->path[0] = '\0';
	if (snprintf(file, sizeof(file), "%s/lock", path) >= (int)sizeof(file) ||
	    snprintf(room->work, sizeof(room->work), "%s/work/XXXXXX", path) >=
		    (int)sizeof(room->work))
		return error_set(err, -ENAMETOOLONG, "'%s': the path is too long", path);
	room->lock = lock_room(run, path, file, err);
	if (room->lock < 0)
		return room->lock;
	strcpy(room->path, path);
	snprintf(file, sizeof(file), "%s/work", path);
	tree_remove(file);
	/* A git that outlives its killed parent by a moment may still write there: a new name. */
	if ((mkdir(file, 0777) < 0 && errno != EEXIST) || !mkdtemp(room->work))
		return error_set(err, -errno, "making a folder in '%s': %s", path, strerror(errno));
	return 0;
}

void room_leave(struct room *room)
{
	char file[PATH_MAX];

	if (!room->path[0])
		return;
	if (snprintf(file, sizeof(file), "%s/work", room->path) < (int)sizeof(file))
		tree_remove(file);
	if (snprintf(file, sizeof(file), "%s/lock", room->path) < (int)sizeof(file))
		unlink(file);
	/* Not when somebody has come in by now. */
	rmdir(room->path);
	close(room->lock);
	room->path[0] = '\0';
}

int room_path(const struct room *room, const char *name, char out[PATH_MAX], struct error *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", room->work, name) < PATH_MAX)
		return 0;
	return error_set(err, -ENAMETOOLONG, "'%s': the path is too long", room->work);
}
