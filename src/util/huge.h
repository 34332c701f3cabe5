/* How is memory mapped so that the host can give it out in huge pages, and KVM pass them on? */
#ifndef KTSTR_UTIL_HUGE_H
#define KTSTR_UTIL_HUGE_H

#include <stdint.h>

/* x86's and arm64's, with pages of 4 KiB. */
#define HUGE_PAGE_SIZE (2ull << 20)

/* huge_round - up to a multiple of it. */
uint64_t huge_round(uint64_t size);

/*
 * huge_reserve - room in the address space, with no access, that begins at a multiple of
 * HUGE_PAGE_SIZE. Returns NULL with errno.
 */
void *huge_reserve(uint64_t size);

/*
 * huge_map - huge_round(@size) bytes of zeroes, of private memory, in huge pages where the host has
 * them. Owned by the caller: huge_unmap with the same size. Returns NULL with errno.
 */
void *huge_map(uint64_t size);
void huge_unmap(void *at, uint64_t size);

#endif
