/*
 * Has the guest's CPU what a program was built for? The levels x86-64-v2 to -v4 of the psABI
 * (x86-64, "Micro-Architecture Levels"), which glibc's loader asks for.
 */
#ifndef KTSTR_VMM_ISA_H
#define KTSTR_VMM_ISA_H

#include <linux/kvm.h>
#include <stddef.h>

#include "util/error.h"
#include "vmm/vmm.h"

/*
 * isa_lacking - the features of @level that KVM does not offer, "AVX AVX2"; "": it has them all.
 * @supported: KVM_GET_SUPPORTED_CPUID's answer
 */
void isa_lacking(const struct kvm_cpuid2 *supported, unsigned int level, char *text, size_t size);

/*
 * isa_check - @files: as in struct vmm_config
 * Returns 0, or -ENOEXEC with file, level and what is missing.
 */
int isa_check(const struct kvm_cpuid2 *supported, const char *const files[ISA_LEVELS],
	      struct error *err);

#endif
