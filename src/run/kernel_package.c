/* How does one boot a kernel that comes as a package? See kernel_package.h. */
#include "run/kernel_package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/package_unpack.h"
#include "util/cache_folder.h"

/* One that is being made; whoever has the lock may remove those of others. */
#define UNFINISHED ".new-"

bool kernel_is_package(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[64];
	ssize_t count = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;

	if (fd >= 0)
		close(fd);
	return count > 0 && package_is_one(head, (size_t)count);
}

/* The folder of all of them, made when missing: what others can write to, they could fill. */
static int open_folder(const char *package, char folder[PATH_MAX], int *fd, struct error *err)
{
	char cache[PATH_MAX];
	struct stat st;
	int ret = cache_folder(cache);

	if (ret)
		return error_set(err, -ENOTSUP,
				 "kernel package '%s': there is no cache to unpack it into; set "
				 "KTSTR_CACHE_DIR to a folder, or unpack it and give the image",
				 package);
	if (snprintf(folder, PATH_MAX, "%s/packages", cache) >= PATH_MAX - NAME_MAX)
		return error_set(err, -ENAMETOOLONG, "cache folder '%s': its path is too long",
				 cache);
	ret = cache_folder_make(cache, err);
	if (!ret)
		ret = cache_folder_make(folder, err);
	if (ret)
		return error_prefix(err, ret, "kernel package '%s'", package);
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return error_set(err, -errno, "cache folder '%s': %s", folder, strerror(errno));
	if (!fstat(*fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	close(*fd);
	return error_set(
		err, -EPERM,
		"cache folder '%s': it is not yours alone to write to; set KTSTR_CACHE_DIR "
		"to one that is",
		folder);
}

static int digest_of(const char *path, int fd, char hex[2 * SHA256_DIGEST_SIZE + 1],
		     struct error *err)
{
	uint8_t block[64 * 1024], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	ssize_t count;

	sha256_init(&context);
	while ((count = read(fd, block, sizeof(block))) > 0)
		sha256_update(&context, (size_t)count, block);
	if (count < 0)
		return error_set(err, -errno, "kernel package '%s': %s", path, strerror(errno));
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The lock of one that is in use; goes with the descriptor. -1: no such folder. */
static int lock_entry(const char *path, int how)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || !flock(fd, how | LOCK_NB) || errno != EWOULDBLOCK)
		return fd;
	close(fd);
	return -1;
}

/* By another launcher, or by this one: a suite may have more packages than are kept. */
static bool is_in_use(const char *path)
{
	int fd = lock_entry(path, LOCK_EX);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

/*
 * Of those that are not finished nothing is kept, of the others the ones that are in use and those
 * that were used last.
 */
static void make_room(const char *folder)
{
	for (;;) {
		char oldest[2 * PATH_MAX] = "", path[2 * PATH_MAX];
		struct timespec oldest_time = { 0 };
		DIR *dir = opendir(folder);
		struct dirent *entry;
		size_t count = 0;

		while (dir && (entry = readdir(dir))) {
			struct stat st;

			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			if (!strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED)))
				remove_tree(path);
			if (entry->d_name[0] == '.' || stat(path, &st))
				continue;
			count++;
			if (is_in_use(path))
				continue;
			if (*oldest && (st.st_mtim.tv_sec > oldest_time.tv_sec ||
					(st.st_mtim.tv_sec == oldest_time.tv_sec &&
					 st.st_mtim.tv_nsec >= oldest_time.tv_nsec)))
				continue;
			strcpy(oldest, path);
			oldest_time = st.st_mtim;
		}
		if (dir)
			closedir(dir);
		if (count < KERNEL_PACKAGE_ENTRIES || !*oldest)
			return;
		remove_tree(oldest);
		if (!access(oldest, F_OK))
			return;
	}
}

/*
 * A package leaves modules.dep to its installation. Without the program, or where it fails, there
 * is none, and who wants modules says so.
 */
static void run_depmod(const char *folder)
{
	static const char *const programs[] = { "/usr/sbin/depmod", "/sbin/depmod",
						"/usr/bin/depmod" };
	char modules[2 * PATH_MAX + sizeof("/lib/modules")];
	posix_spawn_file_actions_t actions;
	struct dirent *entry;
	DIR *dir;

	snprintf(modules, sizeof(modules), "%s/lib/modules", folder);
	dir = opendir(modules);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	while (dir && (entry = readdir(dir))) {
		char *const argv[] = { "depmod", "-b", (char *)folder, entry->d_name, NULL };
		char *const environment[] = { NULL };
		pid_t pid;

		if (entry->d_name[0] == '.')
			continue;
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
			if (posix_spawn(&pid, programs[i], &actions, NULL, argv, environment))
				continue;
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		}
	}
	if (dir)
		closedir(dir);
	posix_spawn_file_actions_destroy(&actions);
}

/* Whole under its name or not at all: what is there already is another launcher's, and as good. */
static int make_entry(const char *package, int fd, const char *folder, int folder_fd,
		      const char *entry, struct error *err)
{
	char unfinished[2 * PATH_MAX];
	int ret;

	snprintf(unfinished, sizeof(unfinished), "%s/" UNFINISHED "XXXXXX", folder);
	if (!mkdtemp(unfinished))
		return error_set(err, -errno, "a folder in '%s': %s", folder, strerror(errno));
	if (lseek(fd, 0, SEEK_SET) < 0)
		ret = error_set(err, -errno, "kernel package '%s': %s", package, strerror(errno));
	else
		ret = package_unpack(package, fd, unfinished, err);
	if (!ret) {
		run_depmod(unfinished);
		syncfs(folder_fd);
		if (rename(unfinished, entry))
			ret = error_set(err, -errno, "naming '%s': %s", entry, strerror(errno));
	}
	if (ret)
		remove_tree(unfinished);
	return ret;
}

int kernel_package_unpack(const struct kernel_source *source, const char *path, char **image,
			  struct error *err)
{
	char folder[PATH_MAX], entry[PATH_MAX + NAME_MAX], hex[2 * SHA256_DIGEST_SIZE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), folder_fd = -1, ret;

	*image = NULL;
	if (fd < 0)
		return error_set(err, -errno, "kernel package '%s': %s", path, strerror(errno));
	ret = open_folder(path, folder, &folder_fd, err);
	if (ret)
		goto out_fd;
	ret = digest_of(path, fd, hex, err);
	if (ret)
		goto out;
	snprintf(entry, sizeof(entry), "%s/%s", folder, hex);
	if (asprintf(image, "%s/vmlinuz", entry) < 0) {
		*image = NULL;
		ret = error_set(err, -ENOMEM, "out of memory");
		goto out;
	}
	/* One launcher at a time; the others find what it made. It goes with the descriptor. */
	while (flock(folder_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	if (access(*image, R_OK)) {
		char line[PATH_MAX + 64];

		snprintf(line, sizeof(line), "unpacking the kernel package %s, once", path);
		if (source->say)
			source->say(source->say_data, line);
		remove_tree(entry);
		make_room(folder);
		ret = make_entry(path, fd, folder, folder_fd, entry, err);
	}
	/* Kept by use, and by a descriptor that stays open until this process and its own end. */
	if (!ret) {
		utimensat(AT_FDCWD, entry, NULL, 0);
		(void)lock_entry(entry, LOCK_SH);
	}
	if (ret) {
		free(*image);
		*image = NULL;
	}
out:
	close(folder_fd);
out_fd:
	close(fd);
	return ret;
}

/* Nothing is made. False: no folder, or not only ours. @fd: of it, owned by the caller. */
static bool look_into(char folder[PATH_MAX], int *fd)
{
	char cache[PATH_MAX];
	struct stat st;

	if (cache_folder(cache) ||
	    snprintf(folder, PATH_MAX, "%s/packages", cache) >= PATH_MAX - NAME_MAX)
		return false;
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return false;
	if (!fstat(*fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return true;
	close(*fd);
	return false;
}

static uint64_t tree_bytes(const char *path)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	uint64_t bytes = 0;
	FTSENT *entry;

	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS)
			bytes += (uint64_t)entry->fts_statp->st_blocks * 512;
	if (tree)
		fts_close(tree);
	return bytes;
}

/* Of its modules; "" where it has none. */
static void release_of(const char *path, char release[NAME_MAX + 1])
{
	char modules[2 * PATH_MAX + sizeof("/lib/modules")];
	struct dirent *entry;
	DIR *dir;

	*release = '\0';
	snprintf(modules, sizeof(modules), "%s/lib/modules", path);
	dir = opendir(modules);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(release, NAME_MAX + 1, "%s", entry->d_name);
	if (dir)
		closedir(dir);
}

void kernel_package_list(cache_show_fn *show, void *data)
{
	char folder[PATH_MAX], path[2 * PATH_MAX], release[NAME_MAX + 1];
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (!look_into(folder, &fd))
		return;
	dir = fdopendir(fd);
	while (dir && (entry = readdir(dir))) {
		struct cache_entry package = { .release = release };
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || lstat(path, &st))
			continue;
		release_of(path, release);
		package.used = st.st_mtim.tv_sec;
		package.disk_bytes = tree_bytes(path);
		show(data, &package);
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

int kernel_package_clear(struct cache_cleared *cleared, struct error *err)
{
	char folder[PATH_MAX], path[2 * PATH_MAX];
	struct dirent *entry;
	int fd, ret = 0;
	DIR *dir;

	*cleared = (struct cache_cleared){ 0 };
	if (!look_into(folder, &fd))
		return 0;
	/* As those who unpack one: what they have not finished has no lock of its own. */
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		bool unfinished = !strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED));
		uint64_t bytes;

		if (entry->d_name[0] == '.' && !unfinished)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!unfinished && is_in_use(path)) {
			cleared->kept++;
			continue;
		}
		bytes = tree_bytes(path);
		remove_tree(path);
		if (access(path, F_OK) == 0) {
			ret = error_set(err, -EBUSY, "'%s' cannot be removed as a whole", path);
			continue;
		}
		cleared->count += !unfinished;
		cleared->disk_bytes += bytes;
	}
	if (dir)
		closedir(dir);
	close(fd);
	return ret;
}
