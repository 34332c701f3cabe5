/* What is this guest told when it gets its job, that no other guest is? The date, and chance. */
#ifndef KTSTR_GUEST_HANDOVER_H
#define KTSTR_GUEST_HANDOVER_H

#include "channel.h"

/*
 * handover_take - set the wall clock to the host's, and give the kernel's random pool bytes of this
 * guest's own, so that of guests that began as copies no two draw the same. A date that cannot be
 * set is logged; a pool that cannot be seeded ends the run: -errno, with one line in @why.
 */
int handover_take(struct guest_channel *channel, char *why, size_t why_size);

#endif
