/*
 * What does init's unpacker make of a cargo that nobody packed? The first byte chooses: the archive
 * as the input has it, or one put together of the members that it describes, whole or with some of
 * its bytes changed. Each is unpacked over the same few files. Whatever is in it, it is taken or
 * refused with one line, nothing is written by a path that leads out, or through a link at the end
 * of one, and nothing stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/cpio_sample.h"

/* Below it is "root", where the cargo goes, and beside that a file that must stay as it is. */
static char dir[64];
static int dir_fd, inside_fd;

/* No step up, no absolute path. Else it ends here, before anything is written. */
static void must_be_inside(int fd, const char *path)
{
	if (fd != inside_fd || !*path || *path == '/')
		abort();
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			abort();
	}
}

static int open_inside(int fd, const char *path, int flags, mode_t mode)
{
	must_be_inside(fd, path);
	return openat(fd, path, flags, mode);
}

/* One that its owner can empty again. */
static int mkdir_inside(int fd, const char *path, mode_t mode)
{
	must_be_inside(fd, path);
	return mkdirat(fd, path, mode | 0700);
}

static int chmod_inside(int fd, const char *path, mode_t mode, int flags)
{
	must_be_inside(fd, path);
	return fchmodat(fd, path, mode | 0700, flags);
}

static int unlink_inside(int fd, const char *path, int flags)
{
	must_be_inside(fd, path);
	return unlinkat(fd, path, flags);
}

/* A link may lead anywhere, and in the guest the way through one is no way out: here it would be.
 */
static int symlink_inside(const char *target, int fd, const char *path)
{
	must_be_inside(fd, path);
	if (*target == '/' || strstr(target, ".."))
		target = "nowhere";
	return symlinkat(target, fd, path);
}

#define openat	  open_inside
#define mkdirat	  mkdir_inside
#define fchmodat  chmod_inside
#define unlinkat  unlink_inside
#define symlinkat symlink_inside
#include "../../guest/cargo.c"
#undef openat
#undef mkdirat
#undef fchmodat
#undef unlinkat
#undef symlinkat

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_away(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	if (at->level && remove(path))
		abort();
	return 0;
}

static void clean_up(void)
{
	nftw(dir, take_away, 16, FTW_DEPTH | FTW_PHYS);
	rmdir(dir);
}

static void make_file(const char *path, const char *text)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void make_folders(void)
{
	strcpy(dir, "/dev/shm/fuzz-cargo.XXXXXX");
	if (!mkdtemp(dir) || atexit(clean_up))
		abort();
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(dir_fd, "root", 0755))
		abort();
	inside_fd = openat(dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (inside_fd < 0)
		abort();
	make_file("stays", "stays");
}

/* What the initramfs has brought: a file, a folder, and a link to each. */
static void fill_root(void)
{
	make_file("root/f", "file");
	if (mkdirat(inside_fd, "d", 0755) || symlinkat("d", inside_fd, "e") ||
	    symlinkat("../stays", inside_fd, "l"))
		abort();
}

static void check_outside(void)
{
	char text[16] = "";
	int fd = openat(dir_fd, "stays", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 || strcmp(text, "stays") ||
	    fstat(fd, &st) || (st.st_mode & 07777) != 0640)
		abort();
	close(fd);
}

static void empty_root(void)
{
	char path[sizeof(dir) + 8];

	snprintf(path, sizeof(path), "%s/root", dir);
	if (nftw(path, take_away, 16, FTW_DEPTH | FTW_PHYS))
		abort();
}

static void unpack(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	int next_fd = dup(inside_fd), ret;
	char why[64] = "";

	close(next_fd);
	if (!exact)
		return;
	memcpy(exact, bytes, size);
	fill_root();
	ret = cargo_unpack(inside_fd, exact, size, why, sizeof(why));
	if (ret > 0 || !ret != !*why || (ret && strncmp(why, "cargo: ", 7)) ||
	    !memchr(why, '\0', sizeof(why)))
		abort();
	if (!ret && !memmem(exact, size, TRAILER, sizeof(TRAILER)))
		abort();
	if (dup(inside_fd) != next_fd)
		abort();
	close(next_fd);
	check_outside();
	empty_root();
	free(exact);
}

/* Of the input's next bytes a text, for which few letters are enough. */
static void take_text(const uint8_t **data, size_t *size, char *text, size_t count)
{
	static const char letters[16] = "fdelnx.././//dev";

	for (; count && *size; count--, ++*data, --*size)
		*text++ = letters[**data % sizeof(letters)];
	*text = '\0';
}

/* Each member: kind and mode, the lengths of its name and of its body, then both. */
static void put_members(struct cpio_sample *cargo, const uint8_t *data, size_t size)
{
	static const mode_t kinds[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFREG,
					S_IFDIR, S_IFLNK, S_IFREG, S_IFCHR };

	while (size >= 3 && cargo->size < CPIO_SAMPLE_MAX - 1024) {
		mode_t kind = kinds[data[0] % 8], mode = (mode_t)data[0] / 8 << 4;
		size_t name_size = data[1] % 12, body_size = data[2];
		char name[12], body[256];

		data += 3;
		size -= 3;
		take_text(&data, &size, name, name_size);
		if (kind == S_IFLNK) {
			take_text(&data, &size, body, body_size % 16);
			cpio_put(cargo, kind | 0777, 0, name, body, strlen(body));
			continue;
		}
		body_size = body_size < size ? body_size : size;
		cpio_put(cargo, kind | mode, (uint32_t)body_size, name, data, body_size);
		data += body_size;
		size -= body_size;
	}
	cpio_end(cargo);
}

/* Three bytes each: where, and what is there now. */
static void damage(struct cpio_sample *cargo, const uint8_t *data, size_t size)
{
	for (; size >= 3; data += 3, size -= 3)
		cargo->bytes[(size_t)(data[0] | data[1] << 8) % cargo->size] = data[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cpio_sample cargo;
	size_t changes = 0;

	if (!*dir)
		make_folders();
	if (!size)
		return 0;
	if (data[0] & 1) {
		unpack(data + 1, size - 1);
		return 0;
	}
	if (data[0] & 2)
		changes = 3 * (size_t)(data[0] >> 2 & 7) < size ? 3 * (data[0] >> 2 & 7) : 0;
	cargo.size = 0;
	put_members(&cargo, data + 1 + changes, size - 1 - changes);
	damage(&cargo, data + 1, changes);
	unpack(cargo.bytes, cargo.size);
	return 0;
}
