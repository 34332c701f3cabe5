/* How does a tree come to its folder? See place.h. */
#include "tools/fetch/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"
#include "tools/fetch/tree.h"
#include "util/file.h"

#define STAMP_SIZE 512

/* The stamp's two lines: identity, then digest. */
static int stamp_text(char out[STAMP_SIZE], const char *identity, const char *digest)
{
	return snprintf(out, STAMP_SIZE, "%s\ntree %s\n", identity, digest);
}

/* 1: there, and it is ours; 0: not there; or an error. See place_open. */
static int look(const struct place *place, struct error *err)
{
	char text[STAMP_SIZE] = "", wanted[STAMP_SIZE];
	size_t length = strlen(place->identity);
	struct stat st;
	FILE *file;

	if (lstat(place->dir, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_set(err, -errno, "looking for '%s': %s", place->dir, strerror(errno));
	}
	file = S_ISDIR(st.st_mode) ? fopen(place->stamp, "re") : NULL;
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	if (strncmp(text, place->identity, length) != 0 || text[length] != '\n')
		return error_set(err, -EEXIST,
				 "'%s' exists already and is not %s (by '%s'); it is never "
				 "overwritten: move it away or give another folder",
				 place->dir, place->identity, place->stamp);
	if (place->wanted) {
		stamp_text(wanted, place->identity, place->wanted);
		if (strcmp(text, wanted) != 0)
			return error_set(err, -EBADMSG,
					 "'%s' exists already and its digest is not the wanted "
					 "one:\n  there  %.*s\n  wanted %s",
					 place->dir, DIGEST_SRI_SIZE - 1,
					 text + length + strlen("\ntree "), place->wanted);
	}
	return 1;
}

int place_open(struct place *place, const char *dir, const char *identity, const char *wanted,
	       struct error *err)
{
	size_t length = strlen(dir);
	char *slash, *name;

	memset(place, 0, sizeof(*place));
	place->identity = identity;
	place->wanted = wanted;
	while (length > 1 && dir[length - 1] == '/')
		length--;
	if (length + NAME_MAX >= sizeof(place->dir))
		return error_set(err, -ENAMETOOLONG, "folder '%s': the path is too long", dir);
	memcpy(place->dir, dir, length);
	slash = strrchr(place->dir, '/');
	name = slash ? slash + 1 : place->dir;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return error_set(err, -EINVAL, "folder '%s': give the name of a new folder", dir);
	snprintf(place->parent, sizeof(place->parent), "%.*s",
		 slash ? (int)(slash - place->dir) + (slash == place->dir) : 1,
		 slash ? place->dir : ".");
	snprintf(place->stamp, sizeof(place->stamp), "%.*s.source", (int)length, dir);
	return look(place, err);
}

int place_begin(struct place *place, struct error *err)
{
	char prefix[NAME_MAX];
	const char *slash = strrchr(place->dir, '/');
	int ret = file_make_dirs(place->parent, err);

	if (ret)
		return ret;
	snprintf(prefix, sizeof(prefix), ".%.200s.fetch-", slash ? slash + 1 : place->dir);
	ret = workspace_make(&place->room, place->parent, prefix, err);
	if (ret)
		return ret;
	if (snprintf(place->tree, sizeof(place->tree), "%s/tree", place->room.path) >=
	    (int)sizeof(place->tree))
		return error_set(err, -ENAMETOOLONG, "'%s': too long", place->room.path);
	if (mkdir(place->tree, 0777) < 0)
		return error_set(err, -errno, "making the folder '%s': %s", place->tree,
				 strerror(errno));
	return 0;
}

/*
 * The stamp first: a stamp without its folder is written anew by the next run, while a folder
 * without its stamp would be taken for the user's.
 */
static int publish(struct place *place, const char *digest, struct error *err)
{
	char text[STAMP_SIZE], stamp[PATH_MAX];
	int length = stamp_text(text, place->identity, digest), ret;

	if (snprintf(stamp, sizeof(stamp), "%s/stamp", place->room.path) >= (int)sizeof(stamp))
		return error_set(err, -ENAMETOOLONG, "'%s': too long", place->room.path);
	ret = file_write_new(stamp, text, (size_t)length, 0666, err);
	if (ret)
		return ret;
	if (rename(stamp, place->stamp) < 0)
		return error_set(err, -errno, "writing '%s': %s", place->stamp, strerror(errno));
	if (renameat2(AT_FDCWD, place->tree, AT_FDCWD, place->dir, RENAME_NOREPLACE) < 0)
		return error_set(err, -errno, "renaming '%s' to '%s': %s", place->tree, place->dir,
				 strerror(errno));
	return 0;
}

int place_finish(struct place *place, const char *source, struct error *err)
{
	char digest[DIGEST_SRI_SIZE];
	int lock, ret;

	ret = tree_digest(place->tree, digest, err);
	if (ret)
		return ret;
	if (place->wanted && strcmp(digest, place->wanted) != 0)
		return error_set(err, -EBADMSG,
				 "the tree from %s is not the wanted one, nothing was put at "
				 "'%s':\n  is     %s\n  wanted %s",
				 source, place->dir, digest, place->wanted);
	/* Two that put different trees there must not leave the folder of one, the stamp of other.
	 */
	lock = folder_lock(place->parent, err);
	if (lock < 0)
		return lock;
	ret = interrupt_check(err);
	if (!ret)
		ret = look(place, err);
	if (!ret)
		ret = publish(place, digest, err);
	else if (ret > 0)
		ret = 0;
	close(lock);
	return ret;
}

void place_close(struct place *place)
{
	workspace_remove(&place->room);
}
