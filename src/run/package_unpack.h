/*
 * What of a kernel's package is of use here, and where does it go? Reads .deb (ar, with a tar in
 * it) and .rpm (a cpio archive) through libarchive. Knows nothing of caches.
 */
#ifndef KTSTR_RUN_PACKAGE_UNPACK_H
#define KTSTR_RUN_PACKAGE_UNPACK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* More than any kernel's package has: entries, and bytes once they are unpacked. */
#define PACKAGE_MAX_ENTRIES 200000
#define PACKAGE_MAX_BYTES   (4ull << 30)

/* package_is_one - are these the first bytes of a .deb or an .rpm? */
bool package_is_one(const void *bytes, size_t size);

/*
 * package_place - where the member @path (hostile) of a package goes, relative to the folder that
 * is filled: boot/vmlinuz-RELEASE to "vmlinuz", boot/config-RELEASE to "config", what is below
 * lib/modules/RELEASE to the same place, but for a vmlinuz and a config in it. A leading "./", "/"
 * and "usr/" do not count. Returns false for all else, and for a path with "..", "." or nothing
 * between two slashes.
 */
bool package_place(const char *path, char place[PATH_MAX]);

/*
 * package_unpack - from @fd, at its beginning, into @folder, which is empty and nobody else's.
 * Plain files only; no link is made, so nothing can lead out of the folder.
 * @name: for messages. Returns 0; -ENOENT: there is no vmlinuz in it; -EEXIST: there are two of one
 * name, as in a package of several kernels; -EBADMSG: libarchive does not like it, in its words;
 * -EFBIG: it is larger than the bounds above; what writing says.
 */
int package_unpack(const char *name, int fd, const char *folder, struct error *err);

#endif
