/*
 * Does the user want out? Long work on the host asks now and then: signals are blocked and wait in
 * a signalfd, which stays readable until whoever ends it all has read it.
 */
#ifndef KTSTR_UTIL_CANCEL_H
#define KTSTR_UTIL_CANCEL_H

#include <stddef.h>

#include "util/error.h"

/* About so many bytes may be worked on between two questions: some milliseconds, in a slow VM as
 * well. */
#define CANCEL_EVERY (1u << 20)

/* cancel_check - @fd: the signalfd, or -1: nobody asks. Returns 0 or -EINTR with a message. */
int cancel_check(int fd, struct error *err);

/* cancel_take - the number of the signal that waits in @fd, which it leaves; 0: none does. */
int cancel_take(int fd);

#endif
