/* What may be shown of text that a guest sent? See utf8.h. */
#include "util/utf8.h"

#include <stdbool.h>
#include <string.h>

size_t utf8_decode(const char *text, size_t left, uint32_t *code)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length;
	uint32_t value;

	if (!left)
		return 0;
	if (bytes[0] < 0x80) {
		length = 1;
		value = bytes[0];
	} else if ((bytes[0] & 0xe0) == 0xc0) {
		length = 2;
		value = bytes[0] & 0x1f;
	} else if ((bytes[0] & 0xf0) == 0xe0) {
		length = 3;
		value = bytes[0] & 0x0f;
	} else if ((bytes[0] & 0xf8) == 0xf0) {
		length = 4;
		value = bytes[0] & 0x07;
	} else {
		return 0;
	}
	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (code)
		*code = value;
	return length;
}

/* Would it move the cursor, start an escape sequence, or reorder the line? */
static bool harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || /* C0, DEL, C1 (U+009B is CSI) */
	       (code >= 0x2028 && code <= 0x202e) ||	       /* separators, bidi embeddings */
	       (code >= 0x2066 && code <= 0x2069);	       /* bidi isolates */
}

void utf8_printable(char *out, size_t size, const char *text, size_t length)
{
	size_t used = 0, room_for_dots = 0; /* where "..." still fits */
	size_t at = 0;

	while (at < length) {
		uint32_t code = 0;
		size_t step = utf8_decode(text + at, length - at, &code);
		const char *shown = text + at;
		size_t shown_length = step;

		if (!step || harmful(code)) {
			shown = code == '\t' ? " " : "?";
			shown_length = 1;
		}
		if (used + shown_length >= size) {
			memcpy(out + room_for_dots, "...", 4);
			return;
		}
		memcpy(out + used, shown, shown_length);
		used += shown_length;
		if (used + 4 <= size)
			room_for_dots = used;
		at += step ? step : 1;
	}
	out[used] = '\0';
}
