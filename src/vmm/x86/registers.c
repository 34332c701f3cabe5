/* What is in the registers of a vCPU that does not run? See arch.h. */
#include <sys/ioctl.h>

#include "vmm/arch.h"
#include "vmm/machine.h"
#include "vmm/x86/msr.h"

/* Intel SDM vol. 3, 2.5: paging, without which no kernel runs for long. */
#define CR0_PG (1ull << 31)

/* Intel SDM vol. 3, 2.3: RFLAGS.IF. */
#define RFLAGS_IF (1ull << 9)

/* Has the guest started it? Application processors wait for that from power-on. */
static bool was_started(const struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	return ioctl(vcpu->fd, KVM_GET_MP_STATE, &state) == 0 &&
	       state.mp_state != KVM_MP_STATE_UNINITIALIZED &&
	       state.mp_state != KVM_MP_STATE_INIT_RECEIVED;
}

bool arch_registers(struct vcpu *vcpu, struct inspect_regs *out)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;

	if (!was_started(vcpu) || ioctl(vcpu->fd, KVM_GET_REGS, &regs) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return false;
	/* KVM on AMD resets it, and nothing of what it did is left. */
	if (vcpu->shut_down && !(sregs.cr0 & CR0_PG))
		return false;
	*out = (struct inspect_regs){
		.gpr = {
			[INSPECT_RAX] = regs.rax,
			[INSPECT_RCX] = regs.rcx,
			[INSPECT_RDX] = regs.rdx,
			[INSPECT_RBX] = regs.rbx,
			[INSPECT_RSP] = regs.rsp,
			[INSPECT_RBP] = regs.rbp,
			[INSPECT_RSI] = regs.rsi,
			[INSPECT_RDI] = regs.rdi,
			[INSPECT_R8] = regs.r8,
			[INSPECT_R9] = regs.r9,
			[INSPECT_R10] = regs.r10,
			[INSPECT_R11] = regs.r11,
			[INSPECT_R12] = regs.r12,
			[INSPECT_R13] = regs.r13,
			[INSPECT_R14] = regs.r14,
			[INSPECT_R15] = regs.r15,
		},
		.rip = regs.rip,
		.rflags = regs.rflags,
		.cr0 = sregs.cr0,
		.cr3 = sregs.cr3,
		.cr4 = sregs.cr4,
		.efer = sregs.efer,
		.gs_base = sregs.gs.base,
		.idt_base = sregs.idt.base,
		.cs = sregs.cs.selector,
	};
	return true;
}

bool arch_sample(struct vcpu *vcpu, struct vmm_sample *sample)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs) < 0 || ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return false;
	sample->rip = regs.rip;
	sample->in_user = sregs.cs.selector & 3;
	sample->takes_interrupts = regs.rflags & RFLAGS_IF;
	/* Linux sets it anew in each of its timer's interrupts; KVM clears it when it fires. */
	msr_access(vcpu->fd, KVM_GET_MSRS, MSR_TSC_DEADLINE, &sample->timer);
	return true;
}
