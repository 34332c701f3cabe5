/* A vCPU has left the guest: what does it want of us? */
#include <sys/ioctl.h>

#include "vmm/arch.h"
#include "vmm/kvm_words.h"
#include "vmm/machine.h"
#include "vmm/x86/x86.h"

static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			bus_port_write(vcpu->vmm, run->io.port, data, run->io.size);
		else
			bus_port_read(vcpu->vmm, run->io.port, data, run->io.size);
	}
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->mmio.is_write)
		bus_memory_write(vcpu->vmm, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
	else
		bus_memory_read(vcpu->vmm, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
}

/* KVM cannot go on; tell all that it tells. */
static void handle_failure(struct vcpu *vcpu)
{
	struct kvm_regs regs = { 0 };
	char words[KVM_WORDS_SIZE];

	ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	kvm_words_exit(vcpu->run, words, sizeof(words));
	vmm_end(vcpu->vmm, VMM_END_KVM_ERROR, "vCPU %u at RIP %#llx: %s", vcpu->index,
		(unsigned long long)regs.rip, words);
}

static void handle_system_event(struct vcpu *vcpu)
{
	if (vcpu->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		vmm_end(vcpu->vmm, VMM_END_POWEROFF, "%s", "");
	else
		vmm_end(vcpu->vmm, VMM_END_RESET, "%s", "");
}

void arch_handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_SHUTDOWN: /* triple fault */
		vcpu->shut_down = true;
		vmm_end(vcpu->vmm, VMM_END_RESET, "%s", "");
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		handle_system_event(vcpu);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	default:
		handle_failure(vcpu);
		break;
	}
}
