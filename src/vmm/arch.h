/*
 * What is different on each architecture? The hooks that a machine is built with; each is called by
 * one place of src/vmm, and implemented below src/vmm/x86/.
 */
#ifndef KTSTR_VMM_ARCH_H
#define KTSTR_VMM_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "vmm/records.h"
#include "vmm/vmm.h"

struct vcpu;

/* The first KVM_CAP_ that a machine needs on this architecture and @kvm_fd lacks, or NULL. */
const char *arch_lacking_capability(int kvm_fd);

/*
 * arch_init_vm - interrupt controllers and devices, as when the machine is switched on; what KVM
 * supports is asked for here, once. Also -ENOEXEC where the processor is not what a program in the
 * guest was built for (vmm_config.isa_files).
 */
int arch_init_vm(struct vmm *vmm, const struct vmm_config *config, struct error *err);
void arch_destroy_vm(struct vmm *vmm); /* fine where arch_init_vm was not called, or failed */

/*
 * arch_create_vcpu - KVM_CREATE_VCPU, with the id by which the architecture knows it, into its fd.
 * Returns 0 or a negative errno with a message.
 */
int arch_create_vcpu(struct vcpu *vcpu, struct error *err);

/* arch_init_vcpu - what stays as it is from its creation to its end: CPUID. */
int arch_init_vcpu(struct vcpu *vcpu, struct error *err);

/*
 * arch_load_kernel - kernel, initramfs and what the boot protocol wants into guest memory, the
 * vCPUs as firmware leaves them. Errors: those of vmm_create.
 */
int arch_load_kernel(struct vmm *vmm, const struct vmm_config *config, struct error *err);

/* arch_describe - tell the kernel of the machine: its CPUs, memory, devices. */
int arch_describe(struct vmm *vmm, const struct vmm_config *config, struct error *err);

/*
 * arch_registers - of a vCPU that does not run. False: it has none to show (vmm_source).
 */
bool arch_registers(struct vcpu *vcpu, struct inspect_regs *regs);

/* arch_sample - on the vCPU's own thread, between two turns in the guest: the registers' part. */
bool arch_sample(struct vcpu *vcpu, struct vmm_sample *sample);

/* arch_handle_exit - KVM_RUN has come back with something in kvm_run: deal with it. */
void arch_handle_exit(struct vcpu *vcpu);

/*
 * arch_default_cmdline - the kernel parameters that this machine wants, without which it would not
 * boot, end or speak.
 */
const char *arch_default_cmdline(void);

/*
 * The same of a machine that was saved: all that KVM and our devices hold, but for memory and
 * channel. arch_load takes its own of the records in @state, whose bytes stay the caller's until
 * arch_destroy_vm; arch_set_time comes right before the vCPUs run, and lets the clocks go on from
 * where they were saved. Errors: those of vmm_save and vmm_fork.
 */
int arch_save(struct vmm *vmm, struct records *out, struct error *err);
int arch_load(struct vmm *vmm, const void *state, size_t size, struct error *err);
int arch_set_time(struct vmm *vmm, struct error *err);

/* arch_offers - vmm_offers, of an open KVM. */
int arch_offers(int kvm_fd, const struct topology *topology, bool tsc_reliable, void **bytes,
		size_t *size, struct error *err);

/* Below @start there is RAM, and what is more goes on at @end; between there are devices. */
struct arch_hole {
	uint64_t start, end; /* guest-physical */
};
struct arch_hole arch_hole(void);

/* Where a cargo lies in the guest's physical address space: above all RAM (vmm_attach_cargo). */
uint64_t arch_cargo_gpa(const struct vmm *vmm);

#endif
