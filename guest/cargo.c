/* What has the host brought along? See cargo.h. */
#include "cargo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* Documentation/driver-api/early-userspace/buffer-format.rst, "newc". */
#define MAGIC	    "070701"
#define HEADER_SIZE 110u
#define FIELD_SIZE  8u
#define TRAILER	    "TRAILER!!!"

#define MIB	  UINT64_C(1048576)
/* What has to stay free, so that the kernel and the payload get on at all. */
#define KEEP_FREE (8 * MIB)

enum field { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJ, MIN, RMAJ, RMIN, NAMESIZE, CHKSUM };

struct archive {
	const uint8_t *bytes;
	uint64_t size, at;
	int root_fd;
	char *why;
	size_t why_size;
};

struct member {
	char path[PATH_MAX];
	mode_t mode;
	uint32_t mtime;
	uint32_t size;
	const uint8_t *body; /* in the archive */
};

static int bad(struct archive *archive, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct archive *archive, int code, const char *fmt, ...)
{
	int used = snprintf(archive->why, archive->why_size, "cargo: ");
	va_list args;

	va_start(args, fmt);
	vsnprintf(archive->why + used, archive->why_size - (size_t)used, fmt, args);
	va_end(args);
	return code;
}

static int failed(struct archive *archive, const struct member *member, const char *what)
{
	int code = -errno;

	return bad(archive, code, "%s '/%.160s': %s", what, member->path, strerror(-code));
}

/* The cargo lies beside the guest's memory, its files go into it: to its last page is a panic. */
static int check_free(struct archive *archive, const char *what, uint64_t size)
{
	uint64_t left = 0;
	struct sysinfo info;

	if (sysinfo(&info))
		return 0;
	if ((uint64_t)info.freeram * info.mem_unit > KEEP_FREE)
		left = (uint64_t)info.freeram * info.mem_unit - KEEP_FREE;
	if (size <= left)
		return 0;
	return bad(archive, -ENOMEM,
		   "%s takes %llu MiB, and of the guest's memory %llu MiB are free for it; include "
		   "less, or give it more with --memory",
		   what, (unsigned long long)(size + MIB - 1) / MIB,
		   (unsigned long long)left / MIB);
}

/* Eight hexadecimal digits; false: they are none. */
static bool parse_field(const char *header, enum field field, uint32_t *out)
{
	const char *text = header + sizeof(MAGIC) - 1 + field * FIELD_SIZE;

	*out = 0;
	for (size_t i = 0; i < FIELD_SIZE; i++) {
		unsigned int digit;

		if (text[i] >= '0' && text[i] <= '9')
			digit = (unsigned int)(text[i] - '0');
		else if (text[i] >= 'a' && text[i] <= 'f')
			digit = (unsigned int)(text[i] - 'a' + 10);
		else if (text[i] >= 'A' && text[i] <= 'F')
			digit = (unsigned int)(text[i] - 'A' + 10);
		else
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

/* Is it a path below the root, without a step up, or to where it is? */
static bool is_plain(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!length || (length == 1 && *path == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
		if (!*path)
			return true;
		path++;
	}
}

static uint64_t pad4(uint64_t size)
{
	return (size + 3) & ~UINT64_C(3);
}

/* The next member. 1: there is one; 0: the archive is at its end. */
static int next(struct archive *archive, struct member *member)
{
	uint64_t left = archive->size - archive->at, head;
	uint32_t mode, name_size;
	char header[HEADER_SIZE];

	if (left < sizeof(header))
		return bad(archive, -EINVAL, "it ends without a trailer, at byte %llu",
			   (unsigned long long)archive->at);
	memcpy(header, archive->bytes + archive->at, sizeof(header));
	if (memcmp(header, MAGIC, sizeof(MAGIC) - 1) || !parse_field(header, MODE, &mode) ||
	    !parse_field(header, MTIME, &member->mtime) ||
	    !parse_field(header, FILESIZE, &member->size) ||
	    !parse_field(header, NAMESIZE, &name_size))
		return bad(archive, -EINVAL, "no cpio header (\"newc\") at byte %llu",
			   (unsigned long long)archive->at);
	head = pad4(HEADER_SIZE + (uint64_t)name_size);
	if (name_size < 2 || name_size > sizeof(member->path) || head > left ||
	    pad4(member->size) > left - head)
		return bad(archive, -EINVAL,
			   "a name of %u bytes and a file of %u at byte %llu, where %llu are left",
			   name_size, member->size, (unsigned long long)archive->at,
			   (unsigned long long)left);
	memcpy(member->path, archive->bytes + archive->at + HEADER_SIZE, name_size);
	if (member->path[name_size - 1] || strlen(member->path) != name_size - 1)
		return bad(archive, -EINVAL, "a name without its end at byte %llu",
			   (unsigned long long)archive->at);
	member->mode = (mode_t)mode;
	member->body = archive->bytes + archive->at + head;
	archive->at += head + pad4(member->size);
	if (!strcmp(member->path, TRAILER))
		return 0;
	if (!is_plain(member->path))
		return bad(archive, -EINVAL, "the path '%.160s'", member->path);
	return 1;
}

static bool is_mounted_over(const char *path)
{
	static const char *const folders[] = { "dev", "proc", "sys" };
	size_t length = strcspn(path, "/");

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (length == strlen(folders[i]) && !strncmp(path, folders[i], length))
			return true;
	return false;
}

static int put_folder(struct archive *archive, const struct member *member)
{
	struct stat st;

	if (mkdirat(archive->root_fd, member->path, member->mode & 07777) == 0)
		return 0;
	if (errno == EEXIST && fstatat(archive->root_fd, member->path, &st, 0) == 0 &&
	    S_ISDIR(st.st_mode)) {
		if ((st.st_mode & 07777) == (member->mode & 07777) ||
		    fchmodat(archive->root_fd, member->path, member->mode & 07777, 0) == 0)
			return 0;
		return failed(archive, member, "setting the mode of");
	}
	if (unlinkat(archive->root_fd, member->path, 0) ||
	    mkdirat(archive->root_fd, member->path, member->mode & 07777))
		return failed(archive, member, "making the folder");
	return 0;
}

static int put_link(struct archive *archive, const struct member *member)
{
	char target[PATH_MAX], old[PATH_MAX];
	ssize_t count;

	if (!member->size || member->size >= sizeof(target))
		return bad(archive, -EINVAL, "link '/%.160s' with a target of %u bytes",
			   member->path, member->size);
	memcpy(target, member->body, member->size);
	target[member->size] = '\0';
	if (symlinkat(target, archive->root_fd, member->path) == 0)
		return 0;
	if (errno != EEXIST)
		return failed(archive, member, "making the link");
	count = readlinkat(archive->root_fd, member->path, old, sizeof(old));
	if (count == (ssize_t)strlen(target) && !memcmp(old, target, (size_t)count))
		return 0;
	if (unlinkat(archive->root_fd, member->path, 0) ||
	    symlinkat(target, archive->root_fd, member->path))
		return failed(archive, member, "making the link");
	return 0;
}

static int open_new(const struct archive *archive, const struct member *member)
{
	return openat(archive->root_fd, member->path,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, member->mode & 07777);
}

/* Straight from where the host put it: the one copy that there is. */
static int put_file(struct archive *archive, const struct member *member)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = member->mtime } };
	int fd = open_new(archive, member), ret = 0;

	if (fd < 0 && errno == EEXIST && unlinkat(archive->root_fd, member->path, 0) == 0)
		fd = open_new(archive, member);
	if (fd < 0)
		return failed(archive, member, "making the file");
	for (uint32_t done = 0; done < member->size;) {
		ssize_t count = write(fd, member->body + done, member->size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			errno = count ? errno : EIO;
			ret = failed(archive, member, "writing");
			break;
		}
		done += (uint32_t)count;
	}
	if (!ret && member->mtime)
		futimens(fd, times);
	close(fd);
	return ret;
}

static int put(struct archive *archive, const struct member *member)
{
	char name[128];
	int ret;

	if (is_mounted_over(member->path))
		return 0;
	/* Many small ones take much more than their bytes. */
	snprintf(name, sizeof(name), "'/%.100s'", member->path);
	ret = check_free(archive, name, member->size);
	if (ret)
		return ret;
	switch (member->mode & S_IFMT) {
	case S_IFDIR:
		return put_folder(archive, member);
	case S_IFLNK:
		return put_link(archive, member);
	case S_IFREG:
		return put_file(archive, member);
	default:
		return bad(archive, -EINVAL, "'/%.160s' is of the unknown mode %#o", member->path,
			   (unsigned int)member->mode);
	}
}

int cargo_unpack(int root_fd, const void *bytes, uint64_t size, char *why, size_t why_size)
{
	struct archive archive = {
		.bytes = bytes, .size = size, .root_fd = root_fd, .why = why, .why_size = why_size
	};
	static struct member member; /* large for a stack */
	int ret = check_free(&archive, "what is to be unpacked", size);
	mode_t mask;

	if (ret)
		return ret;
	mask = umask(0);
	do {
		ret = next(&archive, &member);
		if (ret > 0) {
			ret = put(&archive, &member);
			ret = ret ? ret : 1;
		}
	} while (ret > 0);
	umask(mask);
	return ret;
}

int cargo_take(uint64_t gpa, uint64_t size, char *why, size_t why_size)
{
	/* Without O_SYNC: with it the mapping would be uncached. */
	int mem = open("/dev/mem", O_RDONLY | O_CLOEXEC), root, ret;
	void *bytes = MAP_FAILED;

	if (mem >= 0) {
		bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, mem, (off_t)gpa);
		ret = -errno;
		close(mem);
	} else {
		ret = -errno;
	}
	if (bytes == MAP_FAILED) {
		snprintf(why, why_size,
			 "cannot map the cargo, %llu bytes at %#llx, through /dev/mem: %s",
			 (unsigned long long)size, (unsigned long long)gpa, strerror(-ret));
		return ret;
	}
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0) {
		ret = cargo_unpack(root, bytes, size, why, why_size);
		close(root);
	} else {
		ret = -errno;
		snprintf(why, why_size, "cannot open /: %s", strerror(-ret));
	}
	munmap(bytes, size);
	return ret;
}
