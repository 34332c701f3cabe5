/* What is in a folder tree, one after another, or by one digest? */
#ifndef KTSTR_FETCH_TREE_H
#define KTSTR_FETCH_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/fetch/digest.h"

/* A tree nested deeper than this is refused: each level costs a descriptor. */
#define TREE_MAX_DEPTH 200

struct tree_node {
	const char *path;   /* from the walk's own folder on */
	const char *name;   /* its last part; NULL: the walk's own folder */
	mode_t type;	    /* S_IFREG, S_IFDIR or S_IFLNK */
	bool executable;    /* of a file: by its owner */
	uint64_t size;	    /* of a file; it gets so many bytes of data */
	const char *target; /* of a link */
};

struct tree_visitor {
	void *context;
	int (*begin)(void *context, const struct tree_node *node, struct error *err);
	int (*data)(void *context, const struct tree_node *node, const void *bytes, size_t size,
		    struct error *err);
	/* After a folder's whole content; may be NULL. */
	int (*end)(void *context, const struct tree_node *node, struct error *err);
	const char *skipped; /* what has this name is not visited; NULL: nothing is */
};

/*
 * tree_walk - visit the folder @path and all in it, names sorted by their bytes; no link is
 * followed. Ends with the first error of a visit. -EINVAL for a device, a FIFO or a socket.
 */
int tree_walk(const char *path, const struct tree_visitor *visitor, struct error *err);

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

/* tree_remove - rm -rf, of what it can; a link is removed and not followed. */
void tree_remove(const char *path);

#endif
