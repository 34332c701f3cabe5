/* Which function of the kernel does an address belong to? See kallsyms.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read_file.h"
#include "scan.h"

/* In the order of preference among symbols of the same address. */
enum rank { GLOBAL, WEAK, LOCAL, MARKER, DATA };

struct symbol {
	uint64_t start;
	uint32_t name;	 /* offsets in the text */
	uint32_t module; /* 0: none */
	enum rank rank;
};

struct kallsyms {
	char *text;
	struct symbol *symbols; /* sorted, one for each address */
	size_t count, room;
};

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && !strcmp(name + length - end_length, end);
}

/* The linker script's own, like __sched_text_start: at a function's address without being one. */
static bool is_marker(const char *name)
{
	return *name == '_' && (ends_with(name, "text") || ends_with(name, "text_start") ||
				ends_with(name, "text_end"));
}

/* Those where code ends, so that they name nothing of what follows them. */
static bool is_end(const char *name)
{
	return !strcmp(name, "_etext") || !strcmp(name, "_einittext");
}

static enum rank rank_of(char type, const char *name)
{
	if (!strchr("TtWwi", type))
		return DATA;
	if (is_marker(name))
		return MARKER;
	if (type == 'T')
		return GLOBAL;
	return type == 't' || type == 'i' ? LOCAL : WEAK;
}

/* "address type name", and for modules a tab and "[module]". Terminates the strings in place. */
static bool parse_line(char *text, char *line, struct symbol *symbol)
{
	const char *at = line;
	char *name, *module;

	if (!scan_hex(&at, ' ', &symbol->start) || !*at || at[1] != ' ')
		return false;
	name = line + (at - line) + 2;
	module = name + strcspn(name, "\t ");
	symbol->module = 0;
	if (*module) {
		*module++ = '\0';
		module += strspn(module, "\t ");
		if (*module == '[' && ends_with(module, "]")) {
			module[strlen(module) - 1] = '\0';
			symbol->module = (uint32_t)(module + 1 - text);
		}
	}
	symbol->name = (uint32_t)(name - text);
	symbol->rank = rank_of(*at, name);
	return *name;
}

static int compare(const void *pa, const void *pb, void *text)
{
	const struct symbol *a = pa, *b = pb;
	const char *name_a = (char *)text + a->name, *name_b = (char *)text + b->name;
	size_t length_a, length_b;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	length_a = strlen(name_a);
	length_b = strlen(name_b);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(name_a, name_b);
}

static int add(struct kallsyms *k, const struct symbol *symbol)
{
	struct symbol *more;

	if (k->count >= KALLSYMS_MAX_SYMBOLS)
		return -EFBIG;
	if (k->count == k->room) {
		k->room = k->room ? k->room * 2 : 65536;
		more = reallocarray(k->symbols, k->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->symbols = more;
	}
	k->symbols[k->count++] = *symbol;
	return 0;
}

static void sort(struct kallsyms *k)
{
	size_t kept = 0;

	qsort_r(k->symbols, k->count, sizeof(*k->symbols), compare, k->text);
	for (size_t i = 0; i < k->count; i++)
		if (!kept || k->symbols[i].start != k->symbols[kept - 1].start)
			k->symbols[kept++] = k->symbols[i];
	k->count = kept;
}

int kallsyms_parse(char *text, size_t size, struct kallsyms **out)
{
	struct kallsyms *k = calloc(1, sizeof(*k));
	bool functions = false, addresses = false;
	char *line, *end;
	int ret = 0;

	if (!k) {
		free(text);
		return -ENOMEM;
	}
	k->text = text;
	/* A last line without its end may have lost a part of the name. */
	for (line = text; !ret && (end = memchr(line, '\n', size - (size_t)(line - text)));
	     line = end + 1) {
		struct symbol symbol;

		*end = '\0';
		if (!parse_line(text, line, &symbol))
			continue;
		if (symbol.rank != DATA) {
			functions = true;
			addresses |= symbol.start != 0;
		}
		ret = add(k, &symbol);
	}
	if (!ret && !functions)
		ret = -ENOENT;
	else if (!ret && !addresses)
		ret = -EPERM;
	if (ret) {
		kallsyms_free(k);
		return ret;
	}
	sort(k);
	*out = k;
	return 0;
}

int kallsyms_read(const char *path, struct kallsyms **out)
{
	int fd = regular_open(path);
	size_t size;
	char *text;
	int ret;

	if (fd < 0)
		return fd;
	ret = read_whole(fd, KALLSYMS_MAX_BYTES, &text, &size);
	close(fd);
	return ret ? ret : kallsyms_parse(text, size, out);
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	free(k->symbols);
	free(k->text);
	free(k);
}

/* Whether @next tells where @symbol ends: of another module it only tells what is beyond. */
static bool is_end_of(const struct kallsyms *k, const struct symbol *symbol,
		      const struct symbol *next)
{
	if (!symbol->module || !next->module)
		return symbol->module == next->module;
	return !strcmp(k->text + symbol->module, k->text + next->module);
}

void kallsyms_find(const struct kallsyms *k, uint64_t address, struct found *found)
{
	size_t low = 0, high = k->count;
	const struct symbol *symbol;

	*found = (struct found){ .reason = FOUND_NO_SYMBOL };
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return;
	symbol = &k->symbols[low - 1];
	if (symbol->rank == DATA || is_end(k->text + symbol->name))
		return;
	found->size = -1;
	if (low < k->count && is_end_of(k, symbol, symbol + 1))
		found->size = (int64_t)(symbol[1].start - symbol->start);
	else if (address - symbol->start >= KALLSYMS_TAIL_BYTES)
		return;
	found->reason = FOUND;
	found->name = k->text + symbol->name;
	found->module = symbol->module ? k->text + symbol->module : NULL;
	found->start = symbol->start;
	found->offset = address - symbol->start;
}
