/* What did KVM say when it could not go on with a vCPU, in words? */
#ifndef KTSTR_VMM_KVM_WORDS_H
#define KTSTR_VMM_KVM_WORDS_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>

/* Room for the longest text of kvm_words_exit. */
#define KVM_WORDS_SIZE 448

/*
 * KVM_EXIT_MEMORY_FAULT (Linux 6.8, Documentation/virt/kvm/api.rst, 6.35): comes with an error of
 * KVM_RUN, EFAULT or EHWPOISON, and not with its success.
 */
#define KVM_WORDS_EXIT_MEMORY_FAULT 39

/* Does @error, errno of a KVM_RUN that failed, leave a memory fault in @run? */
bool kvm_words_has_memory_fault(const struct kvm_run *run, int error);

/*
 * kvm_words_exit - all that KVM tells of the exit in @run, which ends the machine: emulation and
 * other internal errors, failed entries, memory faults, exceptions, exits that it or we do not
 * know.
 * @text: at least KVM_WORDS_SIZE bytes; a clause that follows "vCPU N: "
 */
void kvm_words_exit(const struct kvm_run *run, char *text, size_t size);

#endif
