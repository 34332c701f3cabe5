/*
 * How does one boot a kernel that comes as a package? A .deb or .rpm is unpacked on the host, once,
 * into a folder of the cache that is named after the package's SHA-256: vmlinuz, config, and
 * lib/modules/RELEASE with what depmod makes, where that program is there.
 */
#ifndef KTSTR_RUN_KERNEL_PACKAGE_H
#define KTSTR_RUN_KERNEL_PACKAGE_H

#include <stdbool.h>

#include "run/kernel_find.h"
#include "util/cache_folder.h"
#include "util/error.h"

/*
 * How many unpacked packages are kept, and as many more as are in use; the one that was not used
 * for the longest time goes first.
 */
#define KERNEL_PACKAGE_ENTRIES 4

/* kernel_is_package - does the file begin as a package of Debian's or Red Hat's kind? */
bool kernel_is_package(const char *path);

/*
 * kernel_package_unpack - the image in the package @path, which is hostile: only an image, a
 * configuration and modules are taken, plain files alone, to places below the cache's folder, and
 * no more of them than any kernel has. It stays where it is until this process and those that it
 * forked have ended: a descriptor is left open for that. @image: owned by the caller
 * Returns 0; -ENOENT: there is no image in it, or more than one; -ENOTSUP: the cache is turned off;
 * -EFBIG; -EBADMSG: it is damaged; what reading and writing files says.
 */
int kernel_package_unpack(const struct kernel_source *source, const char *path, char **image,
			  struct error *err);

/* kernel_package_list - hand each unpacked package over, in no order. */
void kernel_package_list(cache_show_fn *show, void *data);

/*
 * kernel_package_clear - remove all that are not in use, and what launchers that were killed have
 * left. Returns 0, or -EBUSY when one could not be removed as a whole, with a message.
 */
int kernel_package_clear(struct cache_cleared *cleared, struct error *err);

#endif
