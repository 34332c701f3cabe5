/* Which symbol has this name, and which one does this address lie in? (symbols.h) */
#include "inspect/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/state.h"
#include "util/fnv.h"

static uint32_t bucket_of(const struct symbols *symbols, const char *name)
{
	uint64_t hash = fnv_add(FNV_START, name, strlen(name));

	return (uint32_t)(hash ^ hash >> 32) & (symbols->nr_buckets - 1);
}

/* What stays: the tokens, and the names behind them. */
static int keep_bytes(struct symbols *symbols, const struct kallsyms *kallsyms,
		      const uint8_t *bytes)
{
	size_t last = kallsyms->tokens + kallsyms->token_index[255];
	size_t tokens = last + strlen((const char *)bytes + last) + 1 - kallsyms->tokens;

	symbols->bytes = malloc(tokens + kallsyms->names_size);
	if (!symbols->bytes)
		return -ENOMEM;
	memcpy(symbols->bytes, bytes + kallsyms->tokens, tokens);
	memcpy(symbols->bytes + tokens, bytes + kallsyms->names, kallsyms->names_size);
	symbols->kallsyms = *kallsyms;
	symbols->kallsyms.tokens = 0;
	symbols->kallsyms.names = tokens;
	return 0;
}

static int reserve(struct symbols *symbols)
{
	symbols->nr_buckets = 1;
	while (symbols->nr_buckets < symbols->nr)
		symbols->nr_buckets *= 2;
	symbols->address = calloc(symbols->nr, sizeof(*symbols->address));
	symbols->name_at = calloc(symbols->nr, sizeof(*symbols->name_at));
	symbols->order = calloc(symbols->nr, sizeof(*symbols->order));
	symbols->next = calloc(symbols->nr, sizeof(*symbols->next));
	symbols->buckets = calloc(symbols->nr_buckets, sizeof(*symbols->buckets));
	return symbols->address && symbols->name_at && symbols->order && symbols->next &&
			       symbols->buckets
		       ? 0
		       : -ENOMEM;
}

/* Backwards into the buckets, so that the first one of a name is found first. */
static void fill_buckets(struct symbols *symbols)
{
	for (uint32_t i = symbols->nr; i-- > 0;) {
		uint32_t *bucket = &symbols->buckets[symbols->next[i]];

		symbols->next[i] = *bucket;
		*bucket = i + 1;
	}
}

/* False: there is no time left. */
static bool index_names(struct symbols *symbols, struct inspect *inspect)
{
	char name[INSPECT_SYMBOL_SIZE];
	size_t at = symbols->kallsyms.names;

	for (uint32_t i = 0; i < symbols->nr; i++) {
		symbols->name_at[i] = (uint32_t)at;
		at = kallsyms_name(symbols->bytes, &symbols->kallsyms, at, name, sizeof(name));
		symbols->next[i] = bucket_of(symbols, name);
		if (inspect && !state_has_time(inspect, sizeof(name)))
			return false;
	}
	fill_buckets(symbols);
	return true;
}

static void get_name(const struct symbols *symbols, uint32_t i, char *name, size_t size)
{
	if (symbols->is_plain)
		snprintf(name, size, "%s", (const char *)symbols->bytes + symbols->name_at[i]);
	else
		kallsyms_name(symbols->bytes, &symbols->kallsyms, symbols->name_at[i], name, size);
}

#define MOST_STEPS 4096u

static bool find_number(const struct symbols *symbols, const char *name, uint32_t *number)
{
	char found[INSPECT_SYMBOL_SIZE];
	unsigned int steps = 0;

	for (uint32_t i = symbols->buckets[bucket_of(symbols, name)]; i; i = symbols->next[i - 1]) {
		/* No honest kernel has so many names in one bucket. */
		if (++steps > MOST_STEPS)
			return false;
		get_name(symbols, i - 1, found, sizeof(found));
		if (strcmp(found, name) == 0) {
			*number = i - 1;
			return true;
		}
	}
	return false;
}

static int by_address(const void *left, const void *right, void *data)
{
	const struct symbols *symbols = data;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (symbols->address[a] != symbols->address[b])
		return symbols->address[a] < symbols->address[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The kernel's build sorts them; then there is nothing to be done. */
static void index_addresses(struct symbols *symbols)
{
	bool sorted = true;

	for (uint32_t i = 0; i < symbols->nr; i++) {
		symbols->order[i] = i;
		if (i && symbols->address[i] < symbols->address[i - 1])
			sorted = false;
	}
	if (!sorted)
		qsort_r(symbols->order, symbols->nr, sizeof(*symbols->order), by_address, symbols);
}

static void find_borders(struct symbols *symbols, uint32_t text)
{
	symbols->start = symbols->address[text];
	if (!symbols_find(symbols, "_end", &symbols->end))
		symbols->end = symbols->address[symbols->order[symbols->nr - 1]] + 1;
}

int symbols_make(struct symbols *symbols, struct inspect *inspect, const struct kallsyms *kallsyms,
		 const uint8_t *bytes, size_t size, uint64_t address, uint64_t text_address)
{
	struct kallsyms placed = *kallsyms;
	uint32_t text;
	int ret;

	memset(symbols, 0, sizeof(*symbols));
	symbols->nr = kallsyms->nr;
	ret = keep_bytes(symbols, kallsyms, bytes);
	if (ret == 0)
		ret = reserve(symbols);
	if (ret == 0 && !index_names(symbols, inspect))
		ret = -ETIMEDOUT;
	if (ret == 0) {
		ret = find_number(symbols, "_text", &text) &&
				      kallsyms_addresses(bytes, size, address, text, text_address,
							 &placed)
			      ? 0
			      : -EINVAL;
	}
	if (ret) {
		symbols_destroy(symbols);
		return ret;
	}
	for (uint32_t i = 0; i < symbols->nr; i++)
		symbols->address[i] = kallsyms_address(bytes, address, &placed, i);
	symbols->kallsyms.form = placed.form;
	index_addresses(symbols);
	find_borders(symbols, text);
	return 0;
}

int symbols_make_plain(struct symbols *symbols, uint8_t *bytes, const struct symbols_plain *list,
		       uint32_t nr)
{
	uint32_t text;
	int ret;

	memset(symbols, 0, sizeof(*symbols));
	symbols->is_plain = true;
	symbols->bytes = bytes;
	symbols->nr = nr;
	ret = reserve(symbols);
	for (uint32_t i = 0; i < nr && ret == 0; i++) {
		symbols->address[i] = list[i].address;
		symbols->name_at[i] = list[i].name_at;
		symbols->next[i] = bucket_of(symbols, (const char *)bytes + list[i].name_at);
	}
	if (ret == 0) {
		fill_buckets(symbols);
		index_addresses(symbols);
		ret = find_number(symbols, "_text", &text) ? 0 : -EINVAL;
	}
	if (ret)
		symbols_destroy(symbols);
	else
		find_borders(symbols, text);
	return ret;
}

void symbols_move(struct symbols *symbols, uint64_t from, uint64_t by)
{
	for (uint32_t i = 0; i < symbols->nr; i++)
		if (symbols->address[i] >= from)
			symbols->address[i] += by;
	symbols->start += by;
	symbols->end += by;
}

void symbols_destroy(struct symbols *symbols)
{
	free(symbols->bytes);
	free(symbols->address);
	free(symbols->name_at);
	free(symbols->order);
	free(symbols->next);
	free(symbols->buckets);
	memset(symbols, 0, sizeof(*symbols));
}

bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *address)
{
	uint32_t number;

	if (!symbols->nr || !find_number(symbols, name, &number))
		return false;
	*address = symbols->address[number];
	return true;
}

/* How many symbols lie at or below @address? */
static uint32_t count_up_to(const struct symbols *symbols, uint64_t address)
{
	uint32_t low = 0, high = symbols->nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbols->address[symbols->order[middle]] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool symbols_at(const struct symbols *symbols, uint64_t address, char *name, size_t name_size,
		uint64_t *offset, uint64_t *size)
{
	uint64_t start, end = symbols->end;
	uint32_t next, first;

	if (address < symbols->start || address >= symbols->end)
		return false;
	next = count_up_to(symbols, address);
	if (!next)
		return false;
	start = symbols->address[symbols->order[next - 1]];
	if (next < symbols->nr && symbols->address[symbols->order[next]] < end)
		end = symbols->address[symbols->order[next]];
	/* Aliases: all that are below its address come first. */
	first = start ? count_up_to(symbols, start - 1) : 0;
	symbols_get(symbols, symbols->order[first], name, name_size);
	*offset = address - start;
	*size = end - start;
	return true;
}

uint64_t symbols_get(const struct symbols *symbols, uint32_t i, char *name, size_t name_size)
{
	get_name(symbols, i, name, name_size);
	return symbols->address[i];
}
