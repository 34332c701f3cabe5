/* What do all parts of fetch know of this run? */
#ifndef KTSTR_FETCH_FETCH_H
#define KTSTR_FETCH_FETCH_H

#include <limits.h>
#include <stdbool.h>

#include "tools/fetch/progress.h"
#include "util/error.h"

/*
 * The functions of fetch return 0 or a negative errno and leave a message. Two codes have one
 * meaning each: -EBADMSG, a digest is not the wanted one; -EINTR, a signal asked us to end.
 */

#define FETCH_TRIES	    5
/* When no connection comes about: nothing tells a slow network from one that drops all. */
#define FETCH_CONNECT_TRIES 2

struct fetch {
	bool offline;
	long connect_s;	 /* so long may a connection take to come about */
	long stall_s;	 /* no byte for so long: the connection is given up */
	long backoff_ms; /* before the second try; doubled before each later one */
	struct progress progress;
	char cache[PATH_MAX]; /* absolute; holds archives/ git/ locks/ tmp/ */
	bool cache_is_kept;   /* false: it goes with this run */
};

/*
 * fetch_again - try number @done has failed with @ret and its message; @tries may be made in all.
 * Returns 0 when the next one is due, after a wait; else what to return: @ret, or -EINTR when a
 * signal came.
 */
int fetch_again(struct fetch *fetch, unsigned int done, unsigned int tries, int ret,
		struct error *err);

#endif
