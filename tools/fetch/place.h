/* How does a tree come to its folder: whole or not at all, and never over another? */
#ifndef KTSTR_FETCH_PLACE_H
#define KTSTR_FETCH_PLACE_H

#include "tools/fetch/digest.h"
#include "tools/fetch/workspace.h"

struct place {
	char dir[PATH_MAX];    /* where the tree is wanted */
	char stamp[PATH_MAX];  /* DIR.source: what the tree there is */
	char parent[PATH_MAX]; /* of both */
	const char *identity;  /* "commit HEX" or "sha256 HEX" */
	const char *wanted;    /* the tree's digest, NULL: any */
	struct workspace room;
	char tree[PATH_MAX]; /* where it is made */
};

/*
 * place_open - @identity and @wanted stay the caller's, and as long as the place.
 * Returns 1 when the folder is there already and is this; 0 when it is not there; -EEXIST when
 * another thing is there; -EBADMSG when it is this, but of another digest than @wanted.
 */
int place_open(struct place *place, const char *dir, const char *identity, const char *wanted,
	       struct error *err);

/* place_begin - an empty folder at place->tree, on the same file system as the wanted one. */
int place_begin(struct place *place, struct error *err);

/*
 * place_finish - check the tree's digest, then put it in its place. -EBADMSG: another digest.
 * @source: for that message
 */
int place_finish(struct place *place, const char *source, struct error *err);

/* place_close - what was not finished goes away. */
void place_close(struct place *place);

#endif
