/* What of a kernel's package is of use here, and where does it go? See package_unpack.h. */
#include "run/package_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"

#define BLOCK_SIZE (64 * 1024)

/* deb(5); the lead of an RPM file (RPM's docs, "V4 file format"). */
static const char deb_magic[] = "!<arch>\ndebian-binary";
static const char rpm_magic[] = "\xed\xab\xee\xdb";

#define MAGIC_SIZE(magic) (sizeof(magic) - 1)

static bool is_deb(const void *bytes, size_t size)
{
	return size >= MAGIC_SIZE(deb_magic) && !memcmp(bytes, deb_magic, MAGIC_SIZE(deb_magic));
}

bool package_is_one(const void *bytes, size_t size)
{
	return is_deb(bytes, size) ||
	       (size >= MAGIC_SIZE(rpm_magic) && !memcmp(bytes, rpm_magic, MAGIC_SIZE(rpm_magic)));
}

/* @path behind @prefix; NULL when it does not begin so. */
static const char *behind(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(path, prefix, length) ? NULL : path + length;
}

static bool is_straight(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!length || (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.'))))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

bool package_place(const char *path, char place[PATH_MAX])
{
	const char *rest;

	while ((rest = behind(path, "./")) || (rest = behind(path, "/")))
		path = rest;
	rest = behind(path, "usr/");
	if (rest)
		path = rest;
	if (!is_straight(path) || strlen(path) >= PATH_MAX)
		return false;
	if (behind(path, "boot/vmlinuz-")) {
		strcpy(place, "vmlinuz");
	} else if (behind(path, "boot/config-")) {
		strcpy(place, "config");
	} else {
		rest = behind(path, "lib/modules/");
		/* A release is an argument of depmod, too, and none of its options. */
		rest = rest && *rest != '-' ? strchr(rest, '/') : NULL;
		if (!rest)
			return false;
		rest++;
		strcpy(place, strcmp(rest, "vmlinuz") && strcmp(rest, "config") ? path : rest);
	}
	return true;
}

struct unpacking {
	const char *name, *folder;
	struct archive *outer; /* of a .deb: where the tar comes from; else NULL */
	struct archive *archive;
	char block[BLOCK_SIZE]; /* of the outer one */
	uint64_t bytes;
	unsigned int entries;
	char image[PATH_MAX], config[PATH_MAX]; /* the members that became them, or "" */
};

static int broken(const struct unpacking *u, struct archive *archive, struct error *err)
{
	const char *text = archive_error_string(archive);

	return error_set(err, -EBADMSG, "kernel package '%s': it cannot be read: %s", u->name,
			 text ? text : "it ends too early");
}

static int write_member(struct unpacking *u, const char *path, struct error *err)
{
	int fd = file_create(path, 0644, err), ret = 0, code;
	const void *bytes;
	int64_t offset;
	size_t size;

	if (fd < 0)
		return fd;
	while (!ret && (code = archive_read_data_block(u->archive, &bytes, &size, &offset)) !=
			       ARCHIVE_EOF) {
		if (code != ARCHIVE_OK) {
			ret = broken(u, u->archive, err);
			break;
		}
		u->bytes += size;
		if (u->bytes > PACKAGE_MAX_BYTES || (uint64_t)offset > PACKAGE_MAX_BYTES)
			ret = error_set(err, -EFBIG,
					"kernel package '%s': more than %llu GiB in it, no "
					"kernel has so much; give the image itself",
					u->name, PACKAGE_MAX_BYTES >> 30);
		else if (lseek(fd, offset, SEEK_SET) < 0)
			ret = -errno;
		else
			ret = file_write_all(fd, bytes, size);
		if (ret && ret != -EFBIG)
			error_set(err, ret, "kernel package '%s': writing '%s': %s", u->name, path,
				  strerror(-ret));
	}
	if (close(fd) < 0 && !ret)
		ret = error_set(err, -errno, "kernel package '%s': writing '%s': %s", u->name, path,
				strerror(errno));
	return ret;
}

/* Of an image or a configuration there is one. */
static int take_only(const struct unpacking *u, char taken[PATH_MAX], const char *member,
		     struct error *err)
{
	if (*taken)
		return error_set(err, -EEXIST,
				 "kernel package '%s': both '%s' and '%s' are in it; unpack it and "
				 "give the image",
				 u->name, taken, member);
	snprintf(taken, PATH_MAX, "%s", member);
	return 0;
}

static int take_member(struct unpacking *u, struct archive_entry *entry, struct error *err)
{
	const char *member = archive_entry_pathname(entry);
	char place[PATH_MAX], path[2 * PATH_MAX], *slash;
	int ret = 0;

	if (++u->entries > PACKAGE_MAX_ENTRIES)
		return error_set(err, -EFBIG, "kernel package '%s': more than %d files in it",
				 u->name, PACKAGE_MAX_ENTRIES);
	if (!member || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
	    !package_place(member, place))
		return 0;
	if (!strcmp(place, "vmlinuz"))
		ret = take_only(u, u->image, member, err);
	else if (!strcmp(place, "config"))
		ret = take_only(u, u->config, member, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%s", u->folder, place);
	slash = strrchr(path, '/');
	*slash = '\0';
	ret = file_make_dirs(path, err);
	*slash = '/';
	return ret ? ret : write_member(u, path, err);
}

static la_ssize_t read_outer(struct archive *archive, void *data, const void **bytes)
{
	struct unpacking *u = data;
	la_ssize_t count = archive_read_data(u->outer, u->block, sizeof(u->block));

	if (count < 0)
		archive_set_error(archive, EBADMSG, "%s", archive_error_string(u->outer));
	*bytes = u->block;
	return count;
}

/* Up to the tar in a .deb. */
static int open_deb(struct unpacking *u, int fd, struct error *err)
{
	struct archive_entry *entry;
	int code;

	u->outer = archive_read_new();
	if (!u->outer || archive_read_support_format_ar(u->outer) != ARCHIVE_OK)
		return error_set(err, -ENOMEM, "out of memory");
	if (archive_read_open_fd(u->outer, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return broken(u, u->outer, err);
	while ((code = archive_read_next_header(u->outer, &entry)) == ARCHIVE_OK) {
		const char *member = archive_entry_pathname(entry);

		if (member && behind(member, "data.tar"))
			return archive_read_open(u->archive, u, NULL, read_outer, NULL) ==
					       ARCHIVE_OK
				       ? 0
				       : broken(u, u->archive, err);
	}
	return code == ARCHIVE_EOF ? error_set(err, -EBADMSG,
					       "kernel package '%s': no data.tar in it; it is cut "
					       "off or no Debian package",
					       u->name)
				   : broken(u, u->outer, err);
}

static int open_package(struct unpacking *u, int fd, struct error *err)
{
	char head[64];
	ssize_t count = pread(fd, head, sizeof(head), 0);
	struct archive *archive = u->archive = archive_read_new();

	/* What they warn of: a program that they would start. None is, for these. */
	if (!archive || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_lzma(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
		return error_set(err, -ENOMEM, "out of memory");
	if (count > 0 && is_deb(head, (size_t)count))
		return archive_read_support_format_tar(archive) == ARCHIVE_OK
			       ? open_deb(u, fd, err)
			       : error_set(err, -ENOMEM, "out of memory");
	if (archive_read_support_filter_rpm(archive) != ARCHIVE_OK ||
	    archive_read_support_format_cpio(archive) != ARCHIVE_OK)
		return error_set(err, -ENOMEM, "out of memory");
	return archive_read_open_fd(archive, fd, BLOCK_SIZE) == ARCHIVE_OK
		       ? 0
		       : broken(u, archive, err);
}

int package_unpack(const char *name, int fd, const char *folder, struct error *err)
{
	struct unpacking u = { .name = name, .folder = folder };
	struct archive_entry *entry;
	int ret = open_package(&u, fd, err), code;

	while (!ret && (code = archive_read_next_header(u.archive, &entry)) != ARCHIVE_EOF) {
		/* A warning is about what we do not take, such as an owner's name. */
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			ret = broken(&u, u.archive, err);
		else
			ret = take_member(&u, entry, err);
	}
	archive_read_free(u.archive);
	archive_read_free(u.outer);
	if (!ret && !*u.image)
		ret = error_set(
			err, -ENOENT,
			"kernel package '%s': no vmlinuz in it: neither boot/vmlinuz-RELEASE "
			"nor lib/modules/RELEASE/vmlinuz; the image may be in a package that "
			"this one depends on",
			name);
	return ret;
}
