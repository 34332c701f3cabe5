/*
 * How is a kernel unpacked only once? Unpacking a bzImage takes longer than all else before the
 * boot; the vmlinux in it is kept in $KTSTR_CACHE_DIR, else $XDG_CACHE_HOME/ktstr, else
 * ~/.cache/ktstr. Only an optimisation: where the cache cannot be read or written, the kernel is
 * unpacked, and nothing else differs. Of several launchers that want one kernel, one unpacks it and
 * the others wait. An entry that is found damaged is removed and made anew. KTSTR_CACHE_DIR set and
 * empty turns it off.
 */
#ifndef KTSTR_RUN_KERNEL_CACHE_H
#define KTSTR_RUN_KERNEL_CACHE_H

#include "util/cache_folder.h"
#include "util/error.h"
#include "vmm/kernel_image.h"

/* How many unpacked kernels are kept, some 50 MiB each; the one not used for longest goes
 * first. */
#define KERNEL_CACHE_ENTRIES 8

/*
 * kernel_cache_open - kernel_image_open and kernel_image_unpack, by way of the cache.
 * An image with a compression that we do not read comes back as the bzImage that it is. @out: owned
 * by the caller, kernel_image_close. @cancel_fd: as for cancel_check. Errors are those of the two
 * functions.
 */
int kernel_cache_open(const char *path, int cancel_fd, struct kernel_image **out,
		      struct error *err);

/* kernel_cache_list - hand each unpacked kernel over, in no order. */
void kernel_cache_list(cache_show_fn *show, void *data);

/*
 * kernel_cache_clear - remove all of them, and what launchers that were killed have left; who has
 * one open keeps it. Returns 0, or what unlink does, with a message.
 */
int kernel_cache_clear(struct cache_cleared *cleared, struct error *err);

#endif
