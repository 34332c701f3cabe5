/* Does the boot processor find what the 64-bit boot protocol promises? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <asm/bootparam.h>

#include "vmm/vmm.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/layout.h"

#define MIB 1048576ull

static struct guest_memory memory_of(uint64_t mib)
{
	const struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct guest_memory memory;
	struct error err;

	if (guest_memory_create(&memory, &topology, mib, NULL, &err))
		fail_msg("%s", err.text);
	return memory;
}

static const struct kernel_entry elf_entry = { .rip = 0x1000b53,
					       .end = 66 * MIB,
					       .initrd_max = 0x7fffffff };

static struct boot_params zero_page(const struct guest_memory *memory,
				    const struct kernel_entry *entry,
				    const struct boot_config *config)
{
	struct boot_params params;
	struct error err;

	/* What was there before must not shine through: the kernel looks at each field. */
	memset(guest_memory_at(memory, LAYOUT_ZERO_PAGE, 4096), 0xee, 4096);
	memset(guest_memory_at(memory, LAYOUT_PAGE_TABLES, 6 * 4096), 0xee, 6 * 4096);
	if (boot_write(memory, entry, config, &err))
		fail_msg("%s", err.text);
	memcpy(&params, guest_memory_at(memory, LAYOUT_ZERO_PAGE, 4096), sizeof(params));
	return params;
}

static void the_zero_page_of_a_vmlinux(void **state)
{
	struct boot_config config = { .cmdline = "console=ttyS0 quiet",
				      .initrd_gpa = 0x5000000,
				      .initrd_size = 0x123456 };
	struct guest_memory memory = memory_of(256);
	struct boot_params params = zero_page(&memory, &elf_entry, &config);

	(void)state;
	assert_int_equal(params.hdr.boot_flag, 0xaa55);
	assert_memory_equal(&params.hdr.header, "HdrS", 4);
	assert_int_equal(params.hdr.version, 0x20f);
	assert_int_equal(params.hdr.loadflags, LOADED_HIGH);
	assert_int_equal(params.hdr.type_of_loader, 0xff);
	assert_int_equal(params.hdr.cmd_line_ptr, LAYOUT_CMDLINE);
	assert_int_equal(params.hdr.ramdisk_image, 0x5000000);
	assert_int_equal(params.hdr.ramdisk_size, 0x123456);
	assert_int_equal(params.ext_ramdisk_image, 0);
	assert_int_equal(params.ext_ramdisk_size, 0);
	assert_true(params.acpi_rsdp_addr == LAYOUT_ACPI);
	assert_int_equal(params.sentinel, 0);
	assert_string_equal(guest_memory_at(&memory, LAYOUT_CMDLINE, VMM_CMDLINE_SIZE),
			    config.cmdline);
	guest_memory_destroy(&memory);
}

static void the_zero_page_of_a_bzimage(void **state)
{
	struct kernel_entry entry = { .rip = 0x1000200,
				      .end = 72 * MIB,
				      .initrd_max = 0x7fffffff,
				      .setup_header_size = 0x90 };
	struct setup_header header = { .setup_sects = 39,
				       .boot_flag = 0xaa55,
				       .header = 0x53726448,
				       .version = 0x20d,
				       .loadflags = KASLR_FLAG,
				       .hardware_subarch = 1,
				       .setup_data = 0x4141414141414141,
				       .kernel_alignment = 0x200000,
				       .init_size = 0x37dc000 };
	struct boot_config config = { .cmdline = "" };
	struct guest_memory memory = memory_of(256);
	struct boot_params params;

	(void)state;
	/* Longer than the structure that we know, as a later kernel's may be. */
	memset(entry.setup_header, 0x77, sizeof(entry.setup_header));
	memcpy(entry.setup_header, &header, sizeof(header));
	params = zero_page(&memory, &entry, &config);
	assert_int_equal(params.hdr.setup_sects, 39);
	assert_int_equal(params.hdr.version, 0x20d);
	assert_int_equal(params.hdr.kernel_alignment, 0x200000);
	assert_int_equal(params.hdr.init_size, 0x37dc000);
	assert_int_equal(params.hdr.loadflags, LOADED_HIGH | KASLR_FLAG);
	assert_int_equal(params.hdr.type_of_loader, 0xff);
	assert_int_equal(params.hdr.hardware_subarch, 0);
	assert_true(params.hdr.setup_data == 0);
	assert_int_equal(params.hdr.ramdisk_image, 0);
	assert_int_equal(params.hdr.ramdisk_size, 0);
	for (size_t at = 0x1f1 + sizeof(header); at < 0x290; at++)
		assert_int_equal(((uint8_t *)&params)[at], at < 0x1f1 + 0x90 ? 0x77 : 0);
	guest_memory_destroy(&memory);
}

static void check_e820(uint64_t mib, const struct boot_e820_entry *expected, size_t count)
{
	struct boot_config config = { .cmdline = "" };
	struct guest_memory memory = memory_of(mib);
	struct boot_params params = zero_page(&memory, &elf_entry, &config);

	assert_int_equal(params.e820_entries, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(params.e820_table[i].addr == expected[i].addr);
		assert_true(params.e820_table[i].size == expected[i].size);
		assert_int_equal(params.e820_table[i].type, expected[i].type);
	}
	guest_memory_destroy(&memory);
}

static void e820_tells_ram_from_the_rest(void **state)
{
	struct boot_e820_entry expected[] = {
		{ .addr = 0, .size = 0x9fc00, .type = 1 },
		{ .addr = 0x9fc00, .size = 0x100000 - 0x9fc00, .type = 2 },
		{ .addr = 0x100000, .size = 255 * MIB, .type = 1 },
		{ .addr = 0xd0000000, .size = KTSTR_CHANNEL_SIZE + KTSTR_BELLS_SIZE, .type = 2 },
		{ .addr = 0x100000000, .size = 1 * MIB, .type = 1 },
	};

	(void)state;
	check_e820(256, expected, 4);
	expected[2].size = 3071 * MIB;
	check_e820(3072, expected, 4);
	check_e820(3073, expected, 5);
}

/* Walk the tables as the processor does. */
static uint64_t translate(const struct guest_memory *memory, uint64_t cr3, uint64_t address)
{
	uint64_t table = cr3;

	for (int shift = 39;; shift -= 9) {
		uint64_t entry;
		const void *at = guest_memory_at(memory, table + (address >> shift & 511) * 8,
						 sizeof(entry));

		assert_non_null(at);
		memcpy(&entry, at, sizeof(entry));
		assert_int_equal(entry & 3, 3); /* present, writable */
		if (shift == 21) {
			assert_int_equal(entry & 0x80, 0x80);
			return (entry & 0xfffffffe00000) | (address & 0x1fffff);
		}
		assert_int_equal(entry & 0x80, 0);
		table = entry & 0xffffffffff000;
	}
}

static void four_gib_are_mapped_one_to_one(void **state)
{
	struct boot_config config = { .cmdline = "" };
	struct guest_memory memory = memory_of(64);
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;
	const uint64_t *pml4;

	(void)state;
	zero_page(&memory, &elf_entry, &config);
	boot_registers(&elf_entry, &regs, &sregs);
	for (uint64_t address = 0; address < LAYOUT_HOLE_END; address += 0x200000 - 8)
		assert_true(translate(&memory, sregs.cr3, address) == address);
	/* And nothing else. */
	pml4 = guest_memory_at(&memory, sregs.cr3, 4096);
	for (int i = 1; i < 512; i++)
		assert_true(pml4[i] == 0);
	guest_memory_destroy(&memory);
}

/* A descriptor in memory says what the segment register holds. */
static void check_descriptor(const struct guest_memory *memory, const struct kvm_dtable *gdt,
			     const struct kvm_segment *segment)
{
	uint64_t descriptor, limit;

	assert_true(segment->selector + 7 <= gdt->limit);
	memcpy(&descriptor, guest_memory_at(memory, gdt->base + segment->selector, 8), 8);
	limit = (descriptor & 0xffff) | (descriptor >> 32 & 0xf0000);
	if (segment->g)
		limit = limit << 12 | 0xfff;
	assert_true(segment->limit == limit);
	assert_true(segment->base == 0);
	assert_int_equal(descriptor >> 16 & 0xffffff, 0);
	assert_int_equal(descriptor >> 56, 0);
	assert_int_equal(segment->type, descriptor >> 40 & 15);
	assert_int_equal(segment->s, descriptor >> 44 & 1);
	assert_int_equal(segment->dpl, descriptor >> 45 & 3);
	assert_int_equal(segment->present, descriptor >> 47 & 1);
	assert_int_equal(segment->l, descriptor >> 53 & 1);
	assert_int_equal(segment->db, descriptor >> 54 & 1);
	assert_int_equal(segment->g, descriptor >> 55 & 1);
	assert_int_equal(segment->unusable, 0);
}

static void the_processor_starts_in_long_mode(void **state)
{
	struct boot_config config = { .cmdline = "" };
	struct guest_memory memory = memory_of(64);
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	(void)state;
	zero_page(&memory, &elf_entry, &config);
	memset(&sregs, 0, sizeof(sregs));
	memset(&regs, 0xee, sizeof(regs));
	sregs.apic_base = 0xfee00900;
	boot_registers(&elf_entry, &regs, &sregs);
	assert_true(regs.rip == 0x1000b53);
	assert_true(regs.rsi == LAYOUT_ZERO_PAGE);
	assert_true(regs.rflags == 2); /* interrupts off */
	assert_true(regs.rsp == 0 && regs.rbp == 0 && regs.rdi == 0);
	assert_true(sregs.cr0 & 1 && sregs.cr0 >> 31 & 1);
	assert_true(sregs.cr4 & 0x20);
	assert_true(sregs.efer == 0x500);
	assert_true(sregs.apic_base == 0xfee00900);
	/* The selectors that boot.rst wants: __BOOT_CS and __BOOT_DS. */
	assert_int_equal(sregs.cs.selector, 0x10);
	assert_int_equal(sregs.ds.selector, 0x18);
	assert_int_equal(sregs.es.selector, 0x18);
	assert_int_equal(sregs.ss.selector, 0x18);
	assert_int_equal(sregs.cs.l, 1);
	assert_int_equal(sregs.cs.type, 11);
	assert_int_equal(sregs.ds.type, 3);
	assert_int_equal(sregs.tr.type, 11); /* a busy TSS, or the entry into the guest fails */
	check_descriptor(&memory, &sregs.gdt, &sregs.cs);
	check_descriptor(&memory, &sregs.gdt, &sregs.ds);
	check_descriptor(&memory, &sregs.gdt, &sregs.es);
	check_descriptor(&memory, &sregs.gdt, &sregs.fs);
	check_descriptor(&memory, &sregs.gdt, &sregs.gs);
	check_descriptor(&memory, &sregs.gdt, &sregs.ss);
	check_descriptor(&memory, &sregs.gdt, &sregs.tr);
	guest_memory_destroy(&memory);
}

static void command_lines_are_bounded(void **state)
{
	struct guest_memory memory = memory_of(64);
	struct error err = { 0 };
	char line[2049], tsc[] = "tsc_early_khz=4294967295 ";
	struct boot_config config = { .cmdline = line, .tsc_khz = UINT32_MAX };
	const char *written = guest_memory_at(&memory, LAYOUT_CMDLINE, VMM_CMDLINE_SIZE);

	(void)state;
	memset(line, 'x', sizeof(line));
	line[2022] = '\0';
	assert_int_equal(boot_write(&memory, &elf_entry, &config, &err), 0);
	assert_memory_equal(written, tsc, strlen(tsc));
	assert_string_equal(written + strlen(tsc), line);
	assert_int_equal(strlen(written), 2047);
	config.tsc_khz = 0;
	assert_int_equal(boot_write(&memory, &elf_entry, &config, &err), 0);
	assert_string_equal(written, line);
	line[2022] = 'x';
	line[2023] = '\0';
	assert_int_equal(boot_write(&memory, &elf_entry, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2023 bytes, there is room for 2022"));
	guest_memory_destroy(&memory);
}

static void a_header_that_does_not_fit_is_refused(void **state)
{
	struct kernel_entry entry = elf_entry;
	struct guest_memory memory = memory_of(64);
	struct boot_config config = { .cmdline = "" };
	struct error err = { 0 };

	(void)state;
	entry.setup_header_size = 0x290 - 0x1f1;
	assert_int_equal(boot_write(&memory, &entry, &config, &err), 0);
	entry.setup_header_size++;
	assert_int_equal(boot_write(&memory, &entry, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "setup header of 160 bytes"));
	guest_memory_destroy(&memory);
}

/* Sizes alone matter to boot_place_initrd: no RAM is needed for it. */
static struct guest_memory pretend(uint64_t mib)
{
	return (struct guest_memory){ .size = mib * MIB,
				      .low_size = mib < 3072 ? mib * MIB : LAYOUT_HOLE_START };
}

static uint64_t place(uint64_t mib, const struct kernel_entry *entry, uint64_t size)
{
	struct guest_memory memory = pretend(mib);
	struct error err;
	uint64_t gpa;

	if (boot_place_initrd(&memory, entry, size, &gpa, &err))
		fail_msg("%s", err.text);
	assert_int_equal(gpa % 4096, 0);
	assert_true(gpa >= entry->end);
	assert_true(gpa + size <= memory.low_size);
	assert_true(gpa + size - 1 <= entry->initrd_max);
	return gpa;
}

static void the_initramfs_goes_as_high_as_it_may(void **state)
{
	struct kernel_entry entry = elf_entry;

	(void)state;
	assert_true(place(256, &entry, 10 * MIB) == 246 * MIB);
	assert_true(place(256, &entry, 10 * MIB - 1) == 246 * MIB);
	assert_true(place(256, &entry, 10 * MIB + 1) == 246 * MIB - 4096);
	/* RAM reaches further than the kernel allows, and then beyond the hole. */
	assert_true(place(3000, &entry, 10 * MIB) == 2038 * MIB);
	assert_true(place(65536, &entry, 10 * MIB) == 2038 * MIB);
	entry.initrd_max = 0xffffffff;
	assert_true(place(65536, &entry, 10 * MIB) == 3062 * MIB);
	entry.initrd_max = UINT64_MAX;
	assert_true(place(65536, &entry, 10 * MIB) == 3062 * MIB);
}

static void expect_no_room(uint64_t mib, const struct kernel_entry *entry, uint64_t size,
			   const char *text)
{
	struct guest_memory memory = pretend(mib);
	struct error err = { 0 };
	uint64_t gpa;

	assert_int_equal(boot_place_initrd(&memory, entry, size, &gpa, &err), -ENOSPC);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
}

/* The number that the message gives is the smallest that works. */
static void the_advice_is_right(void **state)
{
	const uint64_t sizes[] = { 1, 10 * MIB, 200 * MIB, 1000 * MIB, 1900 * MIB };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct guest_memory memory = pretend(64);
		unsigned long long advice = 0;
		struct error err = { 0 };
		const char *at;
		uint64_t gpa;

		assert_int_equal(boot_place_initrd(&memory, &elf_entry, sizes[i], &gpa, &err),
				 -ENOSPC);
		at = strstr(err.text, "give --memory ");
		assert_non_null(at);
		assert_int_equal(sscanf(at, "give --memory %llu or more", &advice), 1);
		place(advice, &elf_entry, sizes[i]);
		expect_no_room(advice - 1, &elf_entry, sizes[i], "too little");
		/* Kernel, archive, and a ramfs that holds its files. */
		assert_true(advice * MIB - elf_entry.end - sizes[i] > sizes[i]);
		/* And the kernel's memory map, and something to live on. */
		assert_true(advice * MIB / 64 * 63 >= elf_entry.end + 2 * sizes[i] + 32 * MIB);
	}
}

static void too_large_an_initramfs_is_refused(void **state)
{
	struct kernel_entry entry = elf_entry;

	(void)state;
	expect_no_room(256, &elf_entry, 80 * MIB, "an initramfs of 80 MiB");
	/* With no amount of memory. */
	expect_no_room(65536, &elf_entry, 1983 * MIB,
		       "1983 MiB are more than this kernel can take");
	expect_no_room(65536, &elf_entry, 1982 * MIB + 1, "between its own end and 2048 MiB");
	expect_no_room(65536, &elf_entry, UINT64_MAX, "are more than this kernel can take");
	place(65536, &elf_entry, 1982 * MIB);
	entry.initrd_max = 16 * MIB;
	expect_no_room(256, &entry, 1, "which is 0 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zero_page_of_a_vmlinux),
		cmocka_unit_test(the_zero_page_of_a_bzimage),
		cmocka_unit_test(e820_tells_ram_from_the_rest),
		cmocka_unit_test(four_gib_are_mapped_one_to_one),
		cmocka_unit_test(the_processor_starts_in_long_mode),
		cmocka_unit_test(command_lines_are_bounded),
		cmocka_unit_test(a_header_that_does_not_fit_is_refused),
		cmocka_unit_test(the_initramfs_goes_as_high_as_it_may),
		cmocka_unit_test(the_advice_is_right),
		cmocka_unit_test(too_large_an_initramfs_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
