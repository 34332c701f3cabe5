/* What is in a folder tree, by one digest? See tree.h. */
#include "tools/fetch/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"

static int skip_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int tree_names(int fd, struct dirent ***names)
{
	int count = scandirat(fd, ".", names, skip_dots, by_bytes);

	return count < 0 ? -errno : count;
}

void tree_names_free(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

char *tree_readlink(int fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, name, target, sizeof(target));

	if (length == sizeof(target))
		errno = ENAMETOOLONG;
	return length < 0 || length == sizeof(target) ? NULL : strndup(target, (size_t)length);
}

/* Lengths are 64 bits, little-endian; what is no multiple of 8 is filled with zeroes. */
static void put_length(struct sha256_ctx *sha, uint64_t length)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(length >> (8 * i));
	sha256_update(sha, sizeof(bytes), bytes);
}

static void put_padding(struct sha256_ctx *sha, uint64_t length)
{
	static const uint8_t zeroes[8];

	sha256_update(sha, (size_t)(-length % 8), zeroes);
}

static void put(struct sha256_ctx *sha, const char *text)
{
	put_length(sha, strlen(text));
	sha256_update(sha, strlen(text), (const uint8_t *)text);
	put_padding(sha, strlen(text));
}

static int put_file(struct sha256_ctx *sha, int dir, const char *name, const char *shown,
		    struct error *err)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), ret = 0;
	uint8_t bytes[65536];
	uint64_t left;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = error_set(err, -errno, "reading '%s': %s", shown, strerror(errno));
		goto out;
	}
	put(sha, "regular");
	if (st.st_mode & S_IXUSR) {
		put(sha, "executable");
		put(sha, "");
	}
	put(sha, "contents");
	put_length(sha, (uint64_t)st.st_size);
	for (left = (uint64_t)st.st_size; left && !ret;) {
		ssize_t got = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));

		if (got > 0) {
			sha256_update(sha, (size_t)got, bytes);
			left -= (uint64_t)got;
		} else if (got == 0) {
			ret = error_set(err, -EIO, "reading '%s': it shrank meanwhile", shown);
		} else if (errno != EINTR) {
			ret = error_set(err, -errno, "reading '%s': %s", shown, strerror(errno));
		}
		if (!ret)
			ret = interrupt_check(err);
	}
	put_padding(sha, (uint64_t)st.st_size);
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int put_folder(struct sha256_ctx *sha, int fd, const char *shown, unsigned int depth,
		      struct error *err);

static int put_node(struct sha256_ctx *sha, int dir, const char *name, const char *shown,
		    unsigned int depth, struct error *err)
{
	struct stat st;
	char *target;
	int fd, ret;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, -errno, "reading '%s': %s", shown, strerror(errno));
	put(sha, "(");
	put(sha, "type");
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		ret = put_file(sha, dir, name, shown, err);
		break;
	case S_IFLNK:
		target = tree_readlink(dir, name);
		if (!target)
			return error_set(err, -errno, "reading '%s': %s", shown, strerror(errno));
		put(sha, "symlink");
		put(sha, "target");
		put(sha, target);
		free(target);
		ret = 0;
		break;
	case S_IFDIR:
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_set(err, -errno, "reading '%s': %s", shown, strerror(errno));
		ret = put_folder(sha, fd, shown, depth + 1, err);
		close(fd);
		break;
	default:
		ret = error_set(err, -EINVAL,
				"'%s' is neither file, folder nor symbolic link; a source tree "
				"has no such thing",
				shown);
	}
	put(sha, ")");
	return ret;
}

static int put_folder(struct sha256_ctx *sha, int fd, const char *shown, unsigned int depth,
		      struct error *err)
{
	struct dirent **names;
	int count, ret = 0;

	if (depth > TREE_MAX_DEPTH)
		return error_set(err, -ELOOP, "'%s' is nested deeper than %d folders", shown,
				 TREE_MAX_DEPTH);
	count = tree_names(fd, &names);
	if (count < 0)
		return error_set(err, count, "reading '%s': %s", shown, strerror(-count));
	put(sha, "directory");
	for (int i = 0; i < count && !ret; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", shown, names[i]->d_name);
		put(sha, "entry");
		put(sha, "(");
		put(sha, "name");
		put(sha, names[i]->d_name);
		put(sha, "node");
		ret = put_node(sha, fd, names[i]->d_name, path, depth, err);
		put(sha, ")");
	}
	tree_names_free(names, count);
	return ret;
}

int tree_digest(const char *path, char out[DIGEST_SRI_SIZE], struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;
	struct sha256_ctx sha;

	if (fd < 0)
		return error_set(err, -errno, "reading the folder '%s': %s", path, strerror(errno));
	sha256_init(&sha);
	put(&sha, "nix-archive-1");
	put(&sha, "(");
	put(&sha, "type");
	ret = put_folder(&sha, fd, path, 0, err);
	put(&sha, ")");
	close(fd);
	if (!ret)
		digest_sri(&sha, out);
	return ret;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

void tree_remove(const char *path)
{
	nftw(path, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}
