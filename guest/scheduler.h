/*
 * The life of the scheduler that is tested: started before the payload, attached when sched_ext
 * says so, stopped when the payload has ended. What becomes of it goes to the host as struct
 * ktstr_sched.
 */
#ifndef KTSTR_GUEST_SCHEDULER_H
#define KTSTR_GUEST_SCHEDULER_H

#include "session.h"

/*
 * scheduler_setup - the job's lines of shell, one after the other; what they print is the payload's
 * standard error. Returns 0, or -1, which the host then knows: one of them failed.
 */
int scheduler_setup(struct session *session);

/*
 * scheduler_start - returns 0 when it is attached, or the job has none; or -1, which the host then
 * knows: there is to be no payload.
 */
int scheduler_start(struct session *session);

/*
 * scheduler_watch - between turns, while the payload runs: sees when the scheduler has ended, and
 * replaces it where the payload asks for that. @until: the payload's own limit
 */
void scheduler_watch(struct session *session, uint64_t until);

/*
 * scheduler_replace - stop the present one, if there is one, and start another in its place. The
 * host is told of both. Returns 0 when it is attached, or -1 with scheduler.why.
 */
int scheduler_replace(struct session *session, char *const *argv, const char *cwd, uint64_t until);

/*
 * scheduler_hold - the payload has failed, and the host will stop the machine to look at it, which
 * may take longer than sched_ext's watchdog waits: how the scheduler does is found and said now.
 * What becomes of it after this is the stop's doing.
 */
void scheduler_hold(struct session *session);

/* scheduler_finish - the payload has ended: tell the host how the scheduler did, and end it. */
void scheduler_finish(struct session *session);

/*
 * scheduler_dump - what the kernel says of the one that is tested as it runs (sysrq D)
 * Returns how many bytes of @text that is, at most @size; -ENXIO: none is attached; -ENOTSUP: the
 * kernel has no such dump; -ENODATA.
 */
ssize_t scheduler_dump(struct session *session, char *text, size_t size);

#endif
