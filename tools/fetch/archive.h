/* Where is the archive of this digest: in the cache, in a file, behind a URL? */
#ifndef KTSTR_FETCH_ARCHIVE_H
#define KTSTR_FETCH_ARCHIVE_H

#include "tools/fetch/fetch.h"

/*
 * archive_open - the archive of digest @sha256 (64 digits), open for reading, its digest checked.
 * Returns a descriptor, or -EBADMSG when @url has another one, or another error.
 */
int archive_open(struct fetch *fetch, const char *url, const char *sha256, struct error *err);

#endif
