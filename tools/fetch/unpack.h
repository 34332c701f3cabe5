/* How does an archive become a folder? */
#ifndef KTSTR_FETCH_UNPACK_H
#define KTSTR_FETCH_UNPACK_H

#include "util/error.h"

#define UNPACK_MAX_ENTRIES 200000u
#define UNPACK_MAX_BYTES   (INT64_C(4) << 30)

/*
 * unpack - the tar archive in @fd (gzip, xz, zstd, bzip2 or none), without its one top folder, into
 * the empty folder @dir. Modes become 0666 or 0777 less the umask; times and owners are not kept.
 *
 * The archive's digest has been checked: what is in it is what somebody has chosen. Nothing is
 * written outside of @dir all the same. -EFBIG past a limit. What was unpacked before an error
 * stays, for the caller to remove.
 */
int unpack(int fd, const char *name, const char *dir, struct error *err);

#endif
