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

#define FETCH_TRIES 5

struct fetch {
	bool offline;
	long stall_s;	 /* no byte for so long: the connection is given up */
	long backoff_ms; /* before the second try; doubled before each later one */
	struct progress progress;
	char cache[PATH_MAX]; /* absolute; holds archives/ git/ locks/ tmp/ */
	bool cache_is_kept;   /* false: it goes with this run */
};

/*
 * fetch_pause - wait before try number @done + 1, and say why.
 * Returns 0, or -EINTR when a signal came.
 */
int fetch_pause(struct fetch *fetch, unsigned int done, const char *reason, struct error *err);

#endif
