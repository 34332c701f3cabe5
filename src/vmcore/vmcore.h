/*
 * How does a machine that stands still become a file that crash and drgn open? An ELF core in the
 * form of kdump's /proc/vmcore: a PT_LOAD for each stretch of RAM by its physical address, an
 * NT_PRSTATUS note for each CPU, and the kernel's own VMCOREINFO note, by which they find the rest.
 */
#ifndef KTSTR_VMCORE_VMCORE_H
#define KTSTR_VMCORE_VMCORE_H

#include <stdbool.h>

#include "util/error.h"
#include "vmm/vmm.h"

/*
 * vmcore_write - @fd: an empty file; what is zero in the guest is a hole in it
 * @has_info: the kernel's VMCOREINFO is in it. Without it (the kernel had not come so far) it holds
 * memory and registers all the same.
 * Returns 0; -EBUSY: the machine does not stand still; -EFBIG: over the limit for files
 * (RLIMIT_FSIZE); or what writing returns; with a message.
 */
int vmcore_write(struct vmm *vmm, int fd, bool *has_info, struct error *err);

#endif
