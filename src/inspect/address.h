/*
 * Where does a virtual address lie in guest-physical memory? By x86-64's page tables, of 4 or 5
 * levels (Intel SDM vol. 3A, section 4.5; AMD64 vol. 2, section 5.3).
 */
#ifndef KTSTR_INSPECT_ADDRESS_H
#define KTSTR_INSPECT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/source.h"

#define ADDRESS_PAGE_SIZE 4096u

/* The table at the top: what CR3 points at, without CR3's flags. */
struct address_root {
	uint64_t gpa;
	bool five_levels;
};

struct address_page {
	uint64_t gpa;  /* of its first byte */
	uint64_t size; /* bytes: 4 KiB, 2 MiB or 1 GiB */
};

/*
 * address_walk - the page that @address lies in; at most five reads of 8 bytes
 * False: not canonical, not present, an entry that no processor takes, or a table that is not RAM.
 * That the page itself is RAM is not looked at.
 */
bool address_walk(const struct inspect_source *source, const struct address_root *root,
		  uint64_t address, struct address_page *page);

/* address_of_vcpu - the root that a vCPU walks from; false: it has no paging for long mode. */
bool address_of_vcpu(const struct inspect_regs *regs, struct address_root *root);

#endif
