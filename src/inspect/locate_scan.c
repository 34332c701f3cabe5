/*
 * Where does the kernel lie, when no vCPU has page tables to start from? KVM on AMD resets a vCPU
 * that shut down by a triple fault. All of RAM is looked through, for VMCOREINFO, which says where
 * the kernel's page tables are, and for kallsyms, whose symbols say it; there is VMCOREINFO only
 * once the kernel is through most of its boot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/state.h"

#define MAP_START 0xffffffff80000000ull /* __START_KERNEL_map */
#define ALIGNMENT (2ull << 20)		/* of the image, in both kinds of addresses */
#define MAX_IMAGE (512ull << 20)
#define CHUNK	  (1u << 20)

/* By the note's own words: the tables' virtual address, and phys_base. */
static int try_vmcoreinfo(struct inspect *inspect, const struct vmcoreinfo *info)
{
	int64_t phys_base, five_levels;
	struct address_root root;
	uint64_t top;

	if (!vmcoreinfo_hex(info, "SYMBOL(init_top_pgt)", &top) ||
	    !vmcoreinfo_number(info, "NUMBER(phys_base)", &phys_base) ||
	    !vmcoreinfo_number(info, "NUMBER(pgtable_l5_enabled)", &five_levels))
		return 0;
	root.gpa = top - MAP_START + (uint64_t)phys_base;
	root.five_levels = five_levels == 1;
	if (root.gpa >= inspect->source->ram_end)
		return 0;
	return locate_try(inspect, &root);
}

/* It begins a page, by itself or behind the head of an ELF note (12 bytes, name "VMCOREINFO"). */
static int scan_vmcoreinfo(struct inspect *inspect, const char *page)
{
	static const size_t places[] = { 0, 24 };
	struct vmcoreinfo info;
	int ret = 0;

	for (unsigned int i = 0; i < 2 && ret == 0; i++)
		if (vmcoreinfo_take(&info, page + places[i], ADDRESS_PAGE_SIZE - places[i]))
			ret = try_vmcoreinfo(inspect, &info);
	return ret;
}

/*
 * The tables at @symbols' init_top_pgt, if the image lay at @gpa: they must map it there. Where
 * they map it is not known before.
 */
static int try_image(struct inspect *inspect, uint64_t gpa, uint64_t top)
{
	for (unsigned int five = 0; five < 2; five++) {
		struct address_root root = { .gpa = gpa + top, .five_levels = five };
		uint64_t text, text_gpa, size;
		int ret;

		if (!locate_text(inspect, &root, &text, &text_gpa, &size) || text_gpa != gpa)
			continue;
		ret = locate_try(inspect, &root);
		if (ret)
			return ret;
	}
	return 0;
}

static int scan_kallsyms(struct inspect *inspect, uint64_t digits)
{
	/* Any address will do that has the same place within 2 MiB. */
	uint64_t delta = MAP_START + MAX_IMAGE - (digits & ~(ALIGNMENT - 1));
	struct symbols symbols;
	uint64_t top, gpa;
	int ret = locate_symbols(inspect, digits, delta, 0, &symbols);

	if (ret != 1)
		return ret;
	ret = 0;
	if (symbols_find(&symbols, "init_top_pgt", &top) && top >= symbols.start) {
		top -= symbols.start;
		gpa = digits & ~(ALIGNMENT - 1);
		for (uint64_t at = 0; at < MAX_IMAGE && at <= gpa && ret == 0; at += ALIGNMENT)
			ret = try_image(inspect, gpa - at, top);
	}
	symbols_destroy(&symbols);
	return ret;
}

static int scan_chunk(struct inspect *inspect, uint64_t gpa, const uint8_t *chunk, size_t size)
{
	size_t hit = 0;
	int ret = 0;

	for (size_t at = 0; at + ADDRESS_PAGE_SIZE <= size && ret == 0; at += ADDRESS_PAGE_SIZE)
		ret = scan_vmcoreinfo(inspect, (const char *)chunk + at);
	while (ret == 0 && (hit = kallsyms_find_tokens(chunk, size, hit)) < size) {
		ret = scan_kallsyms(inspect, gpa + hit);
		hit++;
	}
	return ret;
}

int locate_scan(struct inspect *inspect)
{
	/* Chunks overlap by a page: what is sought may lie across a border. */
	uint8_t *chunk = malloc(CHUNK + ADDRESS_PAGE_SIZE);
	int ret = 0;

	if (!chunk)
		return -ENOMEM;
	for (uint64_t gpa = 0; gpa < inspect->source->ram_end && ret == 0; gpa += CHUNK) {
		uint64_t left = inspect->source->ram_end - gpa;
		size_t size = CHUNK + ADDRESS_PAGE_SIZE;

		if (!state_has_time(inspect, 0))
			break;
		if (left < size)
			size = (size_t)left;
		ret = scan_chunk(inspect, gpa, chunk, state_read_most(inspect, gpa, chunk, size));
	}
	free(chunk);
	return ret;
}
