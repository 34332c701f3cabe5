/* Is there the kernel's VMCOREINFO in this page of its memory? */
#ifndef KTSTR_VMCORE_INFO_H
#define KTSTR_VMCORE_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* VMCOREINFO_BYTES of the kernel: a page. */
#define VMCORE_INFO_MAX 4096u

/*
 * vmcore_info_find - as the kernel makes it in a page of its own (kernel/vmcore_info.c): a note,
 * whose text begins with the release.
 * @page: VMCORE_INFO_MAX bytes, of the guest's
 * @text: where it begins in @page; @size: its bytes, within @page
 */
bool vmcore_info_find(const uint8_t *page, size_t *text, size_t *size);

/*
 * vmcore_info_number - what stands behind @key ("NUMBER(phys_base)=", with its sign) in a line of
 * @text, in base @base (10, 16). False: no such line, or no number.
 */
bool vmcore_info_number(const char *text, size_t size, const char *key, int base, uint64_t *value);

#endif
