/*
 * What does a stopped guest show of itself? Two things, and src/inspect knows no more of a machine:
 * its physical memory, and the registers of its vCPUs. Whoever has a stopped machine makes one of
 * these: the VMM of a paused one, a test of a file.
 */
#ifndef KTSTR_INSPECT_SOURCE_H
#define KTSTR_INSPECT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbered as ModRM does (Intel SDM vol. 2A, table 2-2), and as struct kvm_regs is not. */
enum inspect_gpr {
	INSPECT_RAX,
	INSPECT_RCX,
	INSPECT_RDX,
	INSPECT_RBX,
	INSPECT_RSP,
	INSPECT_RBP,
	INSPECT_RSI,
	INSPECT_RDI,
	INSPECT_R8,
	INSPECT_R9,
	INSPECT_R10,
	INSPECT_R11,
	INSPECT_R12,
	INSPECT_R13,
	INSPECT_R14,
	INSPECT_R15,
	INSPECT_NR_GPRS,
};

struct inspect_regs {
	uint64_t gpr[INSPECT_NR_GPRS];
	uint64_t rip, rflags;
	uint64_t cr0, cr3, cr4, efer;
	uint64_t gs_base; /* the per-CPU base in ring 0 only */
	uint64_t idt_base;
	uint16_t cs; /* its low two bits are the ring */
};

struct inspect_source {
	void *data;
	/* Copies @size bytes of RAM at guest-physical @gpa. False: not all of that is RAM. */
	bool (*read)(void *data, uint64_t gpa, void *dst, size_t size);
	/* False: the vCPU has no registers to show (it never ran, or its state was lost). */
	bool (*regs)(void *data, unsigned int vcpu, struct inspect_regs *regs);
	/* Does the user want out? Asked now and then; true ends all reading, as if there were no
	 * time left. NULL: nobody does. */
	bool (*is_over)(void *data);
	unsigned int nr_vcpus;
	/* Where RAM ends: no byte at or above this. Holes below it are for read to tell. */
	uint64_t ram_end;
};

#endif
