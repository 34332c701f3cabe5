/* Is the machine of a run there already, from an earlier run? For commands that run one thing. */
#ifndef KTSTR_RUN_BASE_CACHE_H
#define KTSTR_RUN_BASE_CACHE_H

#include <stdbool.h>

#include "base/base.h"
#include "base/identity.h"

struct run_config;

/*
 * Only an optimisation: where the cache is turned off or cannot be used, or this host cannot be
 * told from another one, nothing is found and nothing is kept.
 */
struct base_cache {
	bool used;
	struct base_identity identity;
};

/*
 * base_cache_find - Makes the cache folder when it is missing.
 * Returns 0 and a base, the caller's, whose memory is a file; or -ENOENT.
 */
int base_cache_find(struct base_cache *cache, const struct run_config *config, struct base *base);

/*
 * base_cache_keep - for the next run; what is there already stays. Returns 0, or a negative errno
 * with a message when there was to be room for it and was not.
 */
int base_cache_keep(struct base_cache *cache, const struct base *base, int cancel_fd,
		    struct error *err);

/* base_cache_drop - the one that was found does not do. */
void base_cache_drop(const struct base_cache *cache);

void base_cache_free(struct base_cache *cache);

#endif
