/* What is an address called? In the kernel's image, a module or a BPF program, in the kernel's own
 * form. */
#ifndef KTSTR_INSPECT_NAMES_H
#define KTSTR_INSPECT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/symbols_of_modules.h"

struct inspect;

/* Of the longest with its NUL. */
#define NAMES_SIZE 704

/*
 * names_of - as %pS has it: "schedule+0x10/0x80", "vsock_accept+0xe5/0x330 [vsock]"
 * @modules: NULL: none are known
 * @dst: NAMES_SIZE bytes; the guest's bytes that are no printable ASCII are "?"
 * False: it is in none of them, or in a module whose symbols are not readable; @dst is then its
 * number, "0xffffffff81000000", with the module where that is known.
 */
bool names_of(struct inspect *inspect, const struct module_symbols *modules, uint64_t address,
	      char *dst);

#endif
