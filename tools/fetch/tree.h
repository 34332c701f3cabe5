/* What is in a folder tree, by one digest? */
#ifndef KTSTR_FETCH_TREE_H
#define KTSTR_FETCH_TREE_H

#include <dirent.h>

#include "tools/fetch/digest.h"

/* A tree nested deeper than this is refused: each level costs a descriptor. */
#define TREE_MAX_DEPTH 200

/*
 * tree_digest - SHA-256 of @path's NAR serialisation, as Nix defines it ("nix-archive-1"): names,
 * contents, the owner's executable bit and the targets of symbolic links; no times, no owners.
 */
int tree_digest(const char *path, char out[DIGEST_SRI_SIZE], struct error *err);

/*
 * tree_names - the names in the folder @fd, without . and .., sorted by their bytes.
 * Returns their number, or -errno; free each and the array (tree_names_free).
 */
int tree_names(int fd, struct dirent ***names);
void tree_names_free(struct dirent **names, int count);

/* tree_readlink - the target of the link @name in @fd, which the caller frees; NULL and errno. */
char *tree_readlink(int fd, const char *name);

/* tree_remove - rm -rf, of what it can; a link is removed and not followed. */
void tree_remove(const char *path);

#endif
