/* May guests on this host rely on its time stamp counter (TSC)? */
#ifndef KTSTR_HOST_TSC_H
#define KTSTR_HOST_TSC_H

#include <stdbool.h>

/*
 * host_tsc_is_reliable - judged by the clocksource that the host's kernel uses for itself, which is
 * another one once it found the TSC to differ between CPUs or to stop.
 * @clocksource: "tsc", "hpet" and so on, with or without a line feed; "" where the host does not
 * tell, which counts as not reliable
 */
bool host_tsc_is_reliable(const char *clocksource);

/* host_tsc_read - the same of this host as it is now, which can change: ask once a run. */
bool host_tsc_read(void);

#endif
