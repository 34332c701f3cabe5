/* What the files of state.h share: the records, and what each part of the work is. */
#ifndef KTSTR_VMM_X86_STATE_PARTS_H
#define KTSTR_VMM_X86_STATE_PARTS_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/x86/state.h"

/* Numbers in files: never changed without RECORDS_VERSION. */
enum state_type {
	STATE_CLOCK = STATE_FIRST_TYPE, /* struct state_clock; the only one that is no vCPU's */
	STATE_TIMER,			/* struct state_timer */
	STATE_CPUID,			/* struct kvm_cpuid2 */
	STATE_SREGS2,			/* the structure of this name in <asm/kvm.h>, and so on */
	STATE_REGS,
	STATE_XSAVE, /* as long as KVM_CAP_XSAVE2 says */
	STATE_XCRS,  /* absent where the host has no XSAVE */
	STATE_DEBUGREGS,
	STATE_MSRS,	 /* struct kvm_msr_entry, any number */
	STATE_REGISTERS, /* struct state_register, any number: KVM_GET_REG_LIST's */
	STATE_LAPIC,
	STATE_VCPU_EVENTS,
	STATE_MP_STATE,
	STATE_END,
};
#define STATE_TYPES (STATE_END - STATE_FIRST_TYPE)

/* What not each KVM has. */
#define STATE_IS_OPTIONAL(type) ((type) == STATE_XCRS || (type) == STATE_REGISTERS)

/* One moment, on the host's clock and on the guest's. */
struct state_clock {
	uint64_t kvmclock_ns;
	uint64_t host_tsc;
	uint32_t tsc_khz; /* of host and guest: KVM scales none here */
	uint32_t nr_vcpus;
};

struct state_timer {
	uint64_t tsc_offset;   /* to the host's TSC at that moment */
	uint64_t tsc_deadline; /* IA32_TSC_DEADLINE: 0: not armed */
};

struct state_register {
	uint64_t id;
	uint64_t value;
};

struct state_vcpu {
	struct state_timer timer;
	/* The bytes of each type, among the bytes, and their size; NULL: there is none. */
	const void *bytes[STATE_TYPES];
	uint32_t size[STATE_TYPES];
};

struct state {
	struct state_clock clock;
	struct state_vcpu vcpus[]; /* clock.nr_vcpus of them */
};

/* KVM has one today: the shadow stack's pointer. */
#define STATE_MAX_REGISTERS 64u

/* An XSAVE area is never smaller, whatever the processor has (struct kvm_xsave). */
#define STATE_XSAVE_MIN 4096u

/*
 * Is @index an MSR that is saved? Not so: those that are set in another way, commands, and records
 * of what the processor did.
 */
bool state_keeps_msr(uint32_t index);

/* Each returns as state_save and state_load do. */
int state_save_msrs(int vcpu_fd, unsigned int index, const struct kvm_msr_list *list,
		    struct records *out, struct error *err);
int state_load_msrs(int vcpu_fd, unsigned int index, const void *entries, uint32_t size,
		    struct error *err);
int state_save_time(const struct state_kvm *kvm, struct records *out, struct error *err);
int state_check_frequency(const struct state *state, const struct state_kvm *kvm,
			  struct error *err);
/* The MSRs that KVM lists and that are kept; the caller frees the list. */
int state_list_msrs(int kvm_fd, struct kvm_msr_list **out, struct error *err);

#endif
