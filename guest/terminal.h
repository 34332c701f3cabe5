/*
 * The payload's terminal (a job with tty=1): a pseudo terminal, whose output goes the way of all
 * output, and whose input comes out of the inbox.
 */
#ifndef KTSTR_GUEST_TERMINAL_H
#define KTSTR_GUEST_TERMINAL_H

#include "session.h"

/*
 * terminal_open - as the session's stream out, with the size that the host has told by now.
 * @theirs: the payload's end, the caller's
 * Returns 0 or a negative errno, which was logged with the kernel option that is missing.
 */
int terminal_open(struct session *session, int *theirs);

/* Is the terminal's output to be left where it is, because the user has not seen what came before?
 */
bool terminal_is_ahead(const struct session *session);

/* When to look at the inbox, and whether it still is ahead, next; CLOCK_NEVER without a terminal.
 */
uint64_t terminal_due(const struct session *session);

/* Pass on what is in the inbox, as far as the terminal takes it, if it is time to look. */
void terminal_turn(struct session *session, uint64_t now);

#endif
