/* What is in a folder tree? See tree.h. */
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

static char *read_link(int fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, name, target, sizeof(target));

	if (length == sizeof(target))
		errno = ENAMETOOLONG;
	return length < 0 || length == sizeof(target) ? NULL : strndup(target, (size_t)length);
}

static int read_failed(const struct tree_node *node, int error, struct error *err)
{
	return error_set(err, -error, "reading '%s': %s", node->path, strerror(error));
}

static int walk_file(const struct tree_visitor *visitor, int fd, const struct tree_node *node,
		     struct error *err)
{
	uint64_t left = node->size;
	char bytes[65536];
	int ret = 0;

	while (left && !ret) {
		ssize_t got = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));

		if (got > 0) {
			ret = visitor->data(visitor->context, node, bytes, (size_t)got, err);
			left -= (uint64_t)got;
		} else if (got == 0) {
			ret = error_set(err, -EIO, "reading '%s': it shrank meanwhile", node->path);
		} else if (errno != EINTR) {
			ret = read_failed(node, errno, err);
		}
		if (!ret)
			ret = interrupt_check(err);
	}
	return ret;
}

static int walk_node(const struct tree_visitor *visitor, int dir, struct tree_node *node,
		     unsigned int depth, struct error *err);

static int walk_folder(const struct tree_visitor *visitor, int fd, const struct tree_node *node,
		       unsigned int depth, struct error *err)
{
	struct dirent **names;
	int count, ret = 0;

	if (depth > TREE_MAX_DEPTH)
		return error_set(err, -ELOOP, "'%s' is nested deeper than %d folders", node->path,
				 TREE_MAX_DEPTH);
	count = tree_names(fd, &names);
	if (count < 0)
		return read_failed(node, -count, err);
	for (int i = 0; i < count && !ret; i++) {
		char path[PATH_MAX];
		struct tree_node one = { .path = path, .name = names[i]->d_name };

		if (visitor->skipped && !strcmp(one.name, visitor->skipped))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", node->path, one.name) >=
		    (int)sizeof(path))
			ret = read_failed(node, ENAMETOOLONG, err);
		else
			ret = walk_node(visitor, fd, &one, depth + 1, err);
	}
	tree_names_free(names, count);
	return ret;
}

/* Of the walk's own folder, @node has the path only; and only that one may be reached by a link. */
static int walk_node(const struct tree_visitor *visitor, int dir, struct tree_node *node,
		     unsigned int depth, struct error *err)
{
	const char *name = node->name ? node->name : node->path;
	int fd = -1, ret = 0;
	char *target = NULL;
	struct stat st;

	if (fstatat(dir, name, &st, node->name ? AT_SYMLINK_NOFOLLOW : 0) < 0)
		return read_failed(node, errno, err);
	node->type = st.st_mode & S_IFMT;
	if (node->type == S_IFLNK)
		node->target = target = read_link(dir, name);
	else if (node->type == S_IFREG || node->type == S_IFDIR)
		fd = openat(dir, name,
			    O_RDONLY | (node->name ? O_NOFOLLOW : O_DIRECTORY) | O_NONBLOCK |
				    O_CLOEXEC);
	else
		return error_set(err, -EINVAL,
				 "'%s' is neither file, folder nor symbolic link; a source tree "
				 "has no such thing",
				 node->path);
	if (!target && (fd < 0 || fstat(fd, &st) < 0))
		ret = read_failed(node, errno, err);
	if (node->type == S_IFREG) {
		node->executable = st.st_mode & S_IXUSR;
		node->size = (uint64_t)st.st_size;
	}
	if (!ret)
		ret = visitor->begin(visitor->context, node, err);
	if (!ret && node->type == S_IFREG)
		ret = walk_file(visitor, fd, node, err);
	if (!ret && node->type == S_IFDIR)
		ret = walk_folder(visitor, fd, node, depth, err);
	if (!ret && visitor->end)
		ret = visitor->end(visitor->context, node, err);
	free(target);
	if (fd >= 0)
		close(fd);
	return ret;
}

int tree_walk(const char *path, const struct tree_visitor *visitor, struct error *err)
{
	struct tree_node root = { .path = path };

	return walk_node(visitor, AT_FDCWD, &root, 0, err);
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

static int put_begin(void *context, const struct tree_node *node, struct error *err)
{
	struct sha256_ctx *sha = context;

	(void)err;
	if (node->name) {
		put(sha, "entry");
		put(sha, "(");
		put(sha, "name");
		put(sha, node->name);
		put(sha, "node");
	}
	put(sha, "(");
	put(sha, "type");
	if (node->type == S_IFDIR) {
		put(sha, "directory");
	} else if (node->type == S_IFLNK) {
		put(sha, "symlink");
		put(sha, "target");
		put(sha, node->target);
	} else {
		put(sha, "regular");
		if (node->executable) {
			put(sha, "executable");
			put(sha, "");
		}
		put(sha, "contents");
		put_length(sha, node->size);
	}
	return 0;
}

static int put_data(void *context, const struct tree_node *node, const void *bytes, size_t size,
		    struct error *err)
{
	(void)node;
	(void)err;
	sha256_update(context, size, bytes);
	return 0;
}

static int put_end(void *context, const struct tree_node *node, struct error *err)
{
	(void)err;
	put_padding(context, node->size);
	put(context, ")");
	if (node->name)
		put(context, ")");
	return 0;
}

int tree_digest(const char *path, char out[DIGEST_SRI_SIZE], struct error *err)
{
	struct sha256_ctx sha;
	struct tree_visitor nar = { &sha, put_begin, put_data, put_end, NULL };
	int ret;

	sha256_init(&sha);
	put(&sha, "nix-archive-1");
	ret = tree_walk(path, &nar, err);
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
