/* What is a short stable number for some bytes? FNV-1a, 64 bits
 * (http://www.isthe.com/chongo/tech/comp/fnv/). */
#ifndef KTSTR_UTIL_FNV_H
#define KTSTR_UTIL_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START 0xcbf29ce484222325ull

/* fnv_add - the hash of what @hash stands for, and then @size more bytes. Begin with FNV_START. */
static inline uint64_t fnv_add(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	while (size--)
		hash = (hash ^ *at++) * 0x100000001b3ull;
	return hash;
}

#endif
