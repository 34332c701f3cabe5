/* What may a program of the guest's use? As a login on Debian has it. */
#ifndef KTSTR_GUEST_LIMITS_H
#define KTSTR_GUEST_LIMITS_H

#include "channel.h"

/*
 * limits_set - ours, which all that we start inherits. The kernel gives PID 1 the same as Debian
 * does but for these two, which systemd sets for all that it starts (systemd-system.conf(5),
 * DefaultLimitNOFILE=1024:524288 and DefaultLimitMEMLOCK=8M). A kernel that refuses one is told of.
 */
void limits_set(struct guest_channel *channel);

#endif
