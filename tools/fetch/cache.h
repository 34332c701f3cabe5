/*
 * What was fetched before? Archives by their SHA-256, and for commits which archive holds them: git
 * has checked that when it was made. Who could change this could change the build itself.
 */
#ifndef KTSTR_FETCH_CACHE_H
#define KTSTR_FETCH_CACHE_H

#include "tools/fetch/digest.h"
#include "tools/fetch/room.h"

struct cache {
	char path[PATH_MAX]; /* absolute; holds archives/ commits/ rooms/ */
};

/*
 * cache_open - find and make the cache's folder: $KTSTR_CACHE_DIR/fetch, else
 * $XDG_CACHE_HOME/ktstr/fetch, else ~/.cache/ktstr/fetch. With KTSTR_CACHE_DIR set and empty it is
 * in @room, and goes with it.
 */
int cache_open(struct cache *cache, const struct room *room, struct error *err);

/* cache_enter - the room in which only we fetch the commit or archive @id; see room.h. */
int cache_enter(const struct cache *cache, struct run *run, struct room *room, const char *id,
		struct error *err);

/*
 * cache_find_commit - the SHA-256 of the archive that holds the commit @id. -ENOENT: none known.
 * cache_find - the archive of that digest, open for reading, its digest checked. -ENOENT: not
 * there; a damaged one counts as not there, and that is said.
 */
int cache_find_commit(const struct cache *cache, const char *id, char sha256[DIGEST_HEX_SIZE],
		      struct error *err);
int cache_find(const struct cache *cache, struct run *run, const char *sha256, struct error *err);

/*
 * cache_keep - move @file, which is in a room of the cache, in as the archive of digest @sha256.
 * cache_keep_commit - note that this archive holds the commit @id.
 */
int cache_keep(const struct cache *cache, const char *file, const char *sha256, struct error *err);
int cache_keep_commit(const struct cache *cache, const char *id, const char *sha256,
		      struct error *err);

#endif
