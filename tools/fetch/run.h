/* What was this run told, and may it go on? */
#ifndef KTSTR_FETCH_RUN_H
#define KTSTR_FETCH_RUN_H

#include <stdbool.h>

#include "tools/fetch/progress.h"
#include "util/error.h"

/*
 * The functions of fetch return 0 or a negative errno and leave a message. Two codes have one
 * meaning each: -EBADMSG, a digest is not the wanted one; -EINTR, a signal asked us to end.
 */

struct run {
	bool offline;
	long connect_s;	       /* a connection may take so long to come about */
	long stall_s;	       /* a connection without a byte for so long is given up */
	long backoff_ms;       /* before the second try; doubled before each later one */
	const char *ca_bundle; /* the certificates to trust; NULL: libcurl's own choice */
	struct progress progress;
};

/* run_watch_signals - from now on SIGINT, SIGTERM and SIGHUP are noted; SIGPIPE is an error code.
 */
void run_watch_signals(void);

/* run_signal - the signal that came, 0 while none did. */
int run_signal(void);

/* run_check - 0, or -EINTR with a message once a signal came. */
int run_check(struct error *err);

/*
 * run_again - try number @done of @tries has failed with @ret and its message.
 * Returns 0 when the next one is due, after a wait; else what to return: @ret or -EINTR.
 */
int run_again(struct run *run, unsigned int done, unsigned int tries, int ret, struct error *err);

#endif
