/* How is an archive unpacked that may want to do harm? */
#ifndef KTSTR_FETCH_UNPACK_H
#define KTSTR_FETCH_UNPACK_H

#include "util/error.h"

#define UNPACK_MAX_ENTRIES 200000
#define UNPACK_MAX_BYTES   (INT64_C(4) << 30)
/* In all no more than this often the archive's own size; small ones may have UNPACK_FREE_BYTES. */
#define UNPACK_MAX_RATIO   200
#define UNPACK_FREE_BYTES  (INT64_C(16) << 20)

/*
 * unpack - the tar archive in @fd (gzip, xz, zstd, bzip2 or none), without its one top folder, into
 * the empty folder @dir. Modes become 0666 or 0777 less the umask; times and owners are not kept.
 *
 * -EPERM, with the entry's name, for what would leave @dir, is no file, folder or link, or comes
 * twice; -EFBIG past a limit. What was unpacked before stays, for the caller to remove.
 */
int unpack(int fd, const char *name, const char *dir, struct error *err);

#endif
