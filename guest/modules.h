/* Which kernel modules come before tracer and payload? Those that the job names. */
#ifndef KTSTR_GUEST_MODULES_H
#define KTSTR_GUEST_MODULES_H

#include "session.h"

/*
 * modules_load - in order. Returns 0, or a negative errno with one line in @why: the module, the
 * errno's text, and what the kernel has written into its log.
 */
int modules_load(struct session *session, char *why, size_t why_size);

#endif
