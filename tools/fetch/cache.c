/* What was fetched before, and who fetches it now? See cache.h. */
#include "tools/fetch/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"
#include "util/file.h"

#define LOCK_POLL_MS 100

int cache_failed(int ret, struct error *err)
{
	if (ret == -EINTR)
		return ret;
	return error_prefix(err, ret,
			    "the cache cannot be used (KTSTR_CACHE_DIR names another, empty for "
			    "none)");
}

int cache_open(struct fetch *fetch, const char *room, struct error *err)
{
	static const char *const parts[] = { "archives", "git", "locks", "tmp" };
	const char *own = getenv("KTSTR_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	int length, ret;

	fetch->cache_is_kept = !own || *own;
	if (own && !*own) {
		length = snprintf(path, sizeof(path), "%s/cache", room);
	} else if (own) {
		length = snprintf(path, sizeof(path), "%s/fetch", own);
	} else if (xdg && *xdg == '/') {
		length = snprintf(path, sizeof(path), "%s/ktstr/fetch", xdg);
	} else if (home && *home == '/') {
		length = snprintf(path, sizeof(path), "%s/.cache/ktstr/fetch", home);
	} else {
		return error_set(err, -ENOENT,
				 "no folder for the cache: neither KTSTR_CACHE_DIR nor "
				 "XDG_CACHE_HOME nor HOME is set; set KTSTR_CACHE_DIR (empty: no "
				 "cache)");
	}
	if (length >= (int)sizeof(path))
		return error_set(err, -ENAMETOOLONG, "the cache's path is too long");
	ret = file_make_dirs(path, err);
	if (!ret && !realpath(path, fetch->cache))
		ret = error_set(err, -errno, "the cache '%s': %s", path, strerror(errno));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && !ret; i++) {
		ret = cache_path(fetch, path, parts[i], "", "", err);
		if (!ret)
			ret = file_make_dirs(path, err);
	}
	return ret ? cache_failed(ret, err) : 0;
}

int cache_path(const struct fetch *fetch, char out[PATH_MAX], const char *kind, const char *name,
	       const char *suffix, struct error *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s%s%s%s", fetch->cache, kind, *name ? "/" : "", name,
		     suffix) < PATH_MAX)
		return 0;
	return error_set(err, -ENAMETOOLONG, "the cache's path '%s' is too long", fetch->cache);
}

static void say_holder(struct fetch *fetch, int fd, const char *id)
{
	char pid[16];
	ssize_t got = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[got > 0 ? got : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	progress_step(&fetch->progress, "waiting for process %s, which is fetching %.12s",
		      *pid ? pid : "(unknown)", id);
}

int cache_lock(struct fetch *fetch, const char *id, struct error *err)
{
	static const struct timespec poll_time = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	char path[PATH_MAX];
	bool said = false;
	int fd, ret;

	ret = cache_path(fetch, path, "locks", id, "", err);
	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return cache_failed(
			error_set(err, -errno, "opening the lock '%s': %s", path, strerror(errno)),
			err);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			ret = error_set(err, -errno, "locking '%s': %s", path, strerror(errno));
			close(fd);
			return ret;
		}
		if (!said)
			say_holder(fetch, fd, id);
		said = true;
		nanosleep(&poll_time, NULL);
		ret = interrupt_check(err);
		if (ret) {
			close(fd);
			return ret;
		}
	}
	/* Only for the others' message: a full disk must not stop us here. */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		/* As said. */
	}
	return fd;
}

int cache_set_aside(struct fetch *fetch, const char *path, const char *why, struct error *err)
{
	char aside[PATH_MAX];

	if (snprintf(aside, sizeof(aside), "%s.damaged", path) >= (int)sizeof(aside))
		return error_set(err, -ENAMETOOLONG, "'%s.damaged': too long", path);
	if (rename(path, aside) < 0)
		return cache_failed(error_set(err, -errno, "moving the damaged '%s' aside: %s",
					      path, strerror(errno)),
				    err);
	progress_step(&fetch->progress,
		      "the cached copy is damaged (%s): kept as '%s', fetched anew", why, aside);
	return 0;
}
