/*
 * Does a machine notice that its memory was damaged where it matters? Overwrites, in the file of a
 * base, all pages that are ones of this program, and prints how many. Arguments: the base, the
 * program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE	  4096
#define MAX_PAGES 256
/* What is before it in the file is the machine's state, and memory that the firmware would have. */
#define FROM	  (2 << 20)
#define CHUNK	  (1 << 20)

static char wanted[MAX_PAGES][PAGE];
static size_t wanted_count;

static _Noreturn void give_up(const char *what, const char *path)
{
	fprintf(stderr, "damage: %s '%s': %s\n", what, path, strerror(errno));
	exit(99);
}

static void read_program(const char *path)
{
	static const char zeros[PAGE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		give_up("opening", path);
	/* Its last page is not a whole one. */
	while (read(fd, wanted[wanted_count], PAGE) == PAGE) {
		if (!memcmp(wanted[wanted_count], zeros, PAGE))
			continue;
		if (++wanted_count == MAX_PAGES) {
			errno = EFBIG;
			give_up("reading", path);
		}
	}
	close(fd);
}

static bool is_wanted(const char *page)
{
	for (size_t i = 0; i < wanted_count; i++) {
		if (!memcmp(page, wanted[i], PAGE))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static char chunk[CHUNK], damaged[PAGE];
	off_t at = FROM, hole;
	size_t want, count = 0;
	int fd;

	if (argc != 3) {
		fputs("usage: damage BASE PROGRAM\n", stderr);
		return 99;
	}
	read_program(argv[2]);
	memset(damaged, 0xcc, sizeof(damaged));
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		give_up("opening", argv[1]);
	/* Most of it is a hole. */
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		hole = lseek(fd, at, SEEK_HOLE);
		for (; at < hole; at += (off_t)want) {
			want = hole - at < CHUNK ? (size_t)(hole - at) : CHUNK;
			if (pread(fd, chunk, want, at) != (ssize_t)want)
				give_up("reading", argv[1]);
			for (size_t page = 0; page + PAGE <= want; page += PAGE) {
				if (!is_wanted(chunk + page))
					continue;
				if (pwrite(fd, damaged, PAGE, at + (off_t)page) != PAGE)
					give_up("writing", argv[1]);
				count++;
			}
		}
	}
	if (errno != ENXIO)
		give_up("looking for data in", argv[1]);
	printf("%zu\n", count);
	return 0;
}
