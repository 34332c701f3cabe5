/* How does an archive become a folder? See unpack.h. */
#include "tools/fetch/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/run.h"

/* Below the one top folder: "" is that folder itself, NULL an entry that is not in one. */
static const char *below_top(const char *path)
{
	while (!strncmp(path, "./", 2))
		path += 2;
	path = strchr(path, '/');
	return path ? path + strspn(path, "/") : NULL;
}

static int unpack_entry(struct archive *in, struct archive *out, struct archive_entry *entry,
			const char *name, struct error *err)
{
	const char *shown = archive_entry_pathname(entry), *hard = archive_entry_hardlink(entry);
	const char *path = shown ? below_top(shown) : NULL;
	bool executable = archive_entry_perm(entry) & S_IXUSR;

	if (!path || (hard && !below_top(hard))) {
		/* The top folder, as it is written without a slash. */
		if (shown && archive_entry_filetype(entry) == AE_IFDIR)
			return 0;
		return error_set(err, -EINVAL,
				 "unpacking '%s': '%s' is not in a top folder; a source archive "
				 "has one",
				 name, shown ? shown : "");
	}
	if (!*path)
		return 0;
	if (hard)
		archive_entry_copy_hardlink(entry, below_top(hard));
	archive_entry_copy_pathname(entry, path);
	archive_entry_set_perm(
		entry, executable || archive_entry_filetype(entry) == AE_IFDIR ? 0777 : 0666);
	if (archive_read_extract2(in, entry, out) == ARCHIVE_OK)
		return 0;
	return error_set(err, -EIO, "unpacking '%s': '%s': %s", name, archive_entry_pathname(entry),
			 archive_error_string(in));
}

static int unpack_all(struct archive *in, int fd, struct archive *out, const char *name,
		      struct error *err)
{
	struct archive_entry *entry;
	unsigned int entries = 0;
	int64_t bytes = 0;
	int code = archive_read_open_fd(in, fd, 65536), ret = 0;

	while (!ret && code == ARCHIVE_OK &&
	       (code = archive_read_next_header(in, &entry)) == ARCHIVE_OK) {
		int64_t size = archive_entry_size(entry);

		/* Holes count as well: who reads the file gets their zeroes. */
		if (size < 0 || size > UNPACK_MAX_BYTES - bytes || ++entries > UNPACK_MAX_ENTRIES)
			return error_set(err, -EFBIG,
					 "unpacking '%s': it is more than %lld MiB or %u entries, "
					 "which no source is",
					 name, (long long)(UNPACK_MAX_BYTES >> 20),
					 UNPACK_MAX_ENTRIES);
		bytes += size;
		ret = unpack_entry(in, out, entry, name, err);
		if (!ret)
			ret = run_check(err);
	}
	if (ret)
		return ret;
	if (code != ARCHIVE_EOF)
		return error_set(err, -EINVAL,
				 "unpacking '%s': %s; a tar archive with gzip, xz, zstd, bzip2 or "
				 "no compression is wanted",
				 name, archive_error_string(in));
	return entries ? 0 : error_set(err, -EINVAL, "unpacking '%s': it is empty", name);
}

/* ARCHIVE_WARN from one of these would mean another program, which we do not want. */
static bool set_kinds(struct archive *in)
{
	return archive_read_support_filter_gzip(in) == ARCHIVE_OK &&
	       archive_read_support_filter_xz(in) == ARCHIVE_OK &&
	       archive_read_support_filter_zstd(in) == ARCHIVE_OK &&
	       archive_read_support_filter_bzip2(in) == ARCHIVE_OK &&
	       archive_read_support_format_tar(in) == ARCHIVE_OK;
}

int unpack(int fd, const char *name, const char *dir, struct error *err)
{
	struct archive *in = archive_read_new(), *out = archive_write_disk_new();
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	/* libarchive writes below the working directory, and looks for links from there on. */
	if (here < 0 || lseek(fd, 0, SEEK_SET) < 0 || chdir(dir) < 0) {
		ret = error_set(err, -errno, "unpacking '%s' to '%s': %s", name, dir,
				strerror(errno));
		goto out;
	}
	if (!in || !out || !set_kinds(in) ||
	    archive_write_disk_set_options(
		    out, ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
				 ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS) != ARCHIVE_OK)
		ret = error_set(err, -ENOSYS, "unpacking '%s': libarchive lacks a compression",
				name);
	else
		ret = unpack_all(in, fd, out, name, err);
	if (fchdir(here) < 0 && !ret)
		ret = error_set(err, -errno, "going back to the working directory: %s",
				strerror(errno));
out:
	archive_read_free(in);
	archive_write_free(out);
	if (here >= 0)
		close(here);
	return ret;
}
