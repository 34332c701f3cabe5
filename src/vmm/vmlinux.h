/* What is in an uncompressed kernel, an ELF file? Private to the kernel_image module. */
#ifndef KTSTR_VMM_VMLINUX_H
#define KTSTR_VMM_VMLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Stock kernels have four or five program headers. */
#define VMLINUX_MAX_SEGMENTS 16

struct vmlinux_segment {
	size_t offset; /* in the file */
	size_t file_size;
	uint64_t gpa;
	uint64_t memory_size; /* at least file_size; the rest is zero */
};

struct vmlinux {
	uint64_t entry; /* guest-physical */
	uint64_t end;	/* first guest-physical byte above all segments */
	size_t nr_segments;
	struct vmlinux_segment segments[VMLINUX_MAX_SEGMENTS];
};

/* True when @data begins as an ELF file. */
bool vmlinux_probe(const uint8_t *data, size_t size);

/*
 * vmlinux_loaded_size - how much of the file its segments reach over, seen from its first bytes:
 * with debug information most of the file lies behind that. @file_size when @head does not tell.
 */
uint64_t vmlinux_loaded_size(const uint8_t *head, size_t head_size, uint64_t file_size);

/* True when the ELF header and all program headers lie within @head: then vmlinux_parse looks at no
 * byte behind it. */
bool vmlinux_headers_in(const uint8_t *head, size_t head_size);

/* vmlinux_parse - -ENOEXEC with a message, which begins "kernel '@name'", for what cannot be
 * booted. */
int vmlinux_parse(const char *name, const uint8_t *data, size_t size, struct vmlinux *out,
		  struct error *err);

/* vmlinux_release - from the banner "Linux version ..." in the segments; "" when there is none. */
void vmlinux_release(const struct vmlinux *vmlinux, const uint8_t *data, char *out,
		     size_t out_size);

#endif
