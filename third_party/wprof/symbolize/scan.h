/* How is a number read that ends where the kernel ends it, and not at a NUL? */
#ifndef KTSTR_SYMBOLIZE_SCAN_H
#define KTSTR_SYMBOLIZE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * scan_hex - 1 to 16 hexadecimal digits in lower or upper case at *@at, with *@end after them.
 * Moves *@at behind them and the character @end. False, with *@at anywhere, where that is not
 * there.
 */
static inline bool scan_hex(const char **at, char end, uint64_t *value)
{
	int digits;

	*value = 0;
	for (digits = 0; digits <= 16; digits++, (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			break;
		*value = *value << 4 | (unsigned char)c;
	}
	return digits >= 1 && digits <= 16 && *(*at)++ == end;
}

#endif
