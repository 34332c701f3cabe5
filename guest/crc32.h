/*
 * CRC-32 as zlib has it (reflected polynomial 0xedb88320; RFC 1952, section 8), eight bytes a step:
 * each byte of the payload's output goes through it.
 */
#ifndef KTSTR_GUEST_CRC32_H
#define KTSTR_GUEST_CRC32_H

#include <stddef.h>
#include <stdint.h>

struct crc32_table {
	uint32_t slice[8][256]; /* slice[n][b]: what byte b does with n zero bytes behind it */
};

void crc32_table_init(struct crc32_table *table);

/* Go on from @crc (0 at the start) with @count bytes, little-endian machines only. */
uint32_t crc32_update(const struct crc32_table *table, uint32_t crc, const void *bytes,
		      size_t count);

#endif
