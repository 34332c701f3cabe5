/* How does a source come to its folder? See get.h. */
#include "tools/fetch/get.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/cache.h"
#include "tools/fetch/git.h"
#include "tools/fetch/http.h"
#include "tools/fetch/pack.h"
#include "tools/fetch/tree.h"
#include "tools/fetch/unpack.h"
#include "util/file.h"

/* The archive @file, made or downloaded; its digest. Returns a descriptor. */
static int make_archive(struct run *run, const struct source *source, const struct room *room,
			const char *file, char digest[DIGEST_HEX_SIZE], struct error *err)
{
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666), ret;
	char tree[PATH_MAX];

	if (fd < 0)
		return error_set(err, -errno, "creating '%s': %s", file, strerror(errno));
	if (source->commit) {
		ret = room_path(room, "tree", tree, err);
		if (!ret)
			ret = git_source(run, source->url, source->commit, tree, err);
		if (!ret)
			ret = pack(tree, fd, "source", err);
	} else {
		ret = http_fetch(run, source->url, fd, err);
	}
	if (!ret)
		ret = digest_fd(fd, file, digest, err);
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

static int fetch_archive(struct run *run, const struct source *source, const struct cache *cache,
			 const struct room *room, struct error *err)
{
	char file[PATH_MAX], digest[DIGEST_HEX_SIZE] = "";
	int ret = room_path(room, "archive", file, err), fd;

	if (ret)
		return ret;
	fd = make_archive(run, source, room, file, digest, err);
	if (fd < 0 && run->offline && fd != -EINTR)
		return error_prefix(err, fd,
				    "'%s' is not in the cache '%s', and --offline forbids "
				    "fetching it; run once without --offline",
				    source->url, cache->path);
	if (fd < 0)
		return fd;
	if (source->sha256 && strcmp(digest, source->sha256) != 0)
		ret = error_set(err, -EBADMSG,
				"'%s' is not the wanted archive, nothing was unpacked:\n"
				"  is     %s\n  wanted %s",
				source->url, digest, source->sha256);
	if (!ret)
		ret = cache_keep(cache, file, digest, err);
	if (!ret && source->commit)
		ret = cache_keep_commit(cache, source->commit, digest, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* A descriptor of the source's archive. One process at a time fetches it. */
static int open_archive(struct run *run, const struct source *source, const struct cache *cache,
			struct error *err)
{
	const char *sha256 = source->sha256;
	char found[DIGEST_HEX_SIZE];
	struct room room;
	int ret = cache_enter(cache, run, &room, source->commit ? source->commit : sha256, err);

	if (ret)
		goto out;
	if (source->commit) {
		ret = cache_find_commit(cache, source->commit, found, err);
		sha256 = found;
	}
	if (!ret)
		ret = cache_find(cache, run, sha256, err);
	if (ret == -ENOENT)
		ret = fetch_archive(run, source, cache, &room, err);
out:
	room_leave(&room);
	return ret;
}

static int check_tree(struct run *run, const struct source *source, const char *tree,
		      struct error *err)
{
	char digest[DIGEST_SRI_SIZE];
	int ret = tree_digest(tree, digest, err);

	if (ret)
		return ret;
	if (!source->tree_sha256)
		progress_say(&run->progress, "the tree of %s is %s; there is none to compare it to",
			     source->url, digest);
	else if (strcmp(digest, source->tree_sha256) != 0)
		return error_set(err, -EBADMSG,
				 "the tree from %s is not the wanted one, nothing was put in its "
				 "place:\n  is     %s\n  wanted %s",
				 source->url, digest, source->tree_sha256);
	return 0;
}

/* A room beside @path, which must not be there; its folder is made. */
static int enter_beside(struct run *run, struct room *room, const char *path, struct error *err)
{
	size_t length = strlen(path);
	const char *name;
	char beside[PATH_MAX];
	struct stat st;
	int ret;

	room->path[0] = '\0';
	while (length > 1 && path[length - 1] == '/')
		length--;
	for (name = path + length; name > path && name[-1] != '/';)
		name--;
	snprintf(beside, sizeof(beside), "%.*s.", (int)(name - path), path);
	if (length + sizeof(".fetch") >= sizeof(beside))
		return error_set(err, -ENAMETOOLONG, "'%s': the path is too long", path);
	ret = file_make_dirs(beside, err);
	snprintf(beside, sizeof(beside), "%.*s.%.*s.fetch", (int)(name - path), path,
		 (int)(path + length - name), name);
	if (!ret)
		ret = room_enter(run, room, beside, err);
	if (!ret && lstat(path, &st) == 0)
		ret = error_set(err, -EEXIST,
				"'%s' exists already and is never overwritten; move it away or "
				"give another name",
				path);
	return ret;
}

int get(struct run *run, const struct source *source, const char *dir, struct error *err)
{
	char tree[PATH_MAX];
	struct cache cache;
	struct room room;
	int fd = -1, ret;

	ret = enter_beside(run, &room, dir, err);
	if (!ret)
		ret = room_path(&room, "tree", tree, err);
	if (!ret && mkdir(tree, 0777) < 0)
		ret = error_set(err, -errno, "making the folder '%s': %s", tree, strerror(errno));
	if (!ret)
		ret = cache_open(&cache, &room, err);
	if (!ret)
		ret = fd = open_archive(run, source, &cache, err);
	if (fd >= 0)
		ret = unpack(fd, source->url, tree, err);
	if (!ret)
		ret = check_tree(run, source, tree, err);
	/* A folder is put in the place of nothing else than an empty one. */
	if (!ret && rename(tree, dir) < 0)
		ret = error_set(err, -errno, "renaming '%s' to '%s': %s", tree, dir,
				strerror(errno));
	if (fd >= 0)
		close(fd);
	room_leave(&room);
	return ret;
}

int get_packed(struct run *run, const char *dir, const char *out, const char *prefix,
	       struct error *err)
{
	char file[PATH_MAX], digest[DIGEST_HEX_SIZE] = "";
	struct room room;
	int fd = -1, ret;

	ret = enter_beside(run, &room, out, err);
	if (!ret)
		ret = room_path(&room, "archive", file, err);
	if (!ret && (fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0)
		ret = error_set(err, -errno, "creating '%s': %s", file, strerror(errno));
	if (!ret)
		ret = pack(dir, fd, prefix, err);
	if (!ret)
		ret = digest_fd(fd, file, digest, err);
	/* Unlike rename it replaces nothing. */
	if (!ret && link(file, out) < 0)
		ret = error_set(err, -errno, "linking '%s' to '%s': %s", file, out,
				strerror(errno));
	if (!ret)
		printf("%s  %s\n", digest, out);
	if (fd >= 0)
		close(fd);
	room_leave(&room);
	return ret;
}
