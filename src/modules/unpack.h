/* What is in a file that may be compressed? Kernel modules are packed with gzip, xz or zstd. */
#ifndef KTSTR_MODULES_UNPACK_H
#define KTSTR_MODULES_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* The largest module, packed or not; one with all its debug information has some 100 MiB. */
#define UNPACK_MAX (512u << 20)

/*
 * unpack_file - the file's bytes, unpacked when they begin as gzip, xz or zstd do. @data: the
 * caller's, free(). Returns 0; what open and read return; -EFBIG over UNPACK_MAX; -ENOEXEC when it
 * is damaged; -ENOMEM. Messages name the file.
 */
int unpack_file(const char *path, uint8_t **data, size_t *size, struct error *err);

/* unpack_memory - the same of bytes that stay the caller's. @path: for messages */
int unpack_memory(const char *path, const uint8_t *packed, size_t packed_size, uint8_t **data,
		  size_t *size, struct error *err);

#endif
