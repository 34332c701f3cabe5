/* Where does a virtual address lie in guest-physical memory? (address.h) */
#include "inspect/address.h"

#include <stddef.h>

#define CR0_PG	      (1ull << 31)
#define CR4_PAE	      (1ull << 5)
#define CR4_LA57      (1ull << 12)
#define EFER_LMA      (1ull << 10)
#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_HUGE    (1ull << 7)
/* Bits 51 to 12: no processor has more address bits. */
#define ENTRY_ADDRESS 0x000ffffffffff000ull

/* A table of level L has 512 entries; one of them spans 1 << shift bytes. */
static unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static bool is_canonical(uint64_t address, unsigned int levels)
{
	unsigned int unused = 64 - level_shift(levels + 1);

	return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

bool address_walk(const struct inspect_source *source, const struct address_root *root,
		  uint64_t address, struct address_page *page)
{
	unsigned int levels = root->five_levels ? 5 : 4;
	uint64_t table = root->gpa & ENTRY_ADDRESS;
	uint64_t entry;

	if (!is_canonical(address, levels))
		return false;
	for (unsigned int level = levels; level > 0; level--) {
		unsigned int shift = level_shift(level);
		uint64_t slot = address >> shift & 511;

		if (!source->read(source->data, table + slot * sizeof(entry), &entry,
				  sizeof(entry)) ||
		    !(entry & ENTRY_PRESENT))
			return false;
		table = entry & ENTRY_ADDRESS;
		/* At level 1 the bit is PAT; above 3 it must be zero. */
		if (level == 1 || (entry & ENTRY_HUGE)) {
			if (level > 3)
				return false;
			page->size = 1ull << shift;
			page->gpa = table & ~(page->size - 1);
			return true;
		}
	}
	return false;
}

bool address_of_vcpu(const struct inspect_regs *regs, struct address_root *root)
{
	if (!(regs->cr0 & CR0_PG) || !(regs->cr4 & CR4_PAE) || !(regs->efer & EFER_LMA))
		return false;
	root->gpa = regs->cr3 & ENTRY_ADDRESS;
	root->five_levels = regs->cr4 & CR4_LA57;
	return true;
}
