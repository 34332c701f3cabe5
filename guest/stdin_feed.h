/*
 * The payload's standard input (a job with stdin=1): a pipe, which is fed with what comes out of
 * the inbox. Without stdin=1 it is /dev/null, and nothing is looked at.
 */
#ifndef KTSTR_GUEST_STDIN_FEED_H
#define KTSTR_GUEST_STDIN_FEED_H

#include "session.h"

/* stdin_feed_open - @theirs: the payload's end, the caller's. Returns 0 or a negative errno. */
int stdin_feed_open(struct session *session, int *theirs);

/* When to look at the inbox next: CLOCK_NEVER when there is nothing to be fed. */
uint64_t stdin_feed_due(const struct session *session);

/* Is there something that the pipe has had no room for? */
bool stdin_feed_is_full(const struct session *session);

/*
 * stdin_feed_turn - pass on what is in the inbox, as far as the pipe takes it, if it is time to
 * look.
 * @room: the pipe takes more
 */
void stdin_feed_turn(struct session *session, uint64_t now, bool room);

/* Nobody reads it any more. */
void stdin_feed_close(struct session *session);

#endif
