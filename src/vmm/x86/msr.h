/* How is one MSR of a vCPU read or written? And those that more than one file here needs. */
#ifndef KTSTR_VMM_X86_MSR_H
#define KTSTR_VMM_X86_MSR_H

#include <stdint.h>

/* Intel SDM vol. 4, table 2-2. */
#define MSR_TSC		  0x10
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_TSC_DEADLINE  0x6e0

/*
 * msr_access - @request: KVM_GET_MSRS or KVM_SET_MSRS. Returns 1 when done, 0 when KVM refuses this
 * MSR, or -errno; @value changes only by a KVM_GET_MSRS that was done.
 */
int msr_access(int vcpu_fd, unsigned long request, uint32_t index, uint64_t *value);

#endif
