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

struct packing {
	struct archive *archive;
	const char *prefix;
	size_t dir_length; /* of a path, what the prefix stands for */
};

static int write_failed(const struct packing *packing, const char *path, struct error *err)
{
	return error_set(err, -EIO, "packing '%s': %s", path,
			 archive_error_string(packing->archive));
}

/* Nothing in it tells of this machine or of today. */
static int put_header(void *context, const struct tree_node *node, struct error *err)
{
	const struct packing *packing = context;
	struct archive_entry *entry = archive_entry_new();
	char path[2 * PATH_MAX];
	int ret = 0;

	if (!entry)
		return error_set(err, -ENOMEM, "packing '%s': out of memory", node->path);
	snprintf(path, sizeof(path), "%s%s", packing->prefix, node->path + packing->dir_length);
	archive_entry_copy_pathname(entry, path);
	archive_entry_set_filetype(entry, node->type);
	if (node->type == S_IFREG)
		archive_entry_set_perm(entry, node->executable ? 0755 : 0644);
	else
		archive_entry_set_perm(entry, node->type == S_IFDIR ? 0755 : 0777);
	archive_entry_set_size(entry, (int64_t)node->size);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, 0, 0);
	if (node->target)
		archive_entry_copy_symlink(entry, node->target);
	if (archive_write_header(packing->archive, entry) != ARCHIVE_OK)
		ret = write_failed(packing, node->path, err);
	archive_entry_free(entry);
	return ret;
}

static int put_data(void *context, const struct tree_node *node, const void *bytes, size_t size,
		    struct error *err)
{
	const struct packing *packing = context;

	if (archive_write_data(packing->archive, bytes, size) != (ssize_t)size)
		return write_failed(packing, node->path, err);
	return 0;
}

static int write_archive(const char *dir, int out, const char *prefix, struct error *err)
{
	struct archive *archive = archive_write_new();
	struct packing packing = { archive, prefix, strlen(dir) };
	struct tree_visitor visitor = { &packing, put_header, put_data, NULL, ".git" };
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
		ret = tree_walk(dir, &visitor, err);
	if (!ret && archive_write_close(archive) != ARCHIVE_OK)
		ret = write_failed(&packing, dir, err);
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
	int fd, ret;

	if (snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - out) + 1 : 1,
		     slash ? out : ".") >= (int)sizeof(parent))
		return error_set(err, -ENAMETOOLONG, "'%s': the path is too long", out);
	if (access(out, F_OK) == 0)
		return error_set(err, -EEXIST, "'%s' exists already and is never overwritten", out);
	ret = check_apart(dir, parent, err);
	if (ret)
		return ret;
	ret = workspace_make(&room, parent, ".pack-", err);
	if (ret)
		return ret;
	snprintf(file, sizeof(file), "%s/archive", room.path);
	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		ret = error_set(err, -errno, "creating '%s': %s", file, strerror(errno));
	if (!ret)
		ret = write_archive(dir, fd, prefix, err);
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
	return ret;
}
