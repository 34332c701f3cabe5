/* How does one file come over HTTP, past all that may go wrong on the way? */
#ifndef KTSTR_FETCH_HTTP_H
#define KTSTR_FETCH_HTTP_H

#include "tools/fetch/fetch.h"

/* No archive of sources is larger. */
#define HTTP_MAX_BYTES (INT64_C(1) << 30)

/*
 * http_fetch - @url into @fd, going on after what is there already, with some tries.
 * @part:    the file's name, for messages
 * @resumed: true when not all of it came in one piece
 *
 * On success the file holds all that the server says there is; whether these are the right bytes is
 * the caller's to check. After an error the file keeps what came, for the next run.
 */
int http_fetch(struct fetch *fetch, const char *url, int fd, const char *part, bool *resumed,
	       struct error *err);

/*
 * http_reach - does a connection to the server of @url, an http(s) one, come about? One try. What
 * goes wrong once the server or a proxy has answered is for the real request to find.
 * @proxy: to go through; NULL: what the environment says, "": none
 */
int http_reach(struct fetch *fetch, const char *url, const char *proxy, struct error *err);

/* http_ca_bundle - the file of the certificates that the user's environment names, or NULL. */
const char *http_ca_bundle(void);

#endif
