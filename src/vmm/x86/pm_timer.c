/* ACPI's power management timer: see pm_timer.h. */
#include "vmm/x86/pm_timer.h"

#define NS_PER_SECOND 1000000000ull
#define COUNTER_MASK  0xffffffu

uint32_t pm_timer_read(const struct pm_timer *timer, uint64_t now_ns)
{
	uint64_t ns = now_ns - timer->zero_ns;
	/* In two parts: the product of the whole would overflow after an hour. */
	uint64_t ticks =
		ns / NS_PER_SECOND * PM_TIMER_HZ + ns % NS_PER_SECOND * PM_TIMER_HZ / NS_PER_SECOND;

	return (uint32_t)ticks & COUNTER_MASK;
}
