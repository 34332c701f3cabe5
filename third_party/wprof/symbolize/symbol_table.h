/* Which symbol covers an address? */
#ifndef KTSTR_SYMBOLIZE_SYMBOL_TABLE_H
#define KTSTR_SYMBOLIZE_SYMBOL_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Bits of a rank: of the symbols of one address the one with the lowest number is to be named. */
#define SYMBOL_NO_SIZE 1u
#define SYMBOL_WEAK    2u
#define SYMBOL_LOCAL   4u
#define SYMBOL_UNTYPED 8u

struct symbol {
	uint64_t start;
	uint64_t end;  /* without a size: where it ends at the latest */
	uint32_t name; /* in the strings */
	uint32_t rank;
};

struct symbol_table {
	char *strings;
	size_t string_bytes;
	struct symbol *symbols;
	size_t count;
};

/* symbol_table_sort - once, when all are there: by address, and for each address the one to name.
 */
void symbol_table_sort(struct symbol_table *table);

/*
 * symbol_table_find - the symbol of a sorted table that covers @address, or NULL: of several around
 * one another the innermost. One without a size inside of one with a size is a label there.
 */
const struct symbol *symbol_table_find(const struct symbol_table *table, uint64_t address);

size_t symbol_table_bytes(const struct symbol_table *table);
void symbol_table_destroy(struct symbol_table *table);

#endif
