/* May guests on this host rely on its time stamp counter (TSC)? See tsc.h. */
#include "host/tsc.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define CURRENT_CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

bool host_tsc_is_reliable(const char *clocksource)
{
	size_t length = strcspn(clocksource, "\n");

	return length == strlen("tsc") && !memcmp(clocksource, "tsc", length);
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
