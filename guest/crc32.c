/* CRC-32, slicing by eight: see crc32.h. */
#include "crc32.h"

#include <string.h>

#define CRC32_POLYNOMIAL 0xedb88320u

void crc32_table_init(struct crc32_table *table)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
		table->slice[0][byte] = crc;
	}
	for (int n = 1; n < 8; n++)
		for (int byte = 0; byte < 256; byte++) {
			uint32_t before = table->slice[n - 1][byte];

			table->slice[n][byte] = before >> 8 ^ table->slice[0][before & 0xff];
		}
}

uint32_t crc32_update(const struct crc32_table *table, uint32_t crc, const void *bytes,
		      size_t count)
{
	const uint32_t(*slice)[256] = table->slice;
	const uint8_t *from = bytes;

	crc = ~crc;
	for (; count >= 8; count -= 8, from += 8) {
		uint32_t low, high;

		memcpy(&low, from, 4);
		memcpy(&high, from + 4, 4);
		low ^= crc;
		crc = slice[7][low & 0xff] ^ slice[6][low >> 8 & 0xff] ^
		      slice[5][low >> 16 & 0xff] ^ slice[4][low >> 24] ^ slice[3][high & 0xff] ^
		      slice[2][high >> 8 & 0xff] ^ slice[1][high >> 16 & 0xff] ^
		      slice[0][high >> 24];
	}
	for (; count; count--)
		crc = crc >> 8 ^ slice[0][(crc ^ *from++) & 0xff];
	return ~crc;
}
