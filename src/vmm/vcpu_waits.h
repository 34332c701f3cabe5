/* How long did the host keep vCPUs from running? */
#ifndef KTSTR_VMM_VCPU_WAITS_H
#define KTSTR_VMM_VCPU_WAITS_H

#include <stdint.h>

#include "vmm/machine.h"

/* vCPUs that are looked at in one call: each costs three system calls. */
#define VCPU_WAITS_EACH_TIME 64

/*
 * vcpu_waits_sample - the most that any one vCPU has so far wanted to run but had no CPU of the
 * host, ns: a guest waits for its slowest CPU, which may hold a lock or owe an answer to the
 * others. No more than that: vCPUs wait at the same time, so that a sum would stop the clock. With
 * more than VCPU_WAITS_EACH_TIME vCPUs they are looked at in turns; all of 1024 within 16 calls.
 * What is seen late counts late, and never less than before.
 * @tasks: "/proc/self/task"; tests have their own. 0 where the host does not tell.
 */
uint64_t vcpu_waits_sample(struct vmm *vmm, const char *tasks);

#endif
