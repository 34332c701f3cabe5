/*
 * Can a kernel's package hurt us? The first byte chooses: the input is a package as a whole, the
 * cpio archive of an .rpm, the tar of a .deb, or the path of a member.
 */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/package_unpack.h"
#include "util/file.h"

/* Of one file that is written: an archive of a few bytes may hold a great many. */
#define MOST_BYTES (1u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/fuzz_kernel_package.XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	/* Nothing but plain files and folders is ever made. */
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		abort();
	return ftw->level ? remove(path) : 0;
}

static void remove_folder(void)
{
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct rlimit most = { MOST_BYTES, MOST_BYTES };

	(void)argc;
	(void)argv;
	if (!mkdtemp(folder) || atexit(remove_folder))
		abort();
	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &most);
}

static void put(int fd, const void *bytes, size_t size)
{
	if (file_write_all(fd, bytes, size))
		abort();
}

/* ar(5): name, time, owner, group, mode, size, and the end of the header. */
static void put_member(int fd, const char *name, const void *bytes, size_t size)
{
	char header[61];

	snprintf(header, sizeof(header), "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0644u,
		 size);
	put(fd, header, 60);
	put(fd, bytes, size);
	put(fd, "\n", size % 2);
}

/* The lead and two empty headers. */
static void put_rpm(int fd)
{
	uint8_t head[128] = { 0xed, 0xab, 0xee, 0xdb, 3 };

	memcpy(head + 96, "\x8e\xad\xe8\x01", 4);
	memcpy(head + 112, "\x8e\xad\xe8\x01", 4);
	put(fd, head, sizeof(head));
}

static void use_path(const uint8_t *data, size_t size)
{
	char *path = strndup((const char *)data, size), place[PATH_MAX];

	if (!path)
		abort();
	if (package_place(path, place) &&
	    (*place == '/' || !*place || strlen(place) > strlen(path) || strstr(place, "/../") ||
	     !strncmp(place, "../", 3)))
		abort();
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { "" };
	int kind, fd;

	if (size < 2 || size > MOST_BYTES / 2)
		return 0;
	kind = data[0] % 4;
	data++;
	size--;
	if (kind == 3) {
		use_path(data, size);
		return 0;
	}
	fd = memfd_create("package", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	if (kind == 1) {
		put_rpm(fd);
	} else if (kind == 2) {
		put(fd, "!<arch>\n", 8);
		put_member(fd, "debian-binary", "2.0\n", 4);
	}
	if (kind == 2)
		put_member(fd, "data.tar", data, size);
	else
		put(fd, data, size);
	lseek(fd, 0, SEEK_SET);
	if (package_unpack("package", fd, folder, &err) && !*err.text)
		abort();
	close(fd);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
