/* Which bases are kept for the next launcher? See store.h. */
#include "base/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_file.h"
#include "util/cache_folder.h"
#include "util/clock.h"

#define FOLDER	       "bases"
#define PREFIX	       "base-"
/* Of one that is being written where there are no files without a name; locked meanwhile. */
#define PARTIAL_PREFIX ".partial-"
#define LOCKS	       ".locks"
#define NAME_SIZE      (sizeof(PREFIX) + 2 * IDENTITY_DIGEST_SIZE)
/* Clocks are set now and then; nothing that is younger than this is of an earlier boot. */
#define BOOT_SLACK_S   600

/* --- the folder ----------------------------------------------------------------------------------
 */

/* What others can write to, they could put a machine of theirs into. */
static int check_folder(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return error_set(err, -EPERM,
				 "'%s' is %s, so no bases are kept in it; set KTSTR_CACHE_DIR to a "
				 "folder that only you can write to",
				 path,
				 st.st_uid != geteuid() ? "somebody else's" : "writable by others");
	return 0;
}

/* A symbolic link is not followed: it may have been laid by somebody else. */
static int open_folder_at(int at, const char *name, const char *path, struct error *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), ret;
	struct stat st;

	if (fd < 0) {
		ret = -errno;
		/* With O_DIRECTORY a link is ENOTDIR. */
		if (ret == -ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode))
			ret = -ELOOP;
		return error_set(err, ret, "'%s' is no folder for bases: %s%s", path,
				 ret == -ELOOP ? "a symbolic link" : strerror(-ret),
				 ret == -ELOOP ? "; set KTSTR_CACHE_DIR to where it leads" : "");
	}
	ret = check_folder(fd, path, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/*
 * Returns a descriptor; -ENODATA without a message: there is to be none; -ENOENT: there is none;
 * another -errno with a message. @make: it is made.
 */
static int open_folder(bool make, struct error *err)
{
	char path[PATH_MAX];
	int cache, fd, ret;
	size_t length;

	ret = cache_folder(path);
	if (ret == -ENODATA || ret == -ENOENT)
		return -ENODATA;
	if (ret)
		return error_set(err, ret, "the cache folder: %s", strerror(-ret));
	if (make) {
		ret = cache_folder_make(path, err);
		if (ret)
			return ret;
	}
	/* With a slash behind it a link would be followed. */
	for (length = strlen(path); length > 1 && path[length - 1] == '/';)
		path[--length] = '\0';
	cache = open_folder_at(AT_FDCWD, path, path, err);
	if (cache < 0)
		return cache;
	if (make && mkdirat(cache, FOLDER, 0700) && errno != EEXIST)
		fd = error_set(err, -errno, "making the folder '%s/" FOLDER "': %s", path,
			       strerror(errno));
	else if (snprintf(path + length, sizeof(path) - length, "/" FOLDER) >=
		 (int)(sizeof(path) - length))
		fd = error_set(err, -ENAMETOOLONG, "'%s': its path is too long", path);
	else
		fd = open_folder_at(cache, FOLDER, path, err);
	close(cache);
	return fd;
}

static void name_of(const struct base_identity *identity, char name[NAME_SIZE])
{
	char *at = name + sprintf(name, PREFIX);

	for (size_t i = 0; i < sizeof(identity->digest); i++)
		at += sprintf(at, "%02x", identity->digest[i]);
}

static bool is_base(const char *name)
{
	return !strncmp(name, PREFIX, strlen(PREFIX)) && strlen(name) == NAME_SIZE - 1 &&
	       strspn(name + strlen(PREFIX), "0123456789abcdef") == 2 * IDENTITY_DIGEST_SIZE;
}

static bool is_partial(const char *name)
{
	return !strncmp(name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX));
}

/* A file that only we can write to: else -EPERM. A FIFO does not hold us up. */
static int open_base(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 022))
		return fd;
	close(fd);
	return -EPERM;
}

/* --- what is in it -------------------------------------------------------------------------------
 */

struct file {
	char name[NAME_SIZE];
	struct timespec used;
	uint64_t disk_bytes;
};

struct files {
	struct file *list; /* owned */
	size_t count;
};

static int by_age(const void *a, const void *b)
{
	const struct timespec *left = &((const struct file *)a)->used;
	const struct timespec *right = &((const struct file *)b)->used;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? 1 : -1;
	return left->tv_nsec < right->tv_nsec ? 1 : left->tv_nsec > right->tv_nsec ? -1 : 0;
}

/* What a launcher left that was killed: nobody holds its lock. */
static void remove_partial(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(folder, name, 0);
	close(fd);
}

/* All bases, the one used last first. What was left of others is removed. */
static int find_files(int folder, struct files *files)
{
	/* A descriptor of its own: the position of the one that we have is left alone. */
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int ret = 0;

	*files = (struct files){ 0 };
	if (!dir) {
		ret = -errno;
		if (own >= 0)
			close(own);
		return ret;
	}
	while ((entry = readdir(dir))) {
		struct file *grown, *file;
		struct stat st;

		if (is_partial(entry->d_name))
			remove_partial(folder, entry->d_name);
		if (!is_base(entry->d_name) ||
		    fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		grown = reallocarray(files->list, files->count + 1, sizeof(*grown));
		if (!grown) {
			ret = -ENOMEM;
			break;
		}
		files->list = grown;
		file = &grown[files->count++];
		memcpy(file->name, entry->d_name, NAME_SIZE);
		file->used = st.st_mtim;
		file->disk_bytes = (uint64_t)st.st_blocks * 512;
	}
	closedir(dir);
	if (ret) {
		free(files->list);
		files->list = NULL;
	} else if (files->count) {
		qsort(files->list, files->count, sizeof(*files->list), by_age);
	}
	return ret;
}

/*
 * Remove what no launcher will ever use again, being older than this boot of the host, and the
 * oldest of the others, until there is room.
 */
static int make_room(int folder, uint64_t needed)
{
	const uint64_t most = (uint64_t)STORE_MAX_MIB << 20;
	time_t booted = time(NULL) - (time_t)(boottime_ns() / 1000000000u) - BOOT_SLACK_S;
	struct files files;
	uint64_t total = 0;
	int ret = find_files(folder, &files);

	for (size_t i = 0; !ret && i < files.count; i++) {
		const struct file *file = &files.list[i];

		if (file->used.tv_sec < booted || total + file->disk_bytes + needed > most)
			unlinkat(folder, file->name, 0);
		else
			total += file->disk_bytes;
	}
	free(files.list);
	return ret;
}

/* --- loading and saving --------------------------------------------------------------------------
 */

int store_load(const struct base_identity *identity, struct base *base)
{
	int folder = open_folder(false, NULL), fd, ret;
	char name[NAME_SIZE];

	*base = (struct base){ .ram_fd = -1 };
	if (folder < 0)
		return -ENOENT;
	name_of(identity, name);
	fd = open_base(folder, name);
	ret = fd < 0 ? fd : base_file_read(fd, identity->digest, base, NULL, NULL);
	if (!ret)
		(void)!futimens(base->ram_fd, NULL); /* make_room goes by it */
	else if (ret == -EBADMSG || ret == -EPERM || ret == -ELOOP)
		unlinkat(folder, name, 0);
	close(folder);
	return ret ? -ENOENT : 0;
}

/*
 * One launcher is enough to write a base. A lock is a byte of one file, so that no base leaves a
 * file of its own behind; it goes with the descriptor, however its holder ends. Two bases on one
 * byte: the second is not kept this time.
 * Returns a descriptor to close; -EAGAIN: another one is at it; -errno.
 */
static int lock_base(int folder, const struct base_identity *identity)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = openat(folder, LOCKS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint32_t byte;

	if (fd < 0)
		return -errno;
	memcpy(&byte, identity->digest, sizeof(byte));
	lock.l_start = (off_t)byte;
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return fd;
	/* A file system without locks: written twice, then. */
	if (errno != EAGAIN && errno != EACCES)
		return fd;
	close(fd);
	return -EAGAIN;
}

/* A file that goes with its descriptor until it is given its name. */
struct new_file {
	int fd;
	char partial[sizeof(PARTIAL_PREFIX) + 16]; /* "": it has no name */
};

/* False when another launcher took it for one that was left: just before it was locked. */
static bool hold(const struct new_file *file)
{
	struct stat st;

	/* A file system without locks: it has none for the others either. */
	if (flock(file->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return false;
	return fstat(file->fd, &st) == 0 && st.st_nlink;
}

/* Without a name; and where the file system cannot do that, as NFS and 9p, with one of its own. */
static int open_new(int folder, struct new_file *file)
{
	*file = (struct new_file){ .fd = -1 };
	file->fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	while (file->fd < 0) {
		uint64_t chance;

		if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
			return -EIO;
		snprintf(file->partial, sizeof(file->partial), PARTIAL_PREFIX "%016" PRIx64,
			 chance);
		file->fd =
			openat(folder, file->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (file->fd < 0)
			return -errno;
		if (!hold(file)) {
			close(file->fd);
			file->fd = -1;
		}
	}
	return 0;
}

void store_drop(const struct base_identity *identity)
{
	int folder = open_folder(false, NULL);
	char name[NAME_SIZE];

	if (folder < 0)
		return;
	name_of(identity, name);
	unlinkat(folder, name, 0);
	close(folder);
}

/* One that has come there meanwhile is as good. */
static int give_name(int folder, const struct new_file *file, const char *name)
{
	char unnamed[64];
	int ret;

	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", file->fd);
	if (!*file->partial)
		ret = linkat(AT_FDCWD, unnamed, folder, name, AT_SYMLINK_FOLLOW);
	else
		/* A network file system tells only then that a disk is full. */
		ret = fdatasync(file->fd) ? -1 : renameat(folder, file->partial, folder, name);
	return ret && errno != EEXIST ? -errno : 0;
}

static int write_new(int folder, const char *name, const struct base_identity *identity,
		     const struct base *base, int cancel_fd, struct error *err)
{
	struct new_file file;
	int ret = open_new(folder, &file);

	if (ret)
		return error_set(err, ret, "making a file: %s", strerror(-ret));
	ret = base_file_write(file.fd, identity, base, cancel_fd, err);
	if (!ret) {
		ret = give_name(folder, &file, name);
		if (ret)
			error_set(err, ret, "giving a file its name: %s", strerror(-ret));
	}
	if (ret && *file.partial)
		unlinkat(folder, file.partial, 0);
	close(file.fd);
	return ret;
}

static int save(int folder, const struct base_identity *identity, const struct base *base,
		int cancel_fd, struct error *err)
{
	uint64_t room = base_file_room(base);
	char name[NAME_SIZE];
	int lock, ret;

	if (room > (uint64_t)STORE_MAX_MIB << 20)
		return error_set(err, -EFBIG, "it takes %" PRIu64 " MiB, more than the %u in all",
				 room >> 20, STORE_MAX_MIB);
	lock = lock_base(folder, identity);
	if (lock == -EAGAIN)
		return 0;
	if (lock < 0)
		return error_set(err, lock, "making a file for locks: %s", strerror(-lock));
	name_of(identity, name);
	ret = faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
	if (ret == -ENOENT) {
		ret = make_room(folder, room);
		if (ret)
			error_set(err, ret, "making room: %s", strerror(-ret));
		else
			ret = write_new(folder, name, identity, base, cancel_fd, err);
	} else if (ret) {
		error_set(err, ret, "looking for it: %s", strerror(-ret));
	}
	close(lock);
	return ret;
}

int store_save(const struct base_identity *identity, const struct base *base, int cancel_fd,
	       struct error *err)
{
	int folder = open_folder(true, err), ret;

	if (folder == -ENODATA)
		return folder;
	if (folder < 0)
		return error_prefix(err, folder, "keeping a base");
	ret = save(folder, identity, base, cancel_fd, err);
	close(folder);
	return ret ? error_prefix(err, ret, "keeping a base in the cache folder") : 0;
}

/* --- listing and clearing ------------------------------------------------------------------------
 */

static void show_one(int folder, const struct file *file, cache_show_fn *show, void *data)
{
	struct cache_entry entry = { .disk_bytes = file->disk_bytes, .used = file->used.tv_sec };
	struct base base = { .ram_fd = -1 };
	int fd = open_base(folder, file->name), ret = fd;
	char *text = NULL;

	if (fd >= 0)
		ret = base_file_read(fd, NULL, &base, &text, NULL);
	/* Another launcher has removed it meanwhile. */
	if (ret == -ENOENT)
		return;
	entry.identity = text;
	entry.release = text ? base.facts.release : NULL;
	show(data, &entry);
	free(text);
	base_close(&base);
}

/* Returns a descriptor, with the list; -ENOENT: there is no folder yet; as store_list. */
static int open_list(struct files *files, struct error *err)
{
	int folder = open_folder(false, err), ret;

	*files = (struct files){ 0 };
	if (folder < 0)
		return folder;
	ret = find_files(folder, files);
	if (!ret)
		return folder;
	close(folder);
	return error_set(err, ret, "reading the folder of bases: %s", strerror(-ret));
}

int store_list(cache_show_fn *show, void *data, struct error *err)
{
	struct files files;
	int folder = open_list(&files, err);

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	for (size_t i = 0; i < files.count; i++)
		show_one(folder, &files.list[i], show, data);
	free(files.list);
	close(folder);
	return 0;
}

int store_clear(struct cache_cleared *cleared, struct error *err)
{
	struct files files;
	int folder = open_list(&files, err), ret = 0;

	*cleared = (struct cache_cleared){ 0 };
	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	for (size_t i = 0; i < files.count; i++) {
		if (unlinkat(folder, files.list[i].name, 0) == 0) {
			cleared->count++;
			cleared->disk_bytes += files.list[i].disk_bytes;
		} else if (errno != ENOENT) {
			ret = error_set(err, -errno, "removing the base '%s': %s",
					files.list[i].name, strerror(errno));
		}
	}
	free(files.list);
	close(folder);
	return ret;
}
