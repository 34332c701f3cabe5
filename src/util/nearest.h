/* Which known name did the user mean? For "did you mean '...'?". */
#ifndef KTSTR_UTIL_NEAREST_H
#define KTSTR_UTIL_NEAREST_H

#include <stddef.h>

/*
 * nearest_name - the name that was meant by @word: one that differs by at most two slips of the
 * finger (a letter missing, too many, wrong, or swapped with the next) and less than half of the
 * word, else the first one that has the word as a part of it ("memory" in "memory_mib").
 * @name: name number @i of the caller's table, or NULL behind the last one; @data is the caller's
 * Returns NULL when none is near.
 */
const char *nearest_name(const char *word, size_t length,
			 const char *(*name)(const void *data, size_t i), const void *data);

#endif
