/*
 * ACPI's power management timer at LAYOUT_PM_TIMER: 24 bits that count at a known rate. A guest
 * without kvmclock measures its TSC against it. (ACPI 6.4, 4.8.3.3.)
 */
#ifndef KTSTR_VMM_PM_TIMER_H
#define KTSTR_VMM_PM_TIMER_H

#include <stdint.h>

#define PM_TIMER_HZ 3579545u

struct pm_timer {
	uint64_t zero_ns; /* CLOCK_MONOTONIC when it stood at 0 */
};

uint32_t pm_timer_read(const struct pm_timer *timer, uint64_t now_ns);

#endif
