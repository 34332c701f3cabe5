/* Which pages of a guest's RAM hold anything? */
#ifndef KTSTR_VMM_HELD_H
#define KTSTR_VMM_HELD_H

#include <stdint.h>

#include "util/error.h"
#include "vmm/memory.h"

/*
 * held_pages - calls @page for each page that is not zero, ascending, until it returns other than
 * 0; of memory that nobody has touched not even a page of zeroes is made.
 * @at: bytes of RAM before it, as if RAM had no hole: memory->host + @at is the page
 * Returns what @page returned last, or a negative errno with a message where the host does not tell
 * which pages there are.
 */
int held_pages(const struct guest_memory *memory, int (*page)(void *data, uint64_t at), void *data,
	       struct error *err);

#endif
