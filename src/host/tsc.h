/* May guests on this host rely on its time stamp counter (TSC)? */
#ifndef KTSTR_HOST_TSC_H
#define KTSTR_HOST_TSC_H

#include <stdbool.h>

/*
 * host_tsc_is_reliable - judged by the clocksource that the host's kernel uses for itself: only the
 * TSC itself will do. Linux takes another one once it found the TSC to differ between CPUs or to
 * stop. kvm-clock and Hyper-V's page are read with RDTSC too, but their hypervisor corrects them
 * when the TSC jumps or changes its rate (migration, a host whose own TSC is unstable), and a Linux
 * guest of KVM prefers tsc where it is told that its TSC is invariant (kvmclock_init).
 * @clocksource: "tsc", "hpet" and so on, with or without a line feed; "" where the host does not
 * tell, which counts as not reliable
 */
bool host_tsc_is_reliable(const char *clocksource);

/* host_tsc_read - the same of this host as it is now, which can change: ask once a run. */
bool host_tsc_read(void);

#endif
