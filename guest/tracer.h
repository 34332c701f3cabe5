/*
 * The tracer's life: started before the payload, ready when it says so, stopped when the payload
 * has ended, its trace sent to the host. Whatever goes wrong becomes KTSTR_TRACER_FAILED with its
 * reason.
 */
#ifndef KTSTR_GUEST_TRACER_H
#define KTSTR_GUEST_TRACER_H

#include "session.h"

/*
 * tracer_start - returns when it is recording, or has failed, which the host then knows: the
 * payload runs in either case.
 */
void tracer_start(struct session *session);

/* tracer_watch - tell the host at once when it died while it was recording. */
void tracer_watch(struct session *session);

/* tracer_interrupt - SIGINT, once; does not wait. */
void tracer_interrupt(struct session *session);

/* tracer_finish - wait for its end and send its trace. */
void tracer_finish(struct session *session);

/* Look for the ready line in @count bytes of its output, wherever they were cut. */
void tracer_scan(struct ready_scan *scan, const struct iovec room[2], size_t count);

/*
 * tracer_argv - the program's arguments: path, @args cut at the separator, the window if there is
 * one, the two files. @args is written into; NULL: none. @trace, @data: paths. Returns 0 or -E2BIG.
 */
int tracer_argv(char **argv, size_t size, char *path, char *args, char *window, char *trace,
		char *data);

#endif
