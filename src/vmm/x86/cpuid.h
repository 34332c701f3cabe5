/* What does CPUID say on each vCPU? The host's own leaves, with the plan's topology in them. */
#ifndef KTSTR_VMM_CPUID_H
#define KTSTR_VMM_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

#include "plan/topology.h"
#include "util/error.h"

/* Entries that a struct kvm_cpuid2 for the guest has room for. */
#define CPUID_MAX_ENTRIES 256

/*
 * cpuid_build - from what KVM supports to what vCPU @cpu sees.
 * @supported: KVM_GET_SUPPORTED_CPUID's answer, left unchanged
 * @tsc_reliable: false: no invariant TSC, whatever KVM says of the processor's; the guest then
 * keeps time by kvmclock, which KVM corrects
 * @out: room for CPUID_MAX_ENTRIES entries, owned by the caller
 * Returns 0, or -E2BIG when the entries do not fit.
 */
int cpuid_build(const struct kvm_cpuid2 *supported, const struct topology *topology,
		bool tsc_reliable, unsigned int cpu, struct kvm_cpuid2 *out, struct error *err);

#endif
