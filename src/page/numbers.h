/* Numbers by a key, another number: which is a task's by its pid, say. */
#ifndef KTSTR_PAGE_NUMBERS_H
#define KTSTR_PAGE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* What a key has that is new. */
#define NO_NUMBER UINT32_MAX

/* Open addressing, a power of two of slots. All zeros: empty. */
struct numbers {
	uint64_t *keys;
	uint32_t *values; /* NO_NUMBER: the slot is free */
	size_t size, used;
};

/*
 * number_of - the value's place, until the next call; NO_NUMBER stands in it where @key is new, and
 * the caller puts another there. NULL: no memory.
 */
uint32_t *number_of(struct numbers *numbers, uint64_t key);
void numbers_free(struct numbers *numbers);

#endif
