/* Where are the symbols that a distribution has split off a file? */
#ifndef KTSTR_SYMBOLIZE_DEBUG_FILE_H
#define KTSTR_SYMBOLIZE_DEBUG_FILE_H

#include <stddef.h>

/* SHA-1 makes 20 bytes, and nothing in use more than 32. */
#define BUILD_ID_MAX_BYTES 64
#define DEBUG_DIRS_MAX	   64

struct build_id {
	size_t size; /* 0: none */
	unsigned char bytes[BUILD_ID_MAX_BYTES];
};

struct debug_dirs {
	char *paths[DEBUG_DIRS_MAX];
	size_t count;
};

/*
 * debug_dirs_init - copies of @count @paths; with NULL the usual ones.
 * Returns 0 or -errno; -EINVAL for more than DEBUG_DIRS_MAX.
 */
int debug_dirs_init(struct debug_dirs *dirs, const char *const *paths, size_t count);
void debug_dirs_destroy(struct debug_dirs *dirs);

/*
 * debug_file_open - DIR/.build-id/xx/yyyy.debug in the first of @dirs that has it.
 * Returns a file descriptor or -ENOENT.
 */
int debug_file_open(const struct debug_dirs *dirs, const struct build_id *id);

#endif
