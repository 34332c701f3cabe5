/* In what state is a vCPU when the machine is switched on? As firmware leaves it. See x86.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/machine.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/msr.h"
#include "vmm/x86/x86.h"

/*
 * Intel SDM vol. 4, table 2-2: MTRRs enabled (bit 11), write-back by default (6). Fixed ranges (bit
 * 10) stay off: they are all zero, which would make the first MiB uncached.
 */
#define MTRR_DEF_TYPE_ENABLED_WB 0x806

/*
 * Intel SDM vol. 4, table 2-2: IA32_MISC_ENABLE, fast strings (bit 0). Firmware turns them on, KVM
 * starts with them off, and then Linux clears REP_GOOD and ERMS (early_init_intel).
 */
#define MSR_MISC_ENABLE		 0x1a0
#define MISC_ENABLE_FAST_STRINGS 1u

/* IA32_APIC_BASE, bit 10 (Intel SDM vol. 3, 11.12.1). */
#define APIC_BASE_X2APIC (1u << 10)

/* Local vector table of the LAPIC page: LINT0, LINT1 (Intel SDM vol. 3, 11.5.1). */
#define LAPIC_LVT_LINT0	   0x350
#define LAPIC_LVT_LINT1	   0x360
#define LAPIC_MASKED	   0x10000
#define LAPIC_DELIVERY_NMI 0x400

static int set_msrs(struct vcpu *vcpu, struct error *err)
{
	uint64_t value = MTRR_DEF_TYPE_ENABLED_WB;
	int ret = msr_access(vcpu->fd, KVM_SET_MSRS, MSR_MTRR_DEF_TYPE, &value);

	if (ret != 1) {
		ret = ret < 0 ? ret : -EIO;
		return error_set(err, ret, "vCPU %u: KVM_SET_MSRS for MTRRdefType: %s", vcpu->index,
				 strerror(-ret));
	}
	/* A processor that has no such MSR needs nothing turned on, and is no worse a processor. */
	value = 0;
	if (msr_access(vcpu->fd, KVM_GET_MSRS, MSR_MISC_ENABLE, &value) == 1) {
		value |= MISC_ENABLE_FAST_STRINGS;
		msr_access(vcpu->fd, KVM_SET_MSRS, MSR_MISC_ENABLE, &value);
	}
	return 0;
}

/*
 * Does the guest's TSC advance, as KVM computes it? KVM keeps the frequency that it found when it
 * was loaded. Where the host's kernel has put it up since, and the processor cannot scale it,
 * guests boot, and sleep for ever at their first timer: KVM computes when that fires from a TSC of
 * 0.
 */
static int check_tsc(struct vcpu *vcpu, struct error *err)
{
	uint64_t before = 0, after = 0;

	if (msr_access(vcpu->fd, KVM_GET_MSRS, MSR_TSC, &before) != 1 ||
	    msr_access(vcpu->fd, KVM_GET_MSRS, MSR_TSC, &after) != 1 || after != before)
		return 0;
	return error_set(
		err, -EIO,
		"vCPU %u: KVM has its TSC stand still, so that no timer of the guest would "
		"ever fire; the host's kernel has measured its TSC anew since KVM was loaded, "
		"so load the modules kvm and kvm_amd or kvm_intel again",
		vcpu->index);
}

/*
 * NMIs arrive on LINT1, as the MADT says. Nothing does on LINT0, where a PC has its 8259 and where
 * KVM lets its interrupts in on the boot processor.
 */
static int set_lapic(struct vcpu *vcpu, struct error *err)
{
	struct kvm_lapic_state lapic;
	uint32_t lint0 = LAPIC_MASKED, lint1 = LAPIC_DELIVERY_NMI;
	int ret;

	if (ioctl(vcpu->fd, KVM_GET_LAPIC, &lapic) < 0)
		goto fail;
	memcpy(lapic.regs + LAPIC_LVT_LINT0, &lint0, sizeof(lint0));
	memcpy(lapic.regs + LAPIC_LVT_LINT1, &lint1, sizeof(lint1));
	if (ioctl(vcpu->fd, KVM_SET_LAPIC, &lapic) < 0)
		goto fail;
	return 0;
fail:
	ret = -errno;
	return error_set(err, ret, "vCPU %u: setting up its local APIC: %s", vcpu->index,
			 strerror(-ret));
}

static int set_registers(struct vcpu *vcpu, const struct kernel_entry *entry, struct error *err)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int ret;

	memset(&regs, 0, sizeof(regs));
	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		goto fail;
	boot_registers(entry, &regs, &sregs);
	/* Linux ignores CPUs with ids beyond an xAPIC's unless it finds x2APIC mode on at its
	 * start. */
	if (topology_max_apic_id(&vcpu->vmm->topology) > TOPOLOGY_MAX_XAPIC_ID)
		sregs.apic_base |= APIC_BASE_X2APIC;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		goto fail;
	return 0;
fail:
	ret = -errno;
	return error_set(err, ret, "vCPU %u: setting the registers of the boot processor: %s",
			 vcpu->index, strerror(-ret));
}

int vcpu_reset(struct vcpu *vcpu, const struct kernel_entry *entry, struct error *err)
{
	int ret = set_msrs(vcpu, err);

	/* The host's fault, and so the same for all of them. */
	if (!ret && vcpu->index == 0)
		ret = check_tsc(vcpu, err);
	if (!ret)
		ret = set_lapic(vcpu, err);
	if (!ret && entry)
		ret = set_registers(vcpu, entry, err);
	return ret;
}
