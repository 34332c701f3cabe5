/* What is an address called? (names.h) */
#include "inspect/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "inspect/inspect.h"

static void make_printable(char *text)
{
	for (; *text; text++)
		if (!isascii((unsigned char)*text) || !isprint((unsigned char)*text))
			*text = '?';
}

bool names_of(struct inspect *inspect, const struct module_symbols *modules, uint64_t address,
	      char *dst)
{
	const struct code_range *range = module_symbols_find(modules, address);
	char name[INSPECT_SYMBOL_SIZE] = "", module[MODULE_NAME_SIZE + 4] = "";
	uint64_t offset = 0, size = 0;
	bool found;

	if (range && range->kind == CODE_MODULE)
		snprintf(module, sizeof(module), " [%.*s]", MODULE_NAME_SIZE - 1, range->name);
	found = range ? code_symbol_at(inspect, range, address, name, &offset, &size)
		      : inspect_symbol_at(inspect, address, name, &offset, &size);
	if (found)
		snprintf(dst, NAMES_SIZE, "%s+0x%" PRIx64 "/0x%" PRIx64 "%s", name, offset, size,
			 module);
	else
		snprintf(dst, NAMES_SIZE, "%#" PRIx64 "%s", address, module);
	make_printable(dst);
	return found;
}
