/* How does a folder become an archive that is always the same? See pack.h. */
#include "tools/fetch/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/fetch/tree.h"

/* Nothing in it tells of this machine or of today. */
static int put(struct archive *archive, const FTSENT *node, const char *path, struct error *err)
{
	struct archive_entry *entry = archive_entry_new();
	size_t size = (size_t)node->fts_statp->st_size;
	uint8_t *bytes = NULL;
	int ret = 0;

	if (!entry)
		return error_set(err, -ENOMEM, "packing '%s': out of memory", path);
	archive_entry_copy_pathname(entry, path);
	archive_entry_set_size(entry, 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_filetype(entry, node->fts_statp->st_mode & S_IFMT);
	archive_entry_set_perm(entry, 0755);
	if (node->fts_info != FTS_D)
		ret = tree_content(node, &bytes, err);
	if (ret)
		goto out;
	if (node->fts_info == FTS_SL) {
		archive_entry_set_perm(entry, 0777);
		archive_entry_copy_symlink(entry, (const char *)bytes);
	} else if (node->fts_info == FTS_F) {
		archive_entry_set_perm(entry, tree_is_executable(node) ? 0755 : 0644);
		archive_entry_set_size(entry, (int64_t)size);
	}
	if (archive_write_header(archive, entry) != ARCHIVE_OK ||
	    (node->fts_info == FTS_F &&
	     archive_write_data(archive, bytes, size) != (la_ssize_t)size))
		ret = error_set(err, -EIO, "packing '%s': %s", path, archive_error_string(archive));
out:
	free(bytes);
	archive_entry_free(entry);
	return ret;
}

static int put_all(struct archive *archive, FTS *tree, const char *prefix, int out,
		   struct error *err)
{
	size_t dir_length = 0;
	char path[PATH_MAX];
	struct stat st;
	FTSENT *node;
	int ret = fstat(out, &st);

	while (!ret && (ret = tree_next(tree, &node, err)) > 0) {
		ret = 0;
		if (node->fts_level == FTS_ROOTLEVEL)
			dir_length = node->fts_pathlen;
		if (node->fts_level > FTS_ROOTLEVEL && !strcmp(node->fts_name, ".git")) {
			fts_set(tree, node, FTS_SKIP);
			continue;
		}
		if (node->fts_statp->st_ino == st.st_ino && node->fts_statp->st_dev == st.st_dev)
			ret = error_set(err, -EINVAL,
					"packing '%.*s': the archive would be inside it; give "
					"another place",
					(int)dir_length, node->fts_path);
		else if (snprintf(path, sizeof(path), "%s%s", prefix,
				  node->fts_path + dir_length) >= (int)sizeof(path))
			ret = error_set(err, -ENAMETOOLONG, "packing '%s': its path is too long",
					node->fts_path);
		else if (node->fts_info != FTS_DP)
			ret = put(archive, node, path, err);
	}
	return ret;
}

int pack(const char *dir, int out, const char *prefix, struct error *err)
{
	struct archive *archive = archive_write_new();
	FTS *tree = tree_open(dir, err);
	int ret = -EIO;

	if (!tree)
		goto out;
	/* gzip's header would hold the time. */
	if (!archive || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip", "compression-level", "6") !=
		    ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip", "timestamp", NULL) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, out) != ARCHIVE_OK)
		error_set(err, ret, "packing '%s': libarchive writes no tar.gz here", dir);
	else
		ret = put_all(archive, tree, prefix, out, err);
	if (!ret && archive_write_close(archive) != ARCHIVE_OK)
		ret = error_set(err, -EIO, "packing '%s': %s", dir, archive_error_string(archive));
out:
	archive_write_free(archive);
	if (tree)
		tree_close(tree);
	return ret;
}
