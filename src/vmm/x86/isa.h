/*
 * Has the guest's CPU what a program was built for? The levels x86-64-v2 to -v4 of the psABI
 * (x86-64, "Micro-Architecture Levels"), which glibc's loader asks for.
 */
#ifndef KTSTR_VMM_ISA_H
#define KTSTR_VMM_ISA_H

#include <linux/kvm.h>
#include <stddef.h>

#include "util/error.h"

/* As bits of GNU_PROPERTY_X86_ISA_1_NEEDED are numbered: 0 for the baseline, N - 1 for x86-64-vN.
 */
#define ISA_LEVELS 4

/*
 * isa_lacking - the features of @level that KVM does not offer, "AVX AVX2"; "": it has them all.
 * @supported: KVM_GET_SUPPORTED_CPUID's answer
 */
void isa_lacking(const struct kvm_cpuid2 *supported, unsigned int level, char *text, size_t size);

/*
 * isa_check - @files: for each level a file that is loaded on no less; NULL: none is.
 * Returns 0, or -ENOEXEC with file, level and what is missing.
 */
int isa_check(const struct kvm_cpuid2 *supported, const char *const files[ISA_LEVELS],
	      struct error *err);

#endif
