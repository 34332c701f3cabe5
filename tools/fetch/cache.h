/* What was fetched before, and who fetches it now? */
#ifndef KTSTR_FETCH_CACHE_H
#define KTSTR_FETCH_CACHE_H

#include "tools/fetch/fetch.h"

/*
 * cache_open - find and make the cache's folder: $KTSTR_CACHE_DIR/fetch, else
 * $XDG_CACHE_HOME/ktstr/fetch, else ~/.cache/ktstr/fetch. With KTSTR_CACHE_DIR set and empty it is
 * a workspace in @parent, gone with this run.
 */
int cache_open(struct fetch *fetch, const char *room, struct error *err);

/* cache_failed - add to the message of @ret, which came of using the cache, what to do about it. */
int cache_failed(int ret, struct error *err);

/* cache_path - of the thing @name in the folder @kind of the cache, with @suffix. */
int cache_path(const struct fetch *fetch, char out[PATH_MAX], const char *kind, const char *name,
	       const char *suffix, struct error *err);

/*
 * cache_lock - until the descriptor that it returns is closed, only we fetch the thing @id. Says
 * for whom it waits.
 */
int cache_lock(struct fetch *fetch, const char *id, struct error *err);

/* cache_set_aside - an entry that is not what its name says: out of the way, and said. */
int cache_set_aside(struct fetch *fetch, const char *path, const char *why, struct error *err);

#endif
