/* What is this guest told when it gets its job, that no other guest is? The date, and chance. */
#ifndef KTSTR_GUEST_HANDOVER_H
#define KTSTR_GUEST_HANDOVER_H

#include "channel.h"

/*
 * handover_take - set the wall clock to the host's, and give the kernel's random pool bytes of this
 * guest's own, so that of guests that began as copies no two draw the same. What fails is logged.
 */
void handover_take(struct guest_channel *channel);

#endif
