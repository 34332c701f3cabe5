/* Which symbols does a vmlinux have that somebody kept from the kernel's build? */
#ifndef KTSTR_INSPECT_VMLINUX_SYMBOLS_H
#define KTSTR_INSPECT_VMLINUX_SYMBOLS_H

#include "inspect/symbols.h"
#include "util/error.h"

/* "Linux version ...", as it stands at linux_banner; longer ones are cut. */
#define VMLINUX_BANNER_SIZE 512

struct vmlinux_symbols {
	struct symbols symbols;		  /* where they were linked */
	char banner[VMLINUX_BANNER_SIZE]; /* which kernel it is, to the minute of its build */
	uint64_t banner_at;
};

/*
 * vmlinux_symbols_read - of the ELF file @path
 * Returns 0, or with a message a negative errno of opening it, -EINVAL: it is no vmlinux of x86-64,
 * or has no symbols; -ENOMEM.
 */
int vmlinux_symbols_read(const char *path, struct vmlinux_symbols *out, struct error *err);
void vmlinux_symbols_destroy(struct vmlinux_symbols *elf); /* a zeroed one is fine */

#endif
