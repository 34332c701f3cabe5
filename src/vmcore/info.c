/* Is there the kernel's VMCOREINFO in this page of its memory? See info.h. */
#include "vmcore/info.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char note_name[] = "VMCOREINFO";
static const char first_word[] = "OSRELEASE=";

/* A note's header, and its name, which ends at a multiple of 4 (System V ABI, "Note Section"). */
#define TEXT_AT (sizeof(Elf64_Nhdr) + ((sizeof(note_name) + 3) & ~(size_t)3))

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

bool vmcore_info_find(const uint8_t *page, size_t *text, size_t *size)
{
	Elf64_Nhdr header;

	memcpy(&header, page, sizeof(header));
	if (header.n_namesz != sizeof(note_name) || header.n_type != 0 ||
	    memcmp(page + sizeof(header), note_name, sizeof(note_name)) ||
	    header.n_descsz <= sizeof(first_word) || header.n_descsz > VMCORE_INFO_MAX - TEXT_AT ||
	    memcmp(page + TEXT_AT, first_word, sizeof(first_word) - 1) ||
	    !is_digit(page[TEXT_AT + sizeof(first_word) - 1]))
		return false;
	*text = TEXT_AT;
	*size = header.n_descsz;
	return true;
}

bool vmcore_info_number(const char *text, size_t size, const char *key, int base, uint64_t *value)
{
	char line[128], *end;

	for (size_t at = 0; at < size;) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - text) - at : size - at;

		if (length < sizeof(line) && length > strlen(key) &&
		    !memcmp(text + at, key, strlen(key))) {
			length -= strlen(key);
			memcpy(line, text + at + strlen(key), length);
			line[length] = '\0';
			errno = 0;
			*value = *line == '-' ? (uint64_t)strtoll(line, &end, base)
					      : strtoull(line, &end, base);
			return !errno && end > line && !*end;
		}
		at += length + 1;
		if (!newline)
			break;
	}
	return false;
}
