/* What does a program expect to find in /dev, /proc, /sys and /tmp? */
#ifndef KTSTR_GUEST_MOUNTS_H
#define KTSTR_GUEST_MOUNTS_H

#include "channel.h"

/* /dev alone, and descriptors 0 to 2: before there is a channel to complain through. */
void mounts_dev(void);

/* All the rest but /tmp and /run. What the kernel was built without is passed over, any other
 * failure is logged. */
void mounts_all(struct guest_channel *channel);

/* /tmp and /run, where the payload has brought nothing of its own; after it is there. */
void mounts_unless_filled(struct guest_channel *channel);

#endif
