/* Which KVM does this host have, and does it do for a machine? */
#ifndef KTSTR_VMM_KVM_H
#define KTSTR_VMM_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/*
 * kvm_open - /dev/kvm, when it has all that a machine needs (vmm_lacking_capability).
 * @run_size: of a vCPU's kvm_run, bytes
 * Returns a descriptor, the caller's; or the errors of vmm_create, with a message.
 */
int kvm_open(size_t *run_size, struct error *err);

/* kvm_create_vm - a VM without anything. Returns a descriptor, the caller's; or a negative errno.
 */
int kvm_create_vm(int kvm_fd, struct error *err);

/* kvm_vm_ioctl - one whose failure has only its name to tell. Returns 0 or a negative errno. */
int kvm_vm_ioctl(int vm_fd, unsigned long request, void *arg, const char *name, struct error *err);

/*
 * kvm_prefault - entries for [@gpa, @gpa + @size) in KVM's tables, before the guest needs them, as
 * far as this KVM makes them so early (Linux 6.11). What it does not make costs the guest an exit.
 * @vcpu_fd: of one that does not run
 * Returns false when it makes none at all, so that asking again is in vain.
 */
bool kvm_prefault(int vcpu_fd, uint64_t gpa, uint64_t size);

struct kvm_need {
	int capability; /* KVM_CAP_ */
	const char *name;
};

/* The name of the first that @kvm_fd lacks, or NULL. */
const char *kvm_first_lacking(int kvm_fd, const struct kvm_need *needs, size_t count);

#endif
