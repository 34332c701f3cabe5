/* How is an archive unpacked that may want to do harm? See unpack.h. */
#include "tools/fetch/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"
#include "tools/fetch/tree.h"

struct unpacking {
	struct archive *archive;
	const char *name;	/* of the archive */
	int root;		/* the folder to unpack to */
	char top[NAME_MAX + 1]; /* the archive's top folder, "" while not seen */
	void *folders;		/* tsearch's: paths of the folders that had an entry of their own */
	unsigned int entries;
	int64_t bytes, limit;
};

static int refuse(const struct unpacking *u, const char *path, const char *why, struct error *err)
{
	return error_set(err, -EPERM, "unpacking '%s': the entry '%s' %s; nothing is kept of it",
			 u->name, path, why);
}

/*
 * @path in its plain form, without the top folder: "" is that folder itself. 1: an entry for
 * nothing, such as "./".
 */
static int plain_path(struct unpacking *u, const char *path, char out[PATH_MAX], struct error *err)
{
	char copy[PATH_MAX], *save = NULL, *part;
	unsigned int depth = 0;
	size_t used = 0;

	if (path[0] == '/')
		return refuse(u, path, "has an absolute path", err);
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return refuse(u, path, "has a path that is too long", err);
	out[0] = '\0';
	for (part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, "."))
			continue;
		if (!strcmp(part, ".."))
			return refuse(u, path, "has '..' in its path", err);
		if (strlen(part) > NAME_MAX || depth > TREE_MAX_DEPTH)
			return refuse(u, path, "has a path that is too long", err);
		if (depth++) {
			used += (size_t)sprintf(out + used, "%s%s", used ? "/" : "", part);
		} else if (!u->top[0]) {
			strcpy(u->top, part);
		} else if (strcmp(u->top, part) != 0) {
			return error_set(err, -EINVAL,
					 "unpacking '%s': it has more than one top folder, '%s' "
					 "and '%s'; a source archive has one",
					 u->name, u->top, part);
		}
	}
	return depth ? 0 : 1;
}

/*
 * The folder that @path is in, made where it is missing, reached through real folders only.
 * Returns a descriptor, *@last the name in it.
 */
static int open_parent(struct unpacking *u, char *path, bool make, char **last, struct error *err)
{
	int fd = dup(u->root), next, ret;
	char *slash;

	*last = path;
	while (fd >= 0 && (slash = strchr(*last, '/'))) {
		*slash = '\0';
		if (make && mkdirat(fd, *last, 0777) < 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(fd, *last, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ret = -errno;
		*slash = '/';
		close(fd);
		fd = next;
		if (fd < 0 && (ret == -ENOTDIR || ret == -ELOOP))
			return refuse(u, path, "goes through something that is no folder", err);
		if (fd < 0)
			return error_set(err, ret, "unpacking '%s': '%s': %s", u->name, path,
					 strerror(-ret));
		*last = slash + 1;
	}
	return fd;
}

static int add_bytes(struct unpacking *u, const char *path, int64_t bytes, struct error *err)
{
	if (bytes >= 0 && bytes <= u->limit - u->bytes) {
		u->bytes += bytes;
		return 0;
	}
	return error_set(err, -EFBIG,
			 "unpacking '%s': with the entry '%s' it is more than %lld MiB, too much "
			 "for an archive of its size",
			 u->name, path, (long long)(u->limit >> 20));
}

static int unpack_file(struct unpacking *u, int dir, const char *last, const char *path,
		       mode_t mode, struct error *err)
{
	int fd = openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int64_t offset, end = 0;
	const void *bytes;
	size_t size;
	int code, ret = 0;

	if (fd < 0)
		return -errno;
	while (!ret && (code = archive_read_data_block(u->archive, &bytes, &size, &offset)) !=
			       ARCHIVE_EOF) {
		if (code != ARCHIVE_OK) {
			ret = error_set(err, -EIO, "unpacking '%s': '%s': %s", u->name, path,
					archive_error_string(u->archive));
			break;
		}
		ret = interrupt_check(err);
		/* Holes count as well: who reads the file gets their zeroes. */
		if (!ret && offset + (int64_t)size > end) {
			ret = add_bytes(u, path, offset + (int64_t)size - end, err);
			end = offset + (int64_t)size;
		}
		for (size_t done = 0; done < size && !ret;) {
			ssize_t written = pwrite(fd, (const char *)bytes + done, size - done,
						 offset + (off_t)done);

			if (written >= 0)
				done += (size_t)written;
			else if (errno != EINTR)
				ret = error_set(err, -errno, "unpacking '%s': writing '%s': %s",
						u->name, path, strerror(errno));
		}
	}
	if (!ret && ftruncate(fd, end) < 0)
		ret = -errno;
	if (close(fd) < 0 && !ret)
		ret = error_set(err, -errno, "unpacking '%s': writing '%s': %s", u->name, path,
				strerror(errno));
	return ret;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int unpack_folder(struct unpacking *u, int dir, const char *last, const char *path)
{
	char *own = strdup(path), **found;
	struct stat st;

	found = own ? tsearch(own, &u->folders, by_text) : NULL;
	if (!found || *found != own) {
		free(own);
		return found ? -EEXIST : -ENOMEM;
	}
	if (!*last || mkdirat(dir, last, 0777) == 0)
		return 0;
	/* One that an entry below it has made already. */
	if (errno == EEXIST && fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return 0;
	return -errno;
}

/*
 * From a real folder, first only upwards and not past the top, then only downwards: such a link
 * stays inside, whatever other links of this kind it meets on its way down.
 */
static bool stays_inside(const char *path, const char *target)
{
	size_t up = 0, depth = 0;
	bool down = false;

	if (!*target || *target == '/')
		return false;
	for (const char *c = path; *c; c++)
		depth += *c == '/';
	while (*target) {
		size_t length = strcspn(target, "/");

		if (length == 2 && !strncmp(target, "..", 2)) {
			if (down || ++up > depth)
				return false;
		} else if (length && !(length == 1 && *target == '.')) {
			down = true;
		}
		target += length + (target[length] == '/');
	}
	return true;
}

static int unpack_hard_link(struct unpacking *u, int dir, const char *last, const char *path,
			    const char *target, struct error *err)
{
	char plain[PATH_MAX], *target_last;
	int from, ret = plain_path(u, target, plain, err);
	struct stat st;

	if (ret < 0)
		return error_prefix(err, ret, "the hard link '%s'", path);
	from = open_parent(u, plain, false, &target_last, err);
	if (from < 0)
		return error_prefix(err, from, "the hard link '%s'", path);
	if (fstatat(from, target_last, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		ret = refuse(u, path, "is a hard link to no file of the archive", err);
	else
		ret = add_bytes(u, path, st.st_size, err);
	if (!ret && linkat(from, target_last, dir, last, 0) < 0)
		ret = -errno;
	close(from);
	return ret;
}

static int unpack_entry(struct unpacking *u, struct archive_entry *entry, struct error *err)
{
	const char *shown = archive_entry_pathname(entry);
	const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
	mode_t type = archive_entry_filetype(entry);
	char path[PATH_MAX], *last;
	int dir, ret;

	if (!shown)
		return error_set(err, -EILSEQ, "unpacking '%s': an entry has no readable name",
				 u->name);
	if (++u->entries > UNPACK_MAX_ENTRIES)
		return error_set(err, -EFBIG, "unpacking '%s': it has more than %d entries",
				 u->name, UNPACK_MAX_ENTRIES);
	ret = plain_path(u, shown, path, err);
	if (ret)
		return ret < 0 ? ret : 0;
	if (!*path && (hard || type != AE_IFDIR))
		return error_set(err, -EINVAL,
				 "unpacking '%s': '%s' is not in a top folder; a source archive "
				 "has one",
				 u->name, shown);
	if (type == AE_IFLNK && !hard && (!soft || !stays_inside(path, soft)))
		return refuse(u, shown, "is a symbolic link that leaves the tree", err);
	dir = open_parent(u, path, true, &last, err);
	if (dir < 0)
		return dir;
	if (hard)
		ret = unpack_hard_link(u, dir, last, path, hard, err);
	else if (type == AE_IFREG)
		ret = unpack_file(u, dir, last, path,
				  archive_entry_perm(entry) & S_IXUSR ? 0777 : 0666, err);
	else if (type == AE_IFDIR)
		ret = unpack_folder(u, dir, last, path);
	else if (type == AE_IFLNK)
		ret = symlinkat(soft, dir, last) < 0 ? -errno : 0;
	else
		ret = refuse(u, shown, "is a device, a FIFO or a socket", err);
	close(dir);
	if (ret == -EEXIST)
		return refuse(u, shown, "comes twice", err);
	if (ret && !err->text[0])
		error_set(err, ret, "unpacking '%s': '%s': %s", u->name, shown, strerror(-ret));
	return ret;
}

/* ARCHIVE_WARN from one of these would mean another program, which we do not want. */
static bool set_kinds(struct archive *archive)
{
	return archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_xz(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_zstd(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_bzip2(archive) == ARCHIVE_OK &&
	       archive_read_support_format_tar(archive) == ARCHIVE_OK;
}

int unpack(int fd, const char *name, const char *dir, struct error *err)
{
	struct unpacking u = { .name = name };
	struct archive_entry *entry;
	struct stat st;
	int code, ret = 0;

	err->text[0] = '\0';
	u.root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (u.root < 0 || fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		ret = error_set(err, -errno, "unpacking '%s' to '%s': %s", name, dir,
				strerror(errno));
		goto out;
	}
	u.limit = st.st_size > UNPACK_MAX_BYTES / UNPACK_MAX_RATIO ? UNPACK_MAX_BYTES
								   : st.st_size * UNPACK_MAX_RATIO;
	if (u.limit < UNPACK_FREE_BYTES)
		u.limit = UNPACK_FREE_BYTES;
	u.archive = archive_read_new();
	if (!u.archive || !set_kinds(u.archive)) {
		ret = error_set(err, -ENOSYS, "unpacking '%s': libarchive lacks a compression",
				name);
		goto out;
	}
	code = archive_read_open_fd(u.archive, fd, 65536);
	while (!ret && code == ARCHIVE_OK) {
		code = archive_read_next_header(u.archive, &entry);
		if (code == ARCHIVE_OK)
			ret = unpack_entry(&u, entry, err);
	}
	if (!ret && code != ARCHIVE_EOF)
		ret = error_set(err, -EINVAL,
				"unpacking '%s': %s; a tar archive with gzip, xz, zstd, bzip2 or "
				"no compression is wanted",
				name, archive_error_string(u.archive));
	if (!ret && !u.top[0])
		ret = error_set(err, -EINVAL, "unpacking '%s': it is empty", name);
out:
	archive_read_free(u.archive);
	tdestroy(u.folders, free);
	if (u.root >= 0)
		close(u.root);
	return ret;
}
