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
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "util/cache_folder.h"
#include "util/cancel.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/fnv.h"

#define PREFIX	       "vmlinux-"
/* Of one that is being written where there are no files without a name. */
#define PARTIAL_PREFIX ".partial-"
/* One that is older was left by a launcher that was killed. */
#define PARTIAL_MAX_S  3600
#define LOCKS	       ".locks"
/* How long another launcher may take to unpack the kernel before we do it ourselves. */
#define LOCK_WAIT_MS   60000
#define LOCK_LOOK_MS   20

/* The folder, made when missing. False: there is no cache. */
static bool open_folder(char folder[PATH_MAX])
{
	struct stat st;

	if (cache_folder(folder) || cache_folder_make(folder, NULL))
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

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Remove the entries that were not used for longest until there is room for one more. */
static void make_room(const char *folder)
{
	for (;;) {
		char oldest[PATH_MAX + NAME_MAX] = "", path[PATH_MAX + NAME_MAX];
		struct timespec oldest_time = { 0 };
		DIR *dir = opendir(folder);
		struct dirent *entry;
		size_t count = 0;

		while (dir && (entry = readdir(dir))) {
			bool partial =
				!strncmp(entry->d_name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX));
			struct stat st;

			if (!partial && strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
				continue;
			if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
				    (int)sizeof(path) ||
			    stat(path, &st) < 0)
				continue;
			if (partial) {
				if (st.st_mtim.tv_sec < time(NULL) - PARTIAL_MAX_S)
					unlink(path);
				continue;
			}
			count++;
			if (!*oldest || is_older(&st.st_mtim, &oldest_time)) {
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
 * Of all launchers that want the kernel of @entry one unpacks it, the others wait. A lock is a byte
 * of one file, so that no kernel leaves a file of its own behind; it goes with the descriptor.
 * Returns a descriptor to close, or -1: no lock here (a file system without), waited too long, or
 * the user wants out.
 */
static int lock_entry(const char *folder, const char *entry, int cancel_fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	char path[PATH_MAX + NAME_MAX];
	int64_t until = now_ms() + LOCK_WAIT_MS;
	int fd;

	snprintf(path, sizeof(path), "%s/" LOCKS, folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	/* Two kernels on one byte only wait for each other. */
	lock.l_start = (off_t)(fnv_add(FNV_START, entry, strlen(entry)) >> 2);
	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if ((errno != EAGAIN && errno != EACCES && errno != EINTR) || now_ms() > until ||
		    cancel_check(cancel_fd, NULL)) {
			close(fd);
			return -1;
		}
		usleep(LOCK_LOOK_MS * 1000);
	}
	return fd;
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

/* Whole, and on the disk. */
static bool write_entry(int fd, const void *bytes, size_t size)
{
	struct trailer trailer = { .magic = MAGIC, .size = size };

	return sampled_crc(bytes, -1, size, &trailer.crc) && !file_write_all(fd, bytes, size) &&
	       !file_write_all(fd, &trailer, sizeof(trailer)) && !fdatasync(fd);
}

/*
 * Without a name until it is whole: nothing is left of it, however we end. False where the file
 * system cannot do that.
 */
static bool store_unnamed(const char *folder, const char *path, const void *bytes, size_t size)
{
	int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char unnamed[64];
	bool can = true;

	if (fd < 0)
		return false;
	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	if (write_entry(fd, bytes, size) &&
	    linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		can = errno == EEXIST;
	close(fd);
	return can;
}

/* Where the file system has no O_TMPFILE, as NFS and 9p. */
static void store_renamed(const char *folder, const char *path, const void *bytes, size_t size)
{
	char partial[PATH_MAX + NAME_MAX];
	int fd;

	snprintf(partial, sizeof(partial), "%s/" PARTIAL_PREFIX "%ld", folder, (long)getpid());
	unlink(partial);
	fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_entry(fd, bytes, size) || rename(partial, path))
		unlink(partial);
	close(fd);
}

/*
 * Whole under its name or not at all, also when the host crashes. A full disk: the next run unpacks
 * again.
 */
static void store(const char *folder, const char *path, const struct kernel_image *image)
{
	const void *bytes;
	size_t size;

	bytes = kernel_image_bytes(image, &size);
	make_room(folder);
	if (!store_unnamed(folder, path, bytes, size))
		store_renamed(folder, path, bytes, size);
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
	else
		(void)!futimens(fd, NULL); /* make_room goes by it */
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
	struct kernel_image *kept;
	int lock = -1, ret;

	if (cached && open_entry(entry, path, out))
		return 0;
	ret = kernel_image_open(path, out, err);
	if (ret || !kernel_image_is_bzimage(*out))
		return ret;
	if (cached)
		lock = lock_entry(folder, entry, cancel_fd);
	/* The launcher that we waited for has stored it. */
	if (lock >= 0 && open_entry(entry, path, &kept))
		goto use_kept;
	ret = kernel_image_unpack(*out, cancel_fd, err);
	/* A compression that we do not read: the guest can, it only takes longer. */
	if (ret == -ENOTSUP) {
		ret = 0;
		goto out;
	}
	if (ret) {
		kernel_image_close(*out);
		*out = NULL;
		goto out;
	}
	if (!cached)
		goto out;
	store(folder, entry, *out);
	/* From now on as in all later runs: two VMs of one run are the same to the last bit. */
	if (!open_entry(entry, path, &kept))
		goto out;
use_kept:
	kernel_image_close(*out);
	*out = kept;
out:
	if (lock >= 0)
		close(lock);
	return ret;
}

/*
 * The next entry in @dir, of @folder, into @path; the partial ones as well where @partial is true.
 * False behind the last.
 */
static bool next_entry(DIR *dir, const char *folder, bool partial, char path[PATH_MAX + NAME_MAX],
		       struct stat *st)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		bool is_partial = !strncmp(entry->d_name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX));

		if ((is_partial ? partial : !strncmp(entry->d_name, PREFIX, strlen(PREFIX))) &&
		    snprintf(path, PATH_MAX + NAME_MAX, "%s/%s", folder, entry->d_name) <
			    PATH_MAX + NAME_MAX &&
		    lstat(path, st) == 0)
			return true;
	}
	return false;
}

/* Nothing is made. NULL: no folder, or not only ours. */
static DIR *look_into(char folder[PATH_MAX])
{
	return !cache_folder(folder) && access(folder, F_OK) == 0 && open_folder(folder)
		       ? opendir(folder)
		       : NULL;
}

void kernel_cache_list(cache_show_fn *show, void *data)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX];
	DIR *dir = look_into(folder);
	struct stat st;

	while (dir && next_entry(dir, folder, false, path, &st)) {
		struct cache_entry entry = { .disk_bytes = (uint64_t)st.st_blocks * 512,
					     .used = st.st_mtim.tv_sec };
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
		struct kernel_image *image = NULL;

		if (fd >= 0 && is_intact(fd) && !kernel_image_open(path, &image, NULL))
			entry.release = kernel_image_release(image);
		show(data, &entry);
		kernel_image_close(image);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

int kernel_cache_clear(struct cache_cleared *cleared, struct error *err)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX];
	DIR *dir = look_into(folder);
	struct stat st;
	int ret = 0;

	*cleared = (struct cache_cleared){ 0 };
	while (dir && next_entry(dir, folder, true, path, &st)) {
		if (unlink(path) == 0) {
			cleared->count += !strstr(path + strlen(folder), PARTIAL_PREFIX);
			cleared->disk_bytes += (uint64_t)st.st_blocks * 512;
		} else if (errno != ENOENT) {
			ret = error_set(err, -errno, "removing '%s': %s", path, strerror(errno));
		}
	}
	if (dir)
		closedir(dir);
	return ret;
}
