/* How does one file come from a server, or from another folder? */
#ifndef KTSTR_FETCH_HTTP_H
#define KTSTR_FETCH_HTTP_H

#include "tools/fetch/run.h"

/* No archive of sources is larger. */
#define HTTP_MAX_BYTES (INT64_C(1) << 30)

/*
 * http_fetch - @url (https://, http://, file://; only the last when the run is offline) into the
 * empty file @fd, with some tries. Whether these are the right bytes is the caller's to check.
 */
int http_fetch(struct run *run, const char *url, int fd, struct error *err);

#endif
