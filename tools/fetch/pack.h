/* How does a folder become an archive that is the same, to the bit, wherever it is made? */
#ifndef KTSTR_FETCH_PACK_H
#define KTSTR_FETCH_PACK_H

#include "util/error.h"

/* pack - @dir, without what .git there is, as a tar.gz in @out, all below the one folder @prefix.
 */
int pack(const char *dir, int out, const char *prefix, struct error *err);

#endif
