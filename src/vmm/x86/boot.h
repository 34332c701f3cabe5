/*
 * What does the boot processor find when it starts? Zero page, e820, GDT, page tables, command line
 * (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol").
 */
#ifndef KTSTR_VMM_BOOT_H
#define KTSTR_VMM_BOOT_H

#include <linux/kvm.h>
#include <stdint.h>

#include "util/error.h"
#include "vmm/kernel_image.h"
#include "vmm/memory.h"

struct boot_config {
	const char *cmdline;  /* at most VMM_CMDLINE_SIZE - 1 - VMM_CMDLINE_OWN bytes */
	unsigned int tsc_khz; /* goes before it, as tsc_early_khz; 0: not known */
	uint64_t initrd_gpa;  /* 0 and 0: none */
	uint64_t initrd_size;
};

/*
 * boot_place_initrd - choose the page-aligned address of an initramfs of @size bytes: as high as
 * the kernel allows in low RAM, above entry->end. Returns 0, or -ENOSPC with the sizes when kernel
 * and initramfs do not fit into guest RAM.
 */
int boot_place_initrd(const struct guest_memory *memory, const struct kernel_entry *entry,
		      uint64_t size, uint64_t *gpa, struct error *err);

/* boot_write - fill the low pages: zero page with e820, GDT, page tables, command line. */
int boot_write(const struct guest_memory *memory, const struct kernel_entry *entry,
	       const struct boot_config *config, struct error *err);

/* boot_registers - long mode, flat segments, RSI at the zero page, RIP at the entry. */
void boot_registers(const struct kernel_entry *entry, struct kvm_regs *regs,
		    struct kvm_sregs *sregs);

#endif
