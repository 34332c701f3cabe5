/*
 * What does the boot processor find when it starts? See boot.h. Structures: <asm/bootparam.h> and
 * Documentation/arch/x86/{boot,zero-page}.rst; descriptors: Intel SDM vol. 3, 3.4.5 and 8.2.3.
 */
#include "vmm/x86/boot.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/vmm.h"
#include "vmm/x86/layout.h"

#define MIB	  (1ull << 20)
#define PAGE_SIZE 4096ull

/* What the kernel has in use besides its image before init runs, and init itself. */
#define GUEST_OVERHEAD	 (32 * MIB)
/* The kernel's bounce buffer, which it has as soon as there is RAM above 4 GiB (swiotlb). */
#define GUEST_SWIOTLB	 (64 * MIB)
/* One part in so many of RAM is the kernel's memory map: 64 bytes a page. */
#define GUEST_MEMORY_MAP (PAGE_SIZE / 64)

/* The protocol's selectors, and one for a task register that is never used but must be valid. */
#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18
#define SELECTOR_TSS  0x20
#define TSS_LIMIT     0x67
#define TYPE_CODE     0xb /* execute, read, accessed */
#define TYPE_DATA     0x3 /* read, write, accessed */
#define TYPE_TSS      0xb /* 64-bit, busy */

#define CR0_PE	 (1ull << 0)
#define CR0_ET	 (1ull << 4)
#define CR0_PG	 (1ull << 31)
#define CR4_PAE	 (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define RFLAGS_1 (1ull << 1) /* reserved, always set */

#define PAGE_PRESENT  (1ull << 0)
#define PAGE_WRITABLE (1ull << 1)
#define PAGE_LARGE    (1ull << 7)
#define TABLE_ENTRIES 512ull
#define MAPPED_GIB    4ull

#define E820_RAM	 1
#define E820_RESERVED	 2
#define LOADER_UNDEFINED 0xff /* type_of_loader: none of the assigned numbers */
#define HEADER_OFFSET	 0x1f1
#define BOOT_FLAG	 0xaa55
#define HEADER_MAGIC	 0x53726448 /* "HdrS" */
#define HEADER_VERSION	 0x020f

/* Room for a setup header: the zero page has other fields from its end on. */
#define HEADER_ROOM (offsetof(struct boot_params, edd_mbr_sig_buffer) - HEADER_OFFSET)

_Static_assert(sizeof(struct boot_params) == PAGE_SIZE, "the zero page is a page");
_Static_assert(offsetof(struct boot_params, hdr) == HEADER_OFFSET, "zero-page.rst says 0x1f1");
_Static_assert(LAYOUT_ZERO_PAGE + PAGE_SIZE <= LAYOUT_PAGE_TABLES, "they do not overlap");
_Static_assert(LAYOUT_PAGE_TABLES + (2 + MAPPED_GIB) * PAGE_SIZE <= LAYOUT_CMDLINE, "nor do these");
_Static_assert(LAYOUT_CMDLINE + VMM_CMDLINE_SIZE <= LAYOUT_EBDA, "all of it is RAM in e820");

static uint64_t mib_up(uint64_t bytes)
{
	return bytes / MIB + (bytes % MIB != 0);
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

/*
 * The least RAM with which an initramfs of @size bytes, at most 3 GiB, is unpacked. It counts
 * twice: the archive, and its files, which go into a ramfs (rootfstype=ramfs, run/cmdline.c; a
 * tmpfs would take no more than half of what is left: "Initramfs unpacking failed: write error").
 */
static uint64_t least_memory(uint64_t kernel_end, uint64_t size)
{
	uint64_t least = kernel_end + 2 * size + GUEST_OVERHEAD;

	least += least / (GUEST_MEMORY_MAP - 1);
	return least > LAYOUT_HOLE_START ? least + GUEST_SWIOTLB : least;
}

int boot_place_initrd(const struct guest_memory *memory, const struct kernel_entry *entry,
		      uint64_t size, uint64_t *gpa, struct error *err)
{
	uint64_t bottom = page_up(entry->end);
	uint64_t limit = LAYOUT_HOLE_START;
	uint64_t top, least;

	if (entry->initrd_max < limit)
		limit = entry->initrd_max + 1;
	if (bottom > limit || size > limit - bottom)
		return error_set(err, -ENOSPC,
				 "initramfs: %llu MiB are more than this kernel can take, which is "
				 "%llu MiB between its own end and %llu MiB; put less into it",
				 (unsigned long long)mib_up(size),
				 bottom > limit ? 0 : (unsigned long long)((limit - bottom) / MIB),
				 (unsigned long long)(limit / MIB));
	least = least_memory(entry->end, size);
	if (memory->size < least)
		return error_set(err, -ENOSPC,
				 "guest memory: %llu MiB are too little for the kernel, which ends "
				 "at %llu MiB, and an initramfs of %llu MiB, which needs "
				 "twice its size while it is unpacked; give --memory %llu or more",
				 (unsigned long long)(memory->size / MIB),
				 (unsigned long long)mib_up(entry->end),
				 (unsigned long long)mib_up(size),
				 (unsigned long long)mib_up(least));
	top = limit < memory->low_size ? limit : memory->low_size;
	*gpa = (top - size) & ~(PAGE_SIZE - 1);
	return 0;
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end, uint32_t type)
{
	params->e820_table[params->e820_entries++] =
		(struct boot_e820_entry){ .addr = start, .size = end - start, .type = type };
}

static void write_e820(struct boot_params *params, const struct guest_memory *memory)
{
	add_e820(params, 0, LAYOUT_EBDA, E820_RAM);
	add_e820(params, LAYOUT_EBDA, LAYOUT_KERNEL_MIN, E820_RESERVED);
	add_e820(params, LAYOUT_KERNEL_MIN, memory->low_size, E820_RAM);
	add_e820(params, KTSTR_CHANNEL_GPA, KTSTR_BELLS_GPA + KTSTR_BELLS_SIZE, E820_RESERVED);
	if (memory->size > memory->low_size)
		add_e820(params, LAYOUT_HOLE_END,
			 LAYOUT_HOLE_END + (memory->size - memory->low_size), E820_RAM);
}

/* @low: the host's address of guest-physical 0. */
static void write_zero_page(uint8_t *low, const struct guest_memory *memory,
			    const struct kernel_entry *entry, const struct boot_config *config)
{
	uint8_t *page = low + LAYOUT_ZERO_PAGE;
	struct boot_params params;

	memset(&params, 0, sizeof(params));
	/* A later kernel's header may be longer than the structure that we know. */
	memcpy((uint8_t *)&params + HEADER_OFFSET, entry->setup_header, entry->setup_header_size);
	if (entry->setup_header_size == 0) {
		params.hdr.boot_flag = BOOT_FLAG;
		params.hdr.header = HEADER_MAGIC;
		params.hdr.version = HEADER_VERSION;
	}
	params.hdr.loadflags |= LOADED_HIGH;
	params.hdr.type_of_loader = LOADER_UNDEFINED;
	params.hdr.hardware_subarch = 0;
	params.hdr.setup_data = 0;
	params.hdr.cmd_line_ptr = LAYOUT_CMDLINE;
	params.hdr.ramdisk_image = (uint32_t)config->initrd_gpa;
	params.ext_ramdisk_image = (uint32_t)(config->initrd_gpa >> 32);
	params.hdr.ramdisk_size = (uint32_t)config->initrd_size;
	params.ext_ramdisk_size = (uint32_t)(config->initrd_size >> 32);
	params.acpi_rsdp_addr = LAYOUT_ACPI;
	write_e820(&params, memory);
	memcpy(page, &params, sizeof(params));
}

static void write_gdt(uint8_t *low)
{
	const uint64_t gdt[] = {
		0,
		0,
		0x00af9b000000ffff,		/* code: 64-bit, flat */
		0x00cf93000000ffff,		/* data: flat */
		0x00008b0000000000 | TSS_LIMIT, /* TSS at 0; in long mode it has two entries */
		0,
	};

	_Static_assert(sizeof(gdt) == SELECTOR_TSS + 16, "the TSS is the last");
	memcpy(low + LAYOUT_GDT, gdt, sizeof(gdt));
}

static void write_entry(uint8_t *low, uint64_t table, uint64_t index, uint64_t entry)
{
	memcpy(low + table + index * sizeof(entry), &entry, sizeof(entry));
}

/* Identity map of the first 4 GiB in pages of 2 MiB: PML4, PDPT, then one directory a GiB. */
static void write_page_tables(uint8_t *low)
{
	const uint64_t pml4 = LAYOUT_PAGE_TABLES, pdpt = pml4 + PAGE_SIZE;
	const uint64_t directories = pdpt + PAGE_SIZE;
	const uint64_t table = PAGE_PRESENT | PAGE_WRITABLE;

	memset(low + pml4, 0, (2 + MAPPED_GIB) * PAGE_SIZE);
	write_entry(low, pml4, 0, pdpt | table);
	for (uint64_t i = 0; i < MAPPED_GIB; i++)
		write_entry(low, pdpt, i, (directories + i * PAGE_SIZE) | table);
	for (uint64_t i = 0; i < MAPPED_GIB * TABLE_ENTRIES; i++)
		write_entry(low, directories, i, i * 2 * MIB | PAGE_LARGE | table);
}

int boot_write(const struct guest_memory *memory, const struct kernel_entry *entry,
	       const struct boot_config *config, struct error *err)
{
	char tsc[VMM_CMDLINE_OWN + 1] = "";
	uint8_t *low = guest_memory_at(memory, 0, LAYOUT_KERNEL_MIN);

	if (!low)
		return error_set(err, -ENOSPC,
				 "guest memory: %llu bytes are less than the first MiB, which the "
				 "boot protocol needs; give more with --memory",
				 (unsigned long long)memory->size);
	if (entry->setup_header_size > HEADER_ROOM)
		return error_set(err, -EINVAL,
				 "zero page: a setup header of %u bytes, there is room for %zu",
				 entry->setup_header_size, HEADER_ROOM);
	if (strlen(config->cmdline) >= VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN)
		return error_set(err, -EINVAL,
				 "kernel command line: %zu bytes, there is room for %llu; shorten "
				 "--append or the tracer's arguments",
				 strlen(config->cmdline), VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN - 1);
	/* First, so that the user's own wins. */
	if (config->tsc_khz)
		snprintf(tsc, sizeof(tsc), "tsc_early_khz=%u ", config->tsc_khz);
	snprintf((char *)low + LAYOUT_CMDLINE, VMM_CMDLINE_SIZE, "%s%s", tsc, config->cmdline);
	write_zero_page(low, memory, entry, config);
	write_gdt(low);
	write_page_tables(low);
	return 0;
}

void boot_registers(const struct kernel_entry *entry, struct kvm_regs *regs,
		    struct kvm_sregs *sregs)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = SELECTOR_CODE,
		.type = TYPE_CODE,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = SELECTOR_DATA,
		.type = TYPE_DATA,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};

	memset(regs, 0, sizeof(*regs));
	regs->rip = entry->rip;
	regs->rsi = LAYOUT_ZERO_PAGE;
	regs->rflags = RFLAGS_1;

	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->tr = (struct kvm_segment){
		.limit = TSS_LIMIT,
		.selector = SELECTOR_TSS,
		.type = TYPE_TSS,
		.present = 1,
	};
	sregs->gdt = (struct kvm_dtable){ .base = LAYOUT_GDT, .limit = SELECTOR_TSS + 16 - 1 };
	/* No handler yet: an exception before the kernel has its own ends in a triple fault. */
	sregs->idt = (struct kvm_dtable){ .base = 0, .limit = 0 };
	sregs->cr0 = CR0_PE | CR0_ET | CR0_PG;
	sregs->cr3 = LAYOUT_PAGE_TABLES;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME | EFER_LMA;
}
