/*
 * What is in a kernel file, and how does it get into guest memory? bzImage (64-bit boot protocol)
 * and uncompressed vmlinux ELF. The file is hostile until proven otherwise: every offset is
 * checked.
 */
#ifndef KTSTR_VMM_KERNEL_IMAGE_H
#define KTSTR_VMM_KERNEL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"
#include "vmm/memory.h"

struct kernel_image;

/* Where the boot processor starts, and what the zero page must carry. */
struct kernel_entry {
	uint64_t rip;
	uint64_t end;		    /* first guest-physical byte that the kernel does not claim */
	uint64_t initrd_max;	    /* highest address of the initramfs' last byte */
	uint8_t setup_header[256];  /* struct setup_header as the file has it, zero-padded */
	uint32_t setup_header_size; /* 0 for an ELF image: the caller makes one up */
};

/*
 * kernel_image_open - read and validate a kernel. @out: owned by the caller, kernel_image_close.
 * Errors: -ENOENT and the like from open, -ENOEXEC for what is no kernel, is truncated, or is for
 * 32-bit machines only; each message names the file, what was expected where, and what to give.
 */
int kernel_image_open(const char *path, struct kernel_image **out, struct error *err);

/* The same from memory, which the caller keeps until kernel_image_close (fuzzing, tests). */
int kernel_image_from_memory(const char *name, const void *data, size_t size,
			     struct kernel_image **out, struct error *err);

/*
 * kernel_image_unpack - turn a bzImage into the vmlinux that it carries, here on the host, which
 * saves the guest its decompression; KASLR is lost by it. The bytes of the file are let go, its
 * setup header and release stay. A vmlinux is left as it is. Returns 0, or -ENOTSUP naming the
 * compression when it is one that we do not read (the caller may boot the bzImage as it is),
 * -ENOEXEC when the payload is damaged, -EINTR (@cancel_fd: as for cancel_check).
 */
int kernel_image_unpack(struct kernel_image *image, int cancel_fd, struct error *err);

/* "6.12.9-cloud-amd64"; "" where the image does not tell. */
const char *kernel_image_release(struct kernel_image *image);

/* True for a bzImage that has not been unpacked. */
bool kernel_image_is_bzimage(const struct kernel_image *image);

/* What messages call it from now on. Returns 0 or -ENOMEM. */
int kernel_image_set_name(struct kernel_image *image, const char *name);

/* The bytes of an image that was unpacked; they stay the image's. */
const void *kernel_image_bytes(const struct kernel_image *image, size_t *size);

/* First guest-physical byte above all that the kernel needs in order to start. */
uint64_t kernel_image_end(const struct kernel_image *image);

/*
 * kernel_image_load - copy it to where it belongs. RAM must be fresh: what a vmlinux wants zero is
 * not written. -ENOSPC when RAM is too small for it.
 */
int kernel_image_load(const struct kernel_image *image, const struct guest_memory *memory,
		      struct kernel_entry *entry, struct error *err);

void kernel_image_close(struct kernel_image *image); /* NULL is fine */

#endif
