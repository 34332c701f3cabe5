/*
 * Where are the tables of kallsyms, and what do they say? Their order and the form of the addresses
 * differ between kernels; what is in memory tells them apart (scripts/kallsyms.c of the kernel
 * writes them):
 *
 *   until 6.3   offsets, relative_base, num_syms, names, markers, (seqs_of_names,) token_table,
 *               token_index
 *   since 6.4   num_syms, names, markers, token_table, token_index, offsets, relative_base
 *   since 7.0   the same without relative_base
 *
 * It knows bytes only: no page tables, no time.
 */
#ifndef KTSTR_INSPECT_KALLSYMS_H
#define KTSTR_INSPECT_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes may lie between the first of the tables and token_table, and behind that: far more
 * than a kernel with every option has. */
#define KALLSYMS_BEFORE (32u << 20)
#define KALLSYMS_BEHIND (16u << 20)

/* What an entry of offsets means. */
enum kallsyms_form {
	KALLSYMS_PERCPU_ABSOLUTE, /* not negative: the address itself; else base - 1 - offset */
	KALLSYMS_BASE_RELATIVE,	  /* base + offset, unsigned */
	KALLSYMS_PLACE_RELATIVE,  /* its own place + offset, signed */
	KALLSYMS_NR_FORMS,
};

/* All places are offsets into the same bytes, which are not kept here. Every name lies in them, and
 * every string of token_table. */
struct kallsyms {
	size_t tokens; /* token_table */
	size_t behind; /* where token_index ends */
	uint16_t token_index[256];
	size_t names, names_size; /* size in bytes */
	uint32_t nr;
	/* kallsyms_addresses says: */
	enum kallsyms_form form;
	size_t offsets;
	uint64_t base;
};

/*
 * kallsyms_find_tokens - the next place in @bytes at or behind @from that may be in a token_table:
 * the tokens of the ten digits in a row. Returns its offset, or @size.
 */
size_t kallsyms_find_tokens(const uint8_t *bytes, size_t size, size_t from);

/* Bytes of what kallsyms_find_tokens looks for. */
#define KALLSYMS_DIGITS 20

/*
 * kallsyms_locate - find token_table, token_index, num_syms and names around @digits
 * @address: where @bytes begin: alignment is by it
 * False: it is not kallsyms, or not all of it lies in @bytes.
 */
bool kallsyms_locate(const uint8_t *bytes, size_t size, uint64_t address, size_t digits,
		     struct kallsyms *kallsyms);

/*
 * kallsyms_addresses - find offsets, and how to read it: the one way that gives symbol number
 * @text, which is _text, the address @text_address
 * @text_address: 0: not known; any that KASLR could have chosen, a multiple of 2 MiB, will do
 */
bool kallsyms_addresses(const uint8_t *bytes, size_t size, uint64_t address, uint32_t text,
			uint64_t text_address, struct kallsyms *kallsyms);

/* kallsyms_address - of symbol number @i, which is below nr. */
uint64_t kallsyms_address(const uint8_t *bytes, uint64_t address, const struct kallsyms *kallsyms,
			  uint32_t i);

/*
 * kallsyms_name - the name that begins at @at, without its type's letter
 * @name: @size bytes, at least 1; what is longer is cut. Always terminated.
 * Returns where the next name begins, or 0 when this one is broken.
 */
size_t kallsyms_name(const uint8_t *bytes, const struct kallsyms *kallsyms, size_t at, char *name,
		     size_t size);

#endif
