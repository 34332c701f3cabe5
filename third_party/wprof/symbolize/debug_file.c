/* Where are the symbols that a distribution has split off a file? See debug_file.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "debug_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_file.h"

static const char *const usual[] = { "/usr/lib/debug", "/lib/debug" };

int debug_dirs_init(struct debug_dirs *dirs, const char *const *paths, size_t count)
{
	dirs->count = 0;
	if (!paths) {
		paths = usual;
		count = sizeof(usual) / sizeof(usual[0]);
	}
	if (count > DEBUG_DIRS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		dirs->paths[i] = strdup(paths[i] ? paths[i] : "");
		if (!dirs->paths[i]) {
			debug_dirs_destroy(dirs);
			return -ENOMEM;
		}
		dirs->count++;
	}
	return 0;
}

void debug_dirs_destroy(struct debug_dirs *dirs)
{
	while (dirs->count)
		free(dirs->paths[--dirs->count]);
}

int debug_file_open(const struct debug_dirs *dirs, const struct build_id *id)
{
	char hex[2 * BUILD_ID_MAX_BYTES + 1];
	char *path;
	int fd = -ENOENT;

	if (id->size < 2)
		return -ENOENT;
	for (size_t i = 0; i < id->size; i++)
		snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
	for (size_t i = 0; i < dirs->count && fd < 0; i++) {
		if (asprintf(&path, "%s/.build-id/%.2s/%s.debug", dirs->paths[i], hex, hex + 2) < 0)
			return -ENOMEM;
		fd = regular_open(path);
		free(path);
	}
	return fd < 0 ? -ENOENT : fd;
}
