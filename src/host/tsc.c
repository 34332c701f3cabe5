/* May guests on this host rely on its time stamp counter (TSC)? See tsc.h. */
#include "host/tsc.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define CURRENT_CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

/*
 * kvm-clock and Hyper-V's TSC page are read with RDTSC on any CPU, with one scale for all of them.
 * Others are read from a device, another hypervisor call or an MSR, for want of such a TSC: hpet,
 * acpi_pm, jiffies, xen, hyperv_clocksource_msr.
 */
static const char *const based_on_tsc[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page" };

bool host_tsc_is_reliable(const char *clocksource)
{
	size_t length = strcspn(clocksource, "\n");

	for (size_t i = 0; i < sizeof(based_on_tsc) / sizeof(based_on_tsc[0]); i++)
		if (strlen(based_on_tsc[i]) == length &&
		    !memcmp(based_on_tsc[i], clocksource, length))
			return true;
	return false;
}

bool host_tsc_read(void)
{
	char clocksource[64] = "";
	int fd = open(CURRENT_CLOCKSOURCE, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, clocksource, sizeof(clocksource) - 1);
	close(fd);
	if (got < 0)
		return false;
	clocksource[got] = '\0';
	return host_tsc_is_reliable(clocksource);
}
