/* What may be shown of text that a guest sent? Any bytes can come; a terminal and a JSON file must
 * not be harmed by them. */
#ifndef KTSTR_UTIL_UTF8_H
#define KTSTR_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * utf8_decode - the code point at @text, of which @left bytes can be read.
 * Returns the length of its sequence, 1..4, or 0 when what is there is not well-formed: overlong, a
 * surrogate, above U+10FFFF, cut off (The Unicode Standard, table 3-7). @code may be NULL.
 */
size_t utf8_decode(const char *text, size_t left, uint32_t *code);

/*
 * utf8_printable - @length bytes of @text as one line that is safe on a terminal.
 * A tab becomes a space; each ill-formed byte and each control, line-separating or
 * direction-changing character becomes '?'. What does not fit into @size bytes with its NUL is cut
 * between characters and ends in "...". @size: at least 4.
 */
void utf8_printable(char *out, size_t size, const char *text, size_t length);

#endif
