/* Could it be the host that decided a test? Then it has neither passed nor failed. */
#ifndef KTSTR_VERDICT_HOST_NOISE_H
#define KTSTR_VERDICT_HOST_NOISE_H

#include "verdict/observation.h"
#include "verdict/verdict.h"

/*
 * The share of the vCPUs' time, in percent, that a host may keep before it is charged
 * (--host-noise): checks of shares mostly leave room for 10 to 15, and what is above can use that
 * up alone.
 */
#define HOST_NOISE_DEFAULT 10u

/*
 * host_noise_judge - a verdict that says that nothing but checks of time or share failed (those of
 * ktstr-work, or of a payload whose author says that its status 1 is such a one), or the payload's
 * time limit, or that it passed though a failure is expected, becomes VERDICT_INCONCLUSIVE
 * (by_host) with EXIT_HOST_NOISE where the host took more than @seen's host_noise percent of the
 * vCPUs' time. For a time limit, what that does not leave out of it (uncounted_ns) must be as much
 * of the payload's time, too: what hangs on any host is a timeout. So do the two others where the
 * VM stood still meanwhile. Nothing where host_noise is 0.
 */
void host_noise_judge(struct verdict *verdict, const struct observation *seen);

#endif
