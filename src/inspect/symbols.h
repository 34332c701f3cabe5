/* Which symbol has this name, and which one does this address lie in? All symbols of the kernel's
 * image, indexed once. */
#ifndef KTSTR_INSPECT_SYMBOLS_H
#define KTSTR_INSPECT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/kallsyms.h"

struct inspect;

/* A symbol that is not compressed. */
struct symbols_plain {
	uint64_t address;
	uint32_t name_at; /* of its NUL-terminated name */
};

struct symbols {
	bool is_plain;		  /* names are NUL-terminated, kallsyms says nothing */
	struct kallsyms kallsyms; /* places in .bytes */
	uint8_t *bytes;		  /* owned: the names; compressed ones behind their token_table */
	uint32_t nr;
	uint64_t *address;   /* of symbol i; the order is that in which they came */
	uint32_t *name_at;   /* where its name is */
	uint32_t *order;     /* symbols by address, and those of one address by number */
	uint32_t *buckets;   /* of names: number + 1 of the first one, 0: none */
	uint32_t *next;	     /* of the same bucket, likewise */
	uint32_t nr_buckets; /* a power of two */
	uint64_t start, end; /* the image: _text and _end, or the last symbol's address + 1 */
};

/*
 * symbols_make - from what kallsyms_locate found in @bytes; nothing of @bytes is needed afterwards
 * @inspect: whose time it takes; NULL: it may take as long as it does
 * @address, @text_address: as for kallsyms_addresses
 * Returns 0; -EINVAL: not a kernel's, or not one at that address; -ETIMEDOUT; -ENOMEM. @symbols
 * then holds nothing.
 */
int symbols_make(struct symbols *symbols, struct inspect *inspect, const struct kallsyms *kallsyms,
		 const uint8_t *bytes, size_t size, uint64_t address, uint64_t text_address);

/*
 * symbols_make_plain - from @list, and the names in @bytes, which are taken over (malloc) whatever
 * comes of it; all places lie in them, and the last of them is NUL
 * Returns 0; -EINVAL: there is no _text; -ENOMEM.
 */
int symbols_make_plain(struct symbols *symbols, uint8_t *bytes, const struct symbols_plain *list,
		       uint32_t nr);

/* symbols_move - add @by to every address at or above @from, which none is moved across. */
void symbols_move(struct symbols *symbols, uint64_t from, uint64_t by);

void symbols_destroy(struct symbols *symbols);

/* symbols_find - the first symbol of this name; false: there is none. */
bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *address);

/*
 * symbols_at - the symbol that @address lies in; of several at one address that which the kernel's
 * own %pS prints, the first one
 * @name: @name_size bytes; @offset: of @address in it; @size: up to the next symbol
 */
bool symbols_at(const struct symbols *symbols, uint64_t address, char *name, size_t name_size,
		uint64_t *offset, uint64_t *size);

/* symbols_get - symbol number @i, which is below nr. */
uint64_t symbols_get(const struct symbols *symbols, uint32_t i, char *name, size_t name_size);

#endif
