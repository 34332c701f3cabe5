/* Which symbol covers an address? See symbol_table.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "symbol_table.h"

#include <stdlib.h>
#include <string.h>

/* How many functions around one another are looked at before an address is said to be in none. */
#define NESTED_MAX 64

/* Of names at one address: a hostile file may have millions there, all of them endless. */
#define COMPARED_BYTES 64

void symbol_table_destroy(struct symbol_table *t)
{
	free(t->symbols);
	free(t->strings);
}

size_t symbol_table_bytes(const struct symbol_table *t)
{
	return t->string_bytes + t->count * sizeof(*t->symbols);
}

static int compare(const void *pa, const void *pb, void *strings)
{
	const struct symbol *a = pa, *b = pb;
	const char *name_a = (char *)strings + a->name, *name_b = (char *)strings + b->name;
	size_t length_a, length_b;
	int order;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	length_a = strnlen(name_a, COMPARED_BYTES);
	length_b = strnlen(name_b, COMPARED_BYTES);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	order = strncmp(name_a, name_b, COMPARED_BYTES);
	return order ? order : (a->name > b->name) - (a->name < b->name);
}

void symbol_table_sort(struct symbol_table *t)
{
	struct symbol *fitting;
	size_t kept = 0;

	if (!t->count)
		return;
	qsort_r(t->symbols, t->count, sizeof(*t->symbols), compare, t->strings);
	for (size_t i = 0; i < t->count; i++) {
		struct symbol *symbol = &t->symbols[i];

		if (kept && symbol->start == t->symbols[kept - 1].start)
			continue;
		if (kept && t->symbols[kept - 1].rank & SYMBOL_NO_SIZE &&
		    t->symbols[kept - 1].end > symbol->start)
			t->symbols[kept - 1].end = symbol->start;
		t->symbols[kept++] = *symbol;
	}
	t->count = kept;
	fitting = reallocarray(t->symbols, kept, sizeof(*fitting));
	if (fitting)
		t->symbols = fitting;
}

const struct symbol *symbol_table_find(const struct symbol_table *t, uint64_t address)
{
	const struct symbol *label = NULL;
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i-- && low - i <= NESTED_MAX;) {
		const struct symbol *symbol = &t->symbols[i];

		if (address >= symbol->end)
			continue;
		if (!(symbol->rank & SYMBOL_NO_SIZE))
			return symbol;
		if (!label)
			label = symbol;
	}
	return label;
}
