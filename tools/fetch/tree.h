/* What is in a folder tree, one after another, or by one digest? */
#ifndef KTSTR_FETCH_TREE_H
#define KTSTR_FETCH_TREE_H

#include <fts.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/fetch/digest.h"

/*
 * tree_open, tree_next, tree_close - visit the folder @path and all in it, names sorted by their
 * bytes; only @path itself may be a link that is followed. A folder comes twice, before (FTS_D) and
 * after (FTS_DP) what is in it.
 *
 * tree_next returns 1 and an entry that is the walk's, of the kinds FTS_D, FTS_DP, FTS_F and
 * FTS_SL; 0 at the end; -EINVAL for a device, a FIFO or a socket; -EINTR once a signal came.
 */
FTS *tree_open(const char *path, struct error *err);
int tree_next(FTS *tree, FTSENT **entry, struct error *err);
void tree_close(FTS *tree);

/* tree_is_executable - of a file: by its owner. */
bool tree_is_executable(const FTSENT *entry);

/*
 * tree_content - of a file its fts_statp->st_size bytes, of a link its target; with a NUL after
 * them. *@bytes is the caller's to free.
 */
int tree_content(const FTSENT *entry, uint8_t **bytes, struct error *err);

/*
 * tree_digest - SHA-256 of @path's NAR serialisation, as Nix defines it ("nix-archive-1"): names,
 * contents, the owner's executable bit and the targets of symbolic links; no times, no owners.
 */
int tree_digest(const char *path, char out[DIGEST_SRI_SIZE], struct error *err);

/* tree_remove - rm -rf, of what it can; a link is removed and not followed. */
void tree_remove(const char *path);

#endif
