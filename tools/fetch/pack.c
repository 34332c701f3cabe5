/* How does a folder become an archive that is always the same? See pack.h. */
#include "tools/fetch/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/digest.h"
#include "tools/fetch/interrupt.h"
#include "tools/fetch/tree.h"
#include "tools/fetch/workspace.h"

static int write_failed(struct archive *archive, const char *path, struct error *err)
{
	return error_set(err, -EIO, "packing '%s': %s", path, archive_error_string(archive));
}

/* One entry's header: nothing in it tells of this machine or of today. */
static int put_header(struct archive *archive, const char *path, mode_t type, mode_t perm,
		      int64_t size, const char *target, struct error *err)
{
	struct archive_entry *entry = archive_entry_new();
	int ret = 0;

	if (!entry)
		return error_set(err, -ENOMEM, "packing '%s': out of memory", path);
	archive_entry_copy_pathname(entry, path);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, perm);
	archive_entry_set_size(entry, size);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, 0, 0);
	if (target)
		archive_entry_copy_symlink(entry, target);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		ret = write_failed(archive, path, err);
	archive_entry_free(entry);
	return ret;
}

static int pack_file(struct archive *archive, int dir, const char *name, const char *path,
		     struct error *err)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), ret;
	char bytes[65536];
	struct stat st;
	off_t left;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = error_set(err, -errno, "packing '%s': %s", path, strerror(errno));
		goto out;
	}
	ret = put_header(archive, path, AE_IFREG, st.st_mode & S_IXUSR ? 0755 : 0644, st.st_size,
			 NULL, err);
	for (left = st.st_size; left && !ret;) {
		ssize_t got =
			read(fd, bytes, left < (off_t)sizeof(bytes) ? (size_t)left : sizeof(bytes));

		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			ret = error_set(err, -EIO, "packing '%s': %s", path,
					got ? strerror(errno) : "it shrank meanwhile");
		else if (archive_write_data(archive, bytes, (size_t)got) != got)
			ret = write_failed(archive, path, err);
		left -= got;
		if (!ret)
			ret = interrupt_check(err);
	}
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int pack_folder(struct archive *archive, int fd, const char *path, unsigned int depth,
		       struct error *err);

static int pack_node(struct archive *archive, int dir, const char *name, const char *path,
		     unsigned int depth, struct error *err)
{
	struct stat st;
	char *target;
	int fd, ret;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, -errno, "packing '%s': %s", path, strerror(errno));
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return pack_file(archive, dir, name, path, err);
	case S_IFLNK:
		target = tree_readlink(dir, name);
		if (!target)
			return error_set(err, -errno, "packing '%s': %s", path, strerror(errno));
		ret = put_header(archive, path, AE_IFLNK, 0777, 0, target, err);
		free(target);
		return ret;
	case S_IFDIR:
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_set(err, -errno, "packing '%s': %s", path, strerror(errno));
		ret = pack_folder(archive, fd, path, depth + 1, err);
		close(fd);
		return ret;
	default:
		return error_set(err, -EINVAL,
				 "packing '%s': it is neither file, folder nor symbolic link",
				 path);
	}
}

static int pack_folder(struct archive *archive, int fd, const char *path, unsigned int depth,
		       struct error *err)
{
	struct dirent **names;
	int count, ret;

	if (depth > TREE_MAX_DEPTH)
		return error_set(err, -ELOOP, "packing '%s': nested deeper than %d folders", path,
				 TREE_MAX_DEPTH);
	ret = put_header(archive, path, AE_IFDIR, 0755, 0, NULL, err);
	if (ret)
		return ret;
	count = tree_names(fd, &names);
	if (count < 0)
		return error_set(err, count, "packing '%s': %s", path, strerror(-count));
	for (int i = 0; i < count && !ret; i++) {
		char below[PATH_MAX];

		if (!strcmp(names[i]->d_name, ".git"))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name) >=
		    (int)sizeof(below))
			ret = error_set(err, -ENAMETOOLONG, "packing '%s': the path is too long",
					path);
		else
			ret = pack_node(archive, fd, names[i]->d_name, below, depth, err);
	}
	tree_names_free(names, count);
	return ret;
}

static int write_archive(int dir, int out, const char *prefix, struct error *err)
{
	struct archive *archive = archive_write_new();
	int ret = -EIO;

	/* gzip's header would hold the time. */
	if (!archive || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip", "compression-level", "9") !=
		    ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip", "timestamp", NULL) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, out) != ARCHIVE_OK)
		error_set(err, ret, "packing: libarchive writes no tar.gz here");
	else
		ret = pack_folder(archive, dir, prefix, 0, err);
	if (!ret && archive_write_close(archive) != ARCHIVE_OK)
		ret = write_failed(archive, prefix, err);
	archive_write_free(archive);
	return ret;
}

/* An archive inside the folder that it is made of would hold itself, or not: refused. */
static int check_apart(const char *dir, const char *parent, struct error *err)
{
	char real_dir[PATH_MAX], real_parent[PATH_MAX];
	size_t length;

	if (!realpath(dir, real_dir))
		return error_set(err, -errno, "packing '%s': %s", dir, strerror(errno));
	if (!realpath(parent, real_parent))
		return error_set(err, -errno, "packing into '%s': %s", parent, strerror(errno));
	length = strlen(real_dir);
	if (strncmp(real_parent, real_dir, length) == 0 &&
	    (real_parent[length] == '/' || !real_parent[length]))
		return error_set(err, -EINVAL,
				 "packing '%s': the archive would be inside it; give another place",
				 dir);
	return 0;
}

int pack(const char *dir, const char *out, const char *prefix, struct error *err)
{
	char parent[PATH_MAX], file[PATH_MAX + 16], digest[DIGEST_HEX_SIZE];
	const char *slash = strrchr(out, '/');
	struct workspace room;
	int fd = -1, dir_fd, ret;

	if (snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - out) + 1 : 1,
		     slash ? out : ".") >= (int)sizeof(parent))
		return error_set(err, -ENAMETOOLONG, "'%s': the path is too long", out);
	if (access(out, F_OK) == 0)
		return error_set(err, -EEXIST, "'%s' exists already and is never overwritten", out);
	ret = check_apart(dir, parent, err);
	if (ret)
		return ret;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return error_set(err, -errno, "packing '%s': %s", dir, strerror(errno));
	ret = workspace_make(&room, parent, ".pack-", err);
	if (ret)
		goto out;
	snprintf(file, sizeof(file), "%s/archive", room.path);
	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		ret = error_set(err, -errno, "creating '%s': %s", file, strerror(errno));
	if (!ret)
		ret = write_archive(dir_fd, fd, prefix, err);
	if (!ret)
		ret = digest_fd(fd, file, digest, err);
	if (!ret && renameat2(AT_FDCWD, file, AT_FDCWD, out, RENAME_NOREPLACE) < 0)
		ret = error_set(err, -errno, "renaming '%s' to '%s': %s", file, out,
				strerror(errno));
	if (!ret)
		printf("%s  %s\n", digest, out);
	if (fd >= 0)
		close(fd);
	workspace_remove(&room);
out:
	close(dir_fd);
	return ret;
}
