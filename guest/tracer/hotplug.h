/*
 * Which CPUs go offline, and which come online, while we record? The kernel tells by its uevents
 * (NETLINK_KOBJECT_UEVENT; lib/kobject_uevent.c): a perf event of a CPU does not outlive its
 * CPU's going offline, and when the CPU is back it does not come back by itself.
 */
#ifndef KTSTR_TRACER_HOTPLUG_H
#define KTSTR_TRACER_HOTPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hotplug_event {
	uint16_t cpu;
	bool online; /* it has come; else it has gone */
};

/*
 * hotplug_open - listen from now on. Returns a descriptor that is readable when something has
 * happened, or a negative errno.
 */
int hotplug_open(void);

/*
 * hotplug_next - returns 1 with what happened to a CPU, 0 when nothing more has happened, -ENOBUFS
 * when so much has happened that the kernel has dropped some of it, or another negative errno.
 */
int hotplug_next(int fd, struct hotplug_event *event);

/*
 * hotplug_parse - is this uevent ("online@/devices/system/cpu/cpu1", a NUL, and more) of that kind?
 * CPUs of MACHINE_MAX_CPUS and above are none.
 */
bool hotplug_parse(const char *message, size_t size, struct hotplug_event *event);

#endif
