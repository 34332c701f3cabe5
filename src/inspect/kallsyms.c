/* Where are the tables of kallsyms, and what do they say? (kallsyms.h) */
#include "inspect/kallsyms.h"

#include <string.h>

#define TOKENS		256u
#define BLOCK		256u	   /* names from one marker to the next */
#define MAX_SYMBOLS	(1u << 20) /* a kernel with every option has half of it */
#define MAX_NAME	514u	   /* with its length; KSYM_NAME_LEN is 512 */
#define MAX_STEPS	(1u << 26) /* real tables need some 100,000 */
#define IMAGE_START	0xffffffff80000000ull
#define IMAGE_ALIGNMENT (2ull << 20)

static uint32_t u32_at(const uint8_t *bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

/* The first offset not below @at whose address is a multiple of @alignment. */
static size_t align_up(size_t at, uint64_t address, size_t alignment)
{
	return at + (size_t)(-(address + at) & (alignment - 1));
}

size_t kallsyms_find_tokens(const uint8_t *bytes, size_t size, size_t from)
{
	static const char digits[KALLSYMS_DIGITS] =
		"0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const uint8_t *hit;

	if (from >= size)
		return size;
	hit = memmem(bytes + from, size - from, digits, sizeof(digits));
	return hit ? (size_t)(hit - bytes) : size;
}

/* Does the index at @at fit the strings around @digits, of which the first is number '0'? */
static bool index_fits(const uint8_t *bytes, size_t size, size_t digits, size_t at,
		       struct kallsyms *kallsyms)
{
	size_t token;

	if (at > size || size - at < sizeof(kallsyms->token_index))
		return false;
	memcpy(kallsyms->token_index, bytes + at, sizeof(kallsyms->token_index));
	if (kallsyms->token_index[0] != 0 || kallsyms->token_index['0'] > digits)
		return false;
	kallsyms->tokens = token = digits - kallsyms->token_index['0'];
	for (unsigned int i = 0; i < TOKENS; i++) {
		if (token - kallsyms->tokens != kallsyms->token_index[i] || token >= at)
			return false;
		token += strnlen((const char *)bytes + token, at - token) + 1;
	}
	return token <= at;
}

/* token_table and token_index. */
static bool find_index(const uint8_t *bytes, size_t size, uint64_t address, size_t digits,
		       struct kallsyms *kallsyms)
{
	size_t end = digits, index = 0;

	for (unsigned int i = '0'; i < TOKENS; i++) {
		if (end >= size)
			return false;
		end += strnlen((const char *)bytes + end, size - end) + 1;
	}
	/* Tables are aligned to 8 bytes, and since 7.0 to what their entries need. */
	for (size_t alignment = 8; alignment >= 2; alignment /= 2) {
		index = align_up(end, address, alignment);
		if (index_fits(bytes, size, digits, index, kallsyms)) {
			kallsyms->behind = index + sizeof(kallsyms->token_index);
			return true;
		}
	}
	return false;
}

/* The bytes of the name at @at with its length, or 0. */
static size_t name_size(const uint8_t *bytes, size_t at, size_t end)
{
	size_t length, head = 1;

	if (at >= end)
		return 0;
	length = bytes[at];
	if (length & 0x80) {
		if (end - at < 2)
			return 0;
		length = (length & 0x7f) | (size_t)bytes[at + 1] << 7;
		head = 2;
	}
	return length == 0 || length > end - at - head ? 0 : head + length;
}

/* Are there @nr names from @names on, as the markers say, up to just before these? */
static bool names_fit(const uint8_t *bytes, size_t names, size_t markers, uint32_t nr,
		      uint32_t *steps, struct kallsyms *kallsyms)
{
	size_t at = names;

	for (uint32_t i = 0; i < nr && *steps; i++, (*steps)--) {
		size_t size;

		if (i % BLOCK == 0 && u32_at(bytes, markers + i / BLOCK * 4) != at - names)
			return false;
		size = name_size(bytes, at, markers);
		if (!size)
			return false;
		at += size;
	}
	if (!*steps || markers - at >= 8)
		return false;
	kallsyms->names = names;
	kallsyms->names_size = at - names;
	kallsyms->nr = nr;
	return true;
}

/* num_syms is right before the names: a u32, with padding where names are aligned to 8 bytes. */
static bool find_names(const uint8_t *bytes, uint64_t address, size_t markers, uint32_t nr_markers,
		       uint32_t *steps, struct kallsyms *kallsyms)
{
	uint32_t last = u32_at(bytes, markers + (size_t)(nr_markers - 1) * 4);
	size_t first = (size_t)BLOCK * MAX_NAME + last + 8, names;

	if (markers <= last)
		return false;
	names = markers - last;
	names -= (size_t)((address + names) & 3);
	first = markers > first ? markers - first : 0;
	for (; names >= first + 8 && names <= markers && *steps; names -= 4, (*steps)--)
		for (size_t before = 4; before <= 8; before += 4) {
			uint32_t nr = u32_at(bytes, names - before);

			if (nr <= MAX_SYMBOLS && (nr + BLOCK - 1) / BLOCK == nr_markers &&
			    names_fit(bytes, names, markers, nr, steps, kallsyms))
				return true;
		}
	return false;
}

/* How many entries from @at on are offsets of blocks of names, one behind the other? */
static uint32_t count_markers(const uint8_t *bytes, size_t at, size_t end)
{
	uint32_t nr = 1, last = 0;

	for (at += 4; at + 4 <= end && nr < MAX_SYMBOLS / BLOCK; at += 4, nr++) {
		uint32_t next = u32_at(bytes, at);

		if (next <= last || next - last < 2 * BLOCK || next - last > BLOCK * MAX_NAME)
			break;
		last = next;
	}
	return nr;
}

/*
 * From token_table back to the markers: u32, the first of them 0. What lies between, nothing or
 * seqs_of_names, may by chance look like a few more of them.
 */
static bool find_markers(const uint8_t *bytes, uint64_t address, struct kallsyms *kallsyms)
{
	size_t at = kallsyms->tokens & ~(size_t)3;
	size_t first = at > KALLSYMS_BEFORE ? at - KALLSYMS_BEFORE : 0;
	uint32_t steps = MAX_STEPS;

	at -= (size_t)((address + at) & 3);
	for (; at >= first + 8 && at <= kallsyms->tokens && steps; at -= 4) {
		uint32_t nr;

		if (u32_at(bytes, at) != 0)
			continue;
		nr = count_markers(bytes, at, kallsyms->tokens);
		for (uint32_t fewer = 0; fewer < 4 && nr > fewer + 1; fewer++)
			if (find_names(bytes, address, at, nr - fewer, &steps, kallsyms))
				return true;
	}
	return false;
}

bool kallsyms_locate(const uint8_t *bytes, size_t size, uint64_t address, size_t digits,
		     struct kallsyms *kallsyms)
{
	memset(kallsyms, 0, sizeof(*kallsyms));
	return find_index(bytes, size, address, digits, kallsyms) &&
	       find_markers(bytes, address, kallsyms);
}

uint64_t kallsyms_address(const uint8_t *bytes, uint64_t address, const struct kallsyms *kallsyms,
			  uint32_t i)
{
	size_t at = kallsyms->offsets + (size_t)i * 4;
	uint32_t raw = u32_at(bytes, at);
	int64_t offset = (int32_t)raw;

	switch (kallsyms->form) {
	case KALLSYMS_PERCPU_ABSOLUTE:
		return offset >= 0 ? (uint64_t)offset : kallsyms->base - 1 - (uint64_t)offset;
	case KALLSYMS_BASE_RELATIVE:
		return kallsyms->base + raw;
	default:
		return address + at + (uint64_t)offset;
	}
}

/* Does this way of reading it give _text the right address? */
static bool text_fits(const uint8_t *bytes, uint64_t address, uint32_t text, uint64_t text_address,
		      const struct kallsyms *kallsyms)
{
	uint64_t found = kallsyms_address(bytes, address, kallsyms, text);

	return text_address ? found == text_address
			    : found >= IMAGE_START && found % IMAGE_ALIGNMENT == 0;
}

/* relative_base is at @base, if there is one; offsets lie in @bytes. */
static bool try_forms(const uint8_t *bytes, size_t size, uint64_t address, uint32_t text,
		      uint64_t text_address, size_t base, struct kallsyms *kallsyms)
{
	for (int form = 0; form < KALLSYMS_NR_FORMS; form++) {
		kallsyms->form = (enum kallsyms_form)form;
		if (form != KALLSYMS_PLACE_RELATIVE) {
			if (base > size || size - base < sizeof(kallsyms->base))
				continue;
			memcpy(&kallsyms->base, bytes + base, sizeof(kallsyms->base));
		}
		if (text_fits(bytes, address, text, text_address, kallsyms))
			return true;
	}
	return false;
}

bool kallsyms_addresses(const uint8_t *bytes, size_t size, uint64_t address, uint32_t text,
			uint64_t text_address, struct kallsyms *kallsyms)
{
	size_t table = (size_t)kallsyms->nr * 4;

	if (text >= kallsyms->nr)
		return false;
	/* Behind token_index, aligned to 8 bytes or to 4. */
	for (size_t alignment = 8; alignment >= 4; alignment /= 2) {
		size_t offsets = align_up(kallsyms->behind, address, alignment);

		if (offsets > size || size - offsets < table)
			continue;
		kallsyms->offsets = offsets;
		if (try_forms(bytes, size, address, text, text_address,
			      align_up(offsets + table, address, 8), kallsyms))
			return true;
	}
	/* Before relative_base, num_syms and names, each aligned to 8 bytes. */
	if (kallsyms->names < 16 + table + 8)
		return false;
	kallsyms->offsets = kallsyms->names - 16 - table;
	kallsyms->offsets -= (size_t)((address + kallsyms->offsets) & 7);
	return try_forms(bytes, size, address, text, text_address, kallsyms->names - 16, kallsyms);
}

size_t kallsyms_name(const uint8_t *bytes, const struct kallsyms *kallsyms, size_t at, char *name,
		     size_t size)
{
	size_t end = at + name_size(bytes, at, kallsyms->names + kallsyms->names_size);
	size_t used = 0;
	bool is_type = true;

	*name = '\0';
	if (end == at)
		return 0;
	at += bytes[at] & 0x80 ? 2 : 1;
	for (; at < end; at++) {
		const uint8_t *token = bytes + kallsyms->tokens + kallsyms->token_index[bytes[at]];

		for (; *token && used + 1 < size; token++) {
			if (is_type)
				is_type = false;
			else
				name[used++] = (char)*token;
		}
	}
	name[used] = '\0';
	return end;
}
