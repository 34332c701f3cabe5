/* What is in a folder tree? See tree.h. */
#include "tools/fetch/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/run.h"

static int by_bytes(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

FTS *tree_open(const char *path, struct error *err)
{
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_bytes);

	if (!tree)
		error_set(err, -errno, "reading '%s': %s", path, strerror(errno));
	return tree;
}

int tree_next(FTS *tree, FTSENT **entry, struct error *err)
{
	int ret = run_check(err);

	if (ret)
		return ret;
	errno = 0;
	*entry = fts_read(tree);
	if (!*entry)
		return errno ? error_set(err, -errno, "reading a folder: %s", strerror(errno)) : 0;
	switch ((*entry)->fts_info) {
	case FTS_D:
	case FTS_DP:
	case FTS_F:
	case FTS_SL:
		return 1;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return error_set(err, -(*entry)->fts_errno, "reading '%s': %s", (*entry)->fts_path,
				 strerror((*entry)->fts_errno));
	default:
		return error_set(err, -EINVAL,
				 "'%s' is neither file, folder nor symbolic link; a source tree "
				 "has no such thing",
				 (*entry)->fts_path);
	}
}

void tree_close(FTS *tree)
{
	fts_close(tree);
}

bool tree_is_executable(const FTSENT *entry)
{
	return entry->fts_statp->st_mode & S_IXUSR;
}

int tree_content(const FTSENT *entry, uint8_t **bytes, struct error *err)
{
	size_t size = (size_t)entry->fts_statp->st_size;
	const char *path = entry->fts_path;
	ssize_t got = -1;
	int fd;

	*bytes = calloc(1, size + 1);
	if (!*bytes)
		return error_set(err, -ENOMEM, "reading '%s': no memory for its %zu bytes", path,
				 size);
	if (entry->fts_info == FTS_SL) {
		/* One more than it needs, to see that it is all. */
		got = readlink(path, (char *)*bytes, size + 1);
	} else if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) >= 0) {
		size_t done = 0;

		while ((got = read(fd, *bytes + done, size - done)) > 0)
			done += (size_t)got;
		got = got < 0 ? -1 : (ssize_t)done;
		close(fd);
	}
	if (got == (ssize_t)size)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return error_set(err, got < 0 ? -errno : -EIO, "reading '%s': %s", path,
			 got < 0 ? strerror(errno) : "it changed meanwhile");
}

/* A length of 64 bits, little-endian, then the bytes, then zeroes up to a multiple of 8. */
static void put_bytes(struct sha256_ctx *sha, const void *bytes, uint64_t length)
{
	static const uint8_t zeroes[8];
	uint8_t word[8];

	for (size_t i = 0; i < sizeof(word); i++)
		word[i] = (uint8_t)(length >> (8 * i));
	sha256_update(sha, sizeof(word), word);
	sha256_update(sha, length, bytes);
	sha256_update(sha, -length % 8, zeroes);
}

static void put(struct sha256_ctx *sha, const char *text)
{
	put_bytes(sha, text, strlen(text));
}

static int put_entry(struct sha256_ctx *sha, const FTSENT *entry, struct error *err)
{
	uint8_t *bytes;
	int ret;

	put(sha, "(");
	put(sha, "type");
	if (entry->fts_info == FTS_D) {
		put(sha, "directory");
		return 0;
	}
	ret = tree_content(entry, &bytes, err);
	if (ret)
		return ret;
	if (entry->fts_info == FTS_SL) {
		put(sha, "symlink");
		put(sha, "target");
	} else {
		put(sha, "regular");
		if (tree_is_executable(entry)) {
			put(sha, "executable");
			put(sha, "");
		}
		put(sha, "contents");
	}
	put_bytes(sha, bytes, (uint64_t)entry->fts_statp->st_size);
	free(bytes);
	return 0;
}

int tree_digest(const char *path, char out[DIGEST_SRI_SIZE], struct error *err)
{
	FTS *tree = tree_open(path, err);
	struct sha256_ctx sha;
	FTSENT *entry;
	int ret;

	if (!tree)
		return -EIO;
	sha256_init(&sha);
	put(&sha, "nix-archive-1");
	while ((ret = tree_next(tree, &entry, err)) > 0) {
		bool named = entry->fts_level > FTS_ROOTLEVEL;

		if (entry->fts_info != FTS_DP) {
			if (named) {
				put(&sha, "entry");
				put(&sha, "(");
				put(&sha, "name");
				put(&sha, entry->fts_name);
				put(&sha, "node");
			}
			ret = put_entry(&sha, entry, err);
			if (ret)
				break;
		}
		if (entry->fts_info != FTS_D) {
			put(&sha, ")");
			if (named)
				put(&sha, ")");
		}
	}
	tree_close(tree);
	if (!ret)
		digest_sri(&sha, out);
	return ret;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void tree_remove(const char *path)
{
	nftw(path, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}
