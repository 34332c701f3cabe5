/* How does a folder become an archive that is the same, to the bit, wherever it is made? */
#ifndef KTSTR_FETCH_PACK_H
#define KTSTR_FETCH_PACK_H

#include "util/error.h"

/*
 * pack - @dir as @out, a new tar.gz file with all below the one folder @prefix, and its digest on
 * stdout. What .git there is stays out.
 */
int pack(const char *dir, const char *out, const char *prefix, struct error *err);

#endif
