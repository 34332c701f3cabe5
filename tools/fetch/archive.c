/* Where is the archive of this digest? See archive.h. */
#include "tools/fetch/archive.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/cache.h"
#include "tools/fetch/digest.h"
#include "tools/fetch/http.h"

#define FILE_SCHEME "file://"

/* A descriptor; -ENOENT: not there, or no longer. */
static int open_cached(struct fetch *fetch, const char *path, const char *sha256, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	char digest[DIGEST_HEX_SIZE];

	if (fd < 0)
		return errno == ENOENT ? -ENOENT
				       : cache_failed(error_set(err, -errno, "opening '%s': %s",
								path, strerror(errno)),
						      err);
	ret = digest_fd(fd, path, digest, err);
	if (!ret && !strcmp(digest, sha256))
		return fd;
	close(fd);
	if (!ret)
		ret = cache_set_aside(fetch, path, "its digest is another", err);
	return ret ? ret : -ENOENT;
}

static int open_local(const char *url, const char *sha256, struct error *err)
{
	const char *path = url + strlen(FILE_SCHEME);
	char digest[DIGEST_HEX_SIZE] = "", *name;
	struct stat st;
	int fd, ret;

	if (!strncasecmp(path, "localhost/", strlen("localhost/")))
		path += strlen("localhost");
	name = curl_easy_unescape(NULL, path, 0, NULL);
	if (!name)
		return error_set(err, -ENOMEM, "reading '%s': out of memory", url);
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		ret = error_set(err, -errno, "reading '%s' (%s): %s", name, url, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = error_set(err, -EINVAL, "reading '%s' (%s): not a file", name, url);
	else
		ret = digest_fd(fd, name, digest, err);
	if (!ret && strcmp(digest, sha256) != 0)
		ret = error_set(err, -EBADMSG,
				"'%s' is not the wanted archive, nothing was unpacked:\n  is     "
				"%s\n  wanted %s",
				url, digest, sha256);
	curl_free(name);
	if (ret && fd >= 0)
		close(fd);
	return ret ? ret : fd;
}

/* The bytes in the part file are whole, and wrong. */
static int keep_wrong(struct fetch *fetch, const char *url, const char *part, const char *digest,
		      const char *sha256, struct error *err)
{
	char aside[PATH_MAX];
	int ret = cache_path(fetch, aside, "archives", sha256, ".wrong", err);
	bool kept;

	if (ret)
		return ret;
	kept = fetch->cache_is_kept && rename(part, aside) == 0;
	if (!kept)
		unlink(part);
	return error_set(err, -EBADMSG,
			 "'%s' is not the wanted archive, nothing was unpacked:\n  is     %s\n"
			 "  wanted %s\n  %s%s",
			 url, digest, sha256,
			 kept ? "what came is kept: " : "what came is not kept", kept ? aside : "");
}

static int download(struct fetch *fetch, const char *url, const char *sha256, const char *path,
		    struct error *err)
{
	char part[PATH_MAX], digest[DIGEST_HEX_SIZE] = "";
	struct stat st;
	bool resumed;
	int fd, ret;

	ret = cache_path(fetch, part, "archives", sha256, ".part", err);
	if (ret)
		return ret;
	fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return cache_failed(
			error_set(err, -errno, "creating '%s': %s", part, strerror(errno)), err);
	/* Parts of two different files make a third: then once more, in one piece. */
	for (bool again = false;; again = true) {
		ret = http_fetch(fetch, url, fd, part, &resumed, err);
		if (!ret)
			ret = digest_fd(fd, part, digest, err);
		if (ret || !strcmp(digest, sha256) || again || !resumed)
			break;
		progress_step(&fetch->progress,
			      "what was resumed has the digest %s: once more from the beginning",
			      digest);
		if (ftruncate(fd, 0) < 0) {
			ret = error_set(err, -errno, "emptying '%s': %s", part, strerror(errno));
			break;
		}
	}
	if (ret) {
		if (fstat(fd, &st) == 0 && !st.st_size)
			unlink(part);
	} else if (strcmp(digest, sha256) != 0) {
		ret = keep_wrong(fetch, url, part, digest, sha256, err);
	} else if (fchmod(fd, 0444) < 0 || rename(part, path) < 0) {
		ret = cache_failed(error_set(err, -errno, "renaming '%s' to '%s': %s", part, path,
					     strerror(errno)),
				   err);
	} else {
		progress_step(&fetch->progress, "fetched %s, SHA-256 as wanted", url);
		return fd;
	}
	close(fd);
	return ret;
}

int archive_open(struct fetch *fetch, const char *url, const char *sha256, struct error *err)
{
	char path[PATH_MAX];
	int lock, fd;

	fd = cache_path(fetch, path, "archives", sha256, "", err);
	if (fd)
		return fd;
	lock = cache_lock(fetch, sha256, err);
	if (lock < 0)
		return lock;
	fd = open_cached(fetch, path, sha256, err);
	if (fd == -ENOENT) {
		if (!strncasecmp(url, FILE_SCHEME, strlen(FILE_SCHEME)))
			fd = open_local(url, sha256, err);
		else if (fetch->offline)
			fd = error_set(err, -ENETUNREACH,
				       "'%s' is not in the cache '%s', and --offline forbids to "
				       "fetch it; run once without --offline, or copy the archive "
				       "to '%s'",
				       url, fetch->cache, path);
		else
			fd = download(fetch, url, sha256, path, err);
	}
	close(lock);
	return fd;
}
