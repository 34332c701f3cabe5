/* What was fetched before? See cache.h. */
#include "tools/fetch/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cache_folder.h"
#include "util/file.h"

static int cache_failed(int ret, struct error *err)
{
	if (ret == -EINTR)
		return ret;
	return error_prefix(err, ret,
			    "the cache cannot be used (KTSTR_CACHE_DIR names another, empty for "
			    "none)");
}

static int path_in(const struct cache *cache, char out[PATH_MAX], const char *kind,
		   const char *name, struct error *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s/%s", cache->path, kind, name) < PATH_MAX)
		return 0;
	return error_set(err, -ENAMETOOLONG, "the cache's path '%s' is too long", cache->path);
}

int cache_open(struct cache *cache, const struct room *room, struct error *err)
{
	static const char *const kinds[] = { "archives", "commits", "rooms" };
	char folder[PATH_MAX], path[PATH_MAX];
	int ret = cache_folder(folder), length;

	if (ret == -ENODATA)
		length = snprintf(path, sizeof(path), "%s/cache", room->work);
	else
		length = snprintf(path, sizeof(path), "%s/fetch", folder);
	if (ret == -ENOENT)
		return error_set(err, ret,
				 "no folder for the cache: neither KTSTR_CACHE_DIR nor "
				 "XDG_CACHE_HOME nor HOME is set; set KTSTR_CACHE_DIR (empty: no "
				 "cache)");
	if (ret == -ENAMETOOLONG || length >= (int)sizeof(path))
		return error_set(err, -ENAMETOOLONG, "the cache's path is too long");
	ret = file_make_dirs(path, err);
	if (!ret && !realpath(path, cache->path))
		ret = error_set(err, -errno, "the cache '%s': %s", path, strerror(errno));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !ret; i++) {
		ret = path_in(cache, path, kinds[i], "", err);
		if (!ret)
			ret = file_make_dirs(path, err);
	}
	return ret ? cache_failed(ret, err) : 0;
}

int cache_enter(const struct cache *cache, struct run *run, struct room *room, const char *id,
		struct error *err)
{
	char path[PATH_MAX];
	int ret = path_in(cache, path, "rooms", id, err);

	room->path[0] = '\0';
	if (!ret)
		ret = room_enter(run, room, path, err);
	return ret ? cache_failed(ret, err) : 0;
}

int cache_find_commit(const struct cache *cache, const char *id, char sha256[DIGEST_HEX_SIZE],
		      struct error *err)
{
	char path[PATH_MAX];
	int ret = path_in(cache, path, "commits", id, err), fd;
	ssize_t got;

	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	got = read(fd, sha256, DIGEST_HEX_SIZE - 1);
	close(fd);
	sha256[got > 0 ? got : 0] = '\0';
	return digest_is_hex(sha256, DIGEST_HEX_SIZE - 1) ? 0 : -ENOENT;
}

int cache_find(const struct cache *cache, struct run *run, const char *sha256, struct error *err)
{
	char path[PATH_MAX], digest[DIGEST_HEX_SIZE];
	int ret = path_in(cache, path, "archives", sha256, err), fd;

	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return cache_failed(
			error_set(err, -errno, "opening '%s': %s", path, strerror(errno)), err);
	ret = digest_fd(fd, path, digest, err);
	if (!ret && !strcmp(digest, sha256))
		return fd;
	close(fd);
	if (ret)
		return cache_failed(ret, err);
	progress_say(&run->progress,
		     "the cached copy '%s' is damaged (its digest is %s): fetching it again", path,
		     digest);
	return -ENOENT;
}

int cache_keep(const struct cache *cache, const char *file, const char *sha256, struct error *err)
{
	char path[PATH_MAX];
	int ret = path_in(cache, path, "archives", sha256, err);

	if (!ret && (chmod(file, 0444) < 0 || rename(file, path) < 0))
		ret = error_set(err, -errno, "renaming '%s' to '%s': %s", file, path,
				strerror(errno));
	return ret ? cache_failed(ret, err) : 0;
}

int cache_keep_commit(const struct cache *cache, const char *id, const char *sha256,
		      struct error *err)
{
	char path[PATH_MAX];
	int ret = path_in(cache, path, "commits", id, err);

	/* Not a link: a cache is carried on file systems that have none. Half of it is no digest.
	 */
	if (!ret && unlink(path) < 0 && errno != ENOENT)
		ret = error_set(err, -errno, "removing '%s': %s", path, strerror(errno));
	if (!ret)
		ret = file_write_new(path, sha256, strlen(sha256), 0666, err);
	return ret ? cache_failed(ret, err) : 0;
}
