/* How is a kernel unpacked only once? See kernel_cache.h. */
#include "run/kernel_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "util/cache_folder.h"
#include "util/file.h"

#define PREFIX "vmlinux-"

/* The folder, made when missing. False: there is no cache. */
static bool open_folder(char folder[PATH_MAX])
{
	struct stat st;

	if (cache_folder(folder) || file_make_dirs(folder, NULL))
		return false;
	/* What others can write to, they could put a kernel of theirs into. */
	return stat(folder, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/*
 * A file's identity, without reading it: who changes its content cannot help changing its ctime.
 * False when it cannot be told.
 */
static bool entry_path(const char *kernel, const char *folder, char path[PATH_MAX + NAME_MAX])
{
	struct stat st;

	if (stat(kernel, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	snprintf(path, PATH_MAX + NAME_MAX,
		 "%s/" PREFIX "%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%lx-%" PRIx64 ".%lx",
		 folder, (uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
		 (uint64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec,
		 st.st_ctim.tv_nsec);
	return true;
}

/* Remove the oldest entries until there is room for one more. */
static void make_room(const char *folder)
{
	for (;;) {
		char oldest[PATH_MAX + NAME_MAX] = "", path[PATH_MAX + NAME_MAX];
		struct timespec oldest_time = { 0 };
		DIR *dir = opendir(folder);
		struct dirent *entry;
		size_t count = 0;

		while (dir && (entry = readdir(dir))) {
			struct stat st;

			if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
				continue;
			if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
				    (int)sizeof(path) ||
			    stat(path, &st) < 0)
				continue;
			count++;
			if (!*oldest || st.st_mtim.tv_sec < oldest_time.tv_sec) {
				memcpy(oldest, path, sizeof(oldest));
				oldest_time = st.st_mtim;
			}
		}
		if (dir)
			closedir(dir);
		if (count < KERNEL_CACHE_ENTRIES || unlink(oldest) < 0)
			return;
	}
}

/*
 * Behind the vmlinux, where no ELF reader looks. It tells an entry that a crash of the host or a
 * bad disk left short or with holes. A CRC over all of some 50 MiB would cost 24 ms at each start,
 * half of it for reading them (130 ms in the emulated host). One over a page in 64 costs 0.4 ms (3
 * ms) and sees any damage that is 256 KiB long, as such damage is; and it comes seldom at all, for
 * an entry is on the disk before it has its name.
 */
struct trailer {
	char magic[8];
	uint64_t size; /* of the vmlinux */
	uint32_t crc;  /* of its sampled pages, zlib's */
	uint32_t reserved;
};

#define MAGIC	     "ktstrvm1"
#define SAMPLE_SIZE  4096u
#define SAMPLE_EVERY (64u * SAMPLE_SIZE)

/* Of @bytes, or where that is NULL of @fd. False when it cannot be read. */
static bool sampled_crc(const uint8_t *bytes, int fd, uint64_t size, uint32_t *crc)
{
	uint8_t buffer[SAMPLE_SIZE];
	uLong sum = crc32(0, NULL, 0);

	for (uint64_t at = 0; at < size; at += SAMPLE_EVERY) {
		size_t count = size - at < SAMPLE_SIZE ? (size_t)(size - at) : SAMPLE_SIZE;

		if (!bytes && pread(fd, buffer, count, (off_t)at) != (ssize_t)count)
			return false;
		sum = crc32(sum, bytes ? bytes + at : buffer, (uInt)count);
	}
	*crc = (uint32_t)sum;
	return true;
}

/* Is @fd an entry as it was written? */
static bool is_intact(int fd)
{
	struct trailer trailer;
	struct stat st;
	uint32_t crc;

	return fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(trailer) &&
	       pread(fd, &trailer, sizeof(trailer), st.st_size - (off_t)sizeof(trailer)) ==
		       sizeof(trailer) &&
	       !memcmp(trailer.magic, MAGIC, sizeof(trailer.magic)) &&
	       trailer.size == (uint64_t)st.st_size - sizeof(trailer) &&
	       sampled_crc(NULL, fd, trailer.size, &crc) && crc == trailer.crc;
}

/*
 * Whole under its name or not at all, also when the host crashes, and nothing is left of one that
 * was not finished, however we end. A full disk, another launcher's entry, a file system without
 * O_TMPFILE: the next run unpacks again.
 */
static void store(const char *folder, const char *path, const struct kernel_image *image)
{
	struct trailer trailer = { .magic = MAGIC };
	char unnamed[64];
	const void *bytes;
	size_t size;
	int fd;

	bytes = kernel_image_bytes(image, &size);
	trailer.size = size;
	sampled_crc(bytes, -1, size, &trailer.crc);
	make_room(folder);
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	if (file_write_all(fd, bytes, size) == 0 &&
	    file_write_all(fd, &trailer, sizeof(trailer)) == 0 && fdatasync(fd) == 0 &&
	    linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0) {
		/* As above. */
	}
	close(fd);
}

/* What is kept of @path, under the name that the user gave it. Makes way for a new one if bad. */
static bool open_entry(const char *entry, const char *path, struct kernel_image **out)
{
	int fd = open(entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), ret = 0;

	*out = NULL;
	if (fd < 0)
		return false;
	if (!is_intact(fd))
		ret = -EBADMSG;
	close(fd);
	if (!ret)
		ret = kernel_image_open(entry, out, NULL);
	if (!ret && kernel_image_is_bzimage(*out))
		ret = -ENOEXEC;
	if (!ret)
		ret = kernel_image_set_name(*out, path);
	if (!ret)
		return true;
	kernel_image_close(*out);
	*out = NULL;
	if (ret == -EBADMSG || ret == -ENOEXEC)
		unlink(entry);
	return false;
}

int kernel_cache_open(const char *path, int cancel_fd, struct kernel_image **out, struct error *err)
{
	char folder[PATH_MAX], entry[PATH_MAX + NAME_MAX];
	bool cached = open_folder(folder) && entry_path(path, folder, entry);
	int ret;

	if (cached && open_entry(entry, path, out))
		return 0;
	ret = kernel_image_open(path, out, err);
	if (ret || !kernel_image_is_bzimage(*out))
		return ret;
	ret = kernel_image_unpack(*out, cancel_fd, err);
	/* A compression that we do not read: the guest can, it only takes longer. */
	if (ret == -ENOTSUP)
		return 0;
	if (ret) {
		kernel_image_close(*out);
		*out = NULL;
		return ret;
	}
	if (cached) {
		struct kernel_image *kept;

		store(folder, entry, *out);
		/* From now on as in all later runs: two VMs of one run are the same to the last
		 * bit. */
		if (open_entry(entry, path, &kept)) {
			kernel_image_close(*out);
			*out = kept;
		}
	}
	return 0;
}
