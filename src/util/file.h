/* How is a file written so that nothing of the user's is ever overwritten? */
#ifndef KTSTR_UTIL_FILE_H
#define KTSTR_UTIL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

/*
 * file_create - open @path, which must not be there, for writing.
 * Returns a descriptor, closed on exec, or -EEXIST and what open returns, with the path.
 */
int file_create(const char *path, mode_t mode, struct error *err);

/*
 * file_write_new - create @path, which must not be there, with these bytes.
 * Returns 0; -EEXIST and what open and write return, with the path in the message; on a write error
 * the file is removed again.
 */
int file_write_new(const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* file_write_all - all of @data to @fd, through short writes and EINTR. Returns 0 or -errno. */
int file_write_all(int fd, const void *data, size_t size);

/* file_write_at - the same from @at on. */
int file_write_at(int fd, const void *data, size_t size, uint64_t at);

/* file_make_dirs - mkdir -p. Returns 0, or -errno with the folder that could not be made. */
int file_make_dirs(const char *path, struct error *err);

#endif
