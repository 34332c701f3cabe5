/* How long did the vCPUs run, and how long did the host keep them from it? */
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

/*
 * vcpu_waits_all - all vCPUs now, in all so far (vmm_cpu_times). What a thread that is gone, or
 * cannot be read, had when it was seen last stays.
 */
int vcpu_waits_all(struct vmm *vmm, const char *tasks, struct vmm_cpu_times *times);

#endif
