/* What has a machine of devices, beside the local APICs, which KVM has? */
#ifndef KTSTR_VMM_X86_DEVICES_H
#define KTSTR_VMM_X86_DEVICES_H

#include <linux/kvm.h>

#include "vmm/serial.h"
#include "vmm/x86/ioapic.h"
#include "vmm/x86/pm_timer.h"
#include "vmm/x86/rtc.h"

struct state;

struct devices {
	struct serial serial;
	struct ioapic ioapic;
	struct rtc rtc;
	struct pm_timer pm_timer; /* never changes while vCPUs run */
	/* KVM_GET_SUPPORTED_CPUID's answer; owned. Never changes. */
	struct kvm_cpuid2 *supported;
	uint64_t saved_pm_timer_ns; /* how long pm_timer had counted when the machine was saved */
	struct state *saved; /* of a machine that goes on from saved state; owned. NULL: it boots */
};

#endif
