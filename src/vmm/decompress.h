/* What does a bzImage's payload decompress to? Private to the kernel_image module. */
#ifndef KTSTR_VMM_DECOMPRESS_H
#define KTSTR_VMM_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Largest kernel that is unpacked; stock ones are at 50 to 90 MiB. */
#define DECOMPRESS_MAX (512ull << 20)

/*
 * decompress_payload - a whole payload, whose last 4 bytes hold the size of what comes out.
 * @cancel_fd: as for cancel_check
 * @out: a fresh mapping of @out_size bytes, the caller's to munmap
 * Returns 0; -ENOTSUP naming the compression when it is not one of zstd, lz4, xz, gzip or none;
 * -ENOEXEC when the payload is damaged; -ENOMEM; -EINTR. Messages begin "kernel '@name'".
 */
int decompress_payload(const char *name, const uint8_t *payload, size_t size, int cancel_fd,
		       uint8_t **out, size_t *out_size, struct error *err);

#endif
