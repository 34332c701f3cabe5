/* What does a bzImage's setup header say? Private to the kernel_image module. */
#ifndef KTSTR_VMM_BZIMAGE_H
#define KTSTR_VMM_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Longest release kept, with its NUL: that of struct new_utsname. */
#define KERNEL_RELEASE_SIZE 65

/* All of it checked against the file's size; file offsets and sizes in bytes. */
struct bzimage {
	size_t kernel_offset; /* the protected-mode part: what goes into guest memory */
	size_t kernel_size;
	size_t payload_offset; /* the compressed vmlinux in it, to be decompressed; size 0: none */
	size_t payload_size;
	uint64_t load;	     /* guest-physical address */
	uint64_t end;	     /* first guest-physical byte that its start-up does not need */
	uint64_t initrd_max; /* highest address of the initramfs' last byte */
	uint8_t setup_header[256];
	uint32_t setup_header_size;
	char release[KERNEL_RELEASE_SIZE];
};

/* True when @data has the magic number "HdrS" at its place. */
bool bzimage_probe(const uint8_t *data, size_t size);

/* bzimage_parse - -ENOEXEC with a message, which begins "kernel '@name'", for what cannot be
 * booted. */
int bzimage_parse(const char *name, const uint8_t *data, size_t size, struct bzimage *out,
		  struct error *err);

#endif
