/*
 * Which parts of a large, mostly empty file hold anything? A list, as short as is useful: what is
 * mapped part by part costs a mapping for each.
 */
#ifndef KTSTR_UTIL_EXTENTS_H
#define KTSTR_UTIL_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Offsets and sizes are multiples of this. */
#define EXTENTS_PAGE 4096ull
/*
 * The longest list. Each extent may need a mapping of its own and leave one behind it, of the 65530
 * that a process has by default (vm.max_map_count).
 */
#define EXTENTS_MAX  4096u

struct extent {
	uint64_t at; /* bytes */
	uint64_t size;
};

/* Ascending, with gaps between them; zeroed before the first is added. */
struct extents {
	struct extent *list; /* owned: extents_free */
	size_t count;
};

/*
 * extents_add - one more, behind the last. Both are multiples of EXTENTS_PAGE.
 * A short gap before it becomes part of it, and when the list gets too long, longer ones as well.
 * Returns 0 or -ENOMEM.
 */
int extents_add(struct extents *extents, uint64_t at, uint64_t size);

/* extents_are_sound - as they must be in something of @size bytes; wherever they come from. */
bool extents_are_sound(const struct extents *extents, uint64_t size);

/* extents_is_zero - of a page, whose address is a multiple of 8. */
bool extents_is_zero(const void *page);

/* extents_total - the bytes in all of them. */
uint64_t extents_total(const struct extents *extents);

void extents_free(struct extents *extents);

#endif
