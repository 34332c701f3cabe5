/* Which file of a process does an address lie in? See maps.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read_file.h"
#include "scan.h"

/* The kernel marks with it what has no name any longer. */
#define DELETED " (deleted)"

static bool cut_deleted(char *name)
{
	size_t length = strlen(name), end = strlen(DELETED);

	if (*name != '/' || length <= end || strcmp(name + length - end, DELETED) != 0)
		return false;
	name[length - end] = '\0';
	return true;
}

/* "start-end perms offset device inode", blanks, and the name if there is one. */
static bool parse_line(char *line, struct mapping *m)
{
	const char *at = line;

	if (!scan_hex(&at, '-', &m->start) || !scan_hex(&at, ' ', &m->end) || m->start >= m->end)
		return false;
	if (strcspn(at, " ") != 4)
		return false;
	m->executable = at[2] == 'x';
	at += strcspn(at, " ");
	at += *at == ' ';
	if (!scan_hex(&at, ' ', &m->offset))
		return false;
	at += strcspn(at, " "); /* the device */
	at += strspn(at, " ");
	at += strcspn(at, " "); /* the inode */
	at += strspn(at, " ");
	m->name = at;
	m->deleted = cut_deleted(line + (at - line));
	return true;
}

static int compare(const void *pa, const void *pb)
{
	const struct mapping *a = pa, *b = pb;

	return (a->start > b->start) - (a->start < b->start);
}

int process_maps_parse(char *text, size_t size, struct process_maps **out)
{
	struct process_maps *maps = calloc(1, sizeof(*maps));
	size_t lines = 0;
	char *line, *end;

	for (const char *c = text; c < text + size; c++)
		lines += *c == '\n';
	if (maps) {
		maps->text = text;
		maps->mappings = calloc(lines + 1, sizeof(*maps->mappings));
	}
	if (!maps || !maps->mappings) {
		free(maps);
		free(text);
		return -ENOMEM;
	}
	for (line = text; (end = memchr(line, '\n', size - (size_t)(line - text)));
	     line = end + 1) {
		*end = '\0';
		if (parse_line(line, &maps->mappings[maps->count]))
			maps->count++;
	}
	/* The kernel's are. */
	qsort(maps->mappings, maps->count, sizeof(*maps->mappings), compare);
	*out = maps;
	return 0;
}

int process_maps_read(uint32_t pid, struct process_maps **out)
{
	char proc[sizeof((*out)->proc)], path[40];
	struct process_maps *maps;
	size_t size;
	char *text;
	int fd, ret;

	if (pid)
		snprintf(proc, sizeof(proc), "/proc/%" PRIu32, pid);
	else
		snprintf(proc, sizeof(proc), "/proc/self");
	snprintf(path, sizeof(path), "%s/maps", proc);
	fd = regular_open(path);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	ret = read_whole(fd, MAPS_MAX_BYTES, &text, &size);
	close(fd);
	if (ret)
		return ret;
	ret = process_maps_parse(text, size, &maps);
	if (ret)
		return ret;
	if (!maps->count) {
		process_maps_free(maps);
		return -ESRCH;
	}
	memcpy(maps->proc, proc, sizeof(proc));
	*out = maps;
	return 0;
}

void process_maps_free(struct process_maps *maps)
{
	if (!maps)
		return;
	free(maps->mappings);
	free(maps->text);
	free(maps);
}

const struct mapping *process_maps_find(const struct process_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->mappings[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < maps->mappings[low - 1].end ? &maps->mappings[low - 1] : NULL;
}

int process_maps_open(const struct process_maps *maps, const struct mapping *m, bool no_map_files)
{
	char path[96];
	int fd;

	if (!no_map_files) {
		snprintf(path, sizeof(path), "%s/map_files/%" PRIx64 "-%" PRIx64, maps->proc,
			 m->start, m->end);
		fd = regular_open(path);
		if (fd >= 0)
			return fd;
	}
	/* There may be another one by now. */
	if (m->deleted)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/root", maps->proc);
	return regular_open_in(path, m->name);
}

static int read_memory(const char *proc, const struct mapping *m, void **image, size_t *size)
{
	size_t bytes = m->end - m->start;
	char path[40];
	ssize_t n;
	int fd;

	if (bytes > VDSO_MAX_BYTES)
		return -EFBIG;
	snprintf(path, sizeof(path), "%s/mem", proc);
	fd = regular_open(path);
	if (fd < 0)
		return fd;
	*image = malloc(bytes);
	n = *image ? pread(fd, *image, bytes, (off_t)m->start) : -1;
	if (n > 0) {
		*size = (size_t)n;
		n = 0;
	} else {
		n = n ? -errno : -EIO;
		free(*image);
	}
	close(fd);
	return (int)n;
}

int process_maps_vdso(const struct process_maps *maps, const struct mapping *m, void **image,
		      size_t *size)
{
	int ret = read_memory(maps->proc, m, image, size);
	struct process_maps *own;

	/* A process of a 32-bit program has another vDSO than we. */
	if (!ret || m->end <= UINT32_MAX)
		return ret;
	ret = process_maps_read(0, &own);
	if (ret)
		return ret;
	ret = -ENOENT;
	for (size_t i = 0; i < own->count && ret == -ENOENT; i++)
		if (!strcmp(own->mappings[i].name, "[vdso]"))
			ret = read_memory(own->proc, &own->mappings[i], image, size);
	process_maps_free(own);
	return ret;
}
