/* Which module's or BPF program's code is at an address? See symbols_of_modules.h. */
#include "inspect/symbols_of_modules.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"
#include "inspect/list.h"

/* More than these are not believed. */
#define MAX_MODULES  4096u
#define MAX_PROGRAMS 16384u
#define MAX_SYMBOLS  (1u << 18)
#define MAX_CODE     (1u << 28) /* bytes of one */
/* Symbols that are read at once. */
#define CHUNK	     128u

struct module_symbols {
	struct code_range *ranges; /* by their start */
	size_t nr, room;
	char why[2][INSPECT_WHY_SIZE];
};

struct module_layout {
	struct btf_field list, name, kallsyms, base, size, nr_orcs, orc_ips, orc_entries;
	struct btf_field init_base, init_size; /* code that is freed once the module is there */
	struct btf_field symtab, num_symtab, strtab;
};

#define WANT(type, path, field)                                                                    \
	{                                                                                          \
		type, path, offsetof(struct module_layout, field), false                           \
	}
#define MAY(type, path, field)                                                                     \
	{                                                                                          \
		type, path, offsetof(struct module_layout, field), true                            \
	}

static const struct layout_want module_wants[] = {
	WANT("module", "list", list),
	WANT("module", "name", name),
	/* Each kind of memory apart, or all of it with the code first. */
	WANT("module", "mem.base", base),
	WANT("module", "core_layout.base", base),
	WANT("module", "mem.size", size),
	WANT("module", "core_layout.text_size", size),
	MAY("module", "mem.base", init_base),
	MAY("module", "init_layout.base", init_base),
	MAY("module", "mem.size", init_size),
	MAY("module", "init_layout.text_size", init_size),
	MAY("module", "kallsyms", kallsyms),
	MAY("module", "arch.num_orcs", nr_orcs),
	MAY("module", "arch.orc_unwind_ip", orc_ips),
	MAY("module", "arch.orc_unwind", orc_entries),
	MAY("mod_kallsyms", "symtab", symtab),
	MAY("mod_kallsyms", "num_symtab", num_symtab),
	MAY("mod_kallsyms", "strtab", strtab),
};

struct bpf_layout {
	struct btf_field start, end, name, node;
};

#define BPF_WANT(path, field)                                                                      \
	{                                                                                          \
		"bpf_ksym", path, offsetof(struct bpf_layout, field), false                        \
	}

static const struct layout_want bpf_wants[] = {
	BPF_WANT("start", start),
	BPF_WANT("end", end),
	BPF_WANT("name", name),
	BPF_WANT("lnode", node),
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int add(struct module_symbols *symbols, const struct code_range *range)
{
	if (symbols->nr == symbols->room) {
		size_t room = symbols->room ? symbols->room * 2 : 32;
		struct code_range *ranges = realloc(symbols->ranges, room * sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		symbols->ranges = ranges;
		symbols->room = room;
	}
	symbols->ranges[symbols->nr++] = *range;
	return 0;
}

static bool read_module(struct inspect *inspect, const struct module_layout *layout,
			uint64_t module, struct code_range *range)
{
	uint64_t size, kallsyms;

	*range = (struct code_range){ .kind = CODE_MODULE };
	if (!layout_read(inspect, module, &layout->base, &range->start) ||
	    !layout_read(inspect, module, &layout->size, &size) || !size || size > MAX_CODE ||
	    range->start > UINT64_MAX - size ||
	    !inspect_read_string(inspect, module + layout->name.offset, range->name,
				 layout->name.size < MODULE_NAME_SIZE ? layout->name.size
								      : MODULE_NAME_SIZE))
		return false;
	range->end = range->start + size;
	range->orc.nr = (uint32_t)layout_read_or(inspect, module, &layout->nr_orcs, 0);
	range->orc.ips = layout_read_or(inspect, module, &layout->orc_ips, 0);
	range->orc.entries = layout_read_or(inspect, module, &layout->orc_entries, 0);
	kallsyms = layout_read_or(inspect, module, &layout->kallsyms, 0);
	if (kallsyms) {
		range->symbols = layout_read_or(inspect, kallsyms, &layout->symtab, 0);
		range->strings = layout_read_or(inspect, kallsyms, &layout->strtab, 0);
		range->nr_symbols =
			(uint32_t)layout_read_or(inspect, kallsyms, &layout->num_symtab, 0);
	}
	return true;
}

/* Its code that runs once: false where there is none, any more. */
static bool find_init(struct inspect *inspect, const struct module_layout *layout, uint64_t module,
		      struct code_range *range)
{
	uint64_t start = layout_read_or(inspect, module, &layout->init_base, 0);
	uint64_t size = layout_read_or(inspect, module, &layout->init_size, 0);

	if (!start || !size || size > MAX_CODE || start > UINT64_MAX - size)
		return false;
	range->start = start;
	range->end = start + size;
	return true;
}

static bool read_program(struct inspect *inspect, const struct bpf_layout *layout, uint64_t program,
			 struct code_range *range)
{
	*range = (struct code_range){ .kind = CODE_BPF };
	return layout_read(inspect, program, &layout->start, &range->start) &&
	       layout_read(inspect, program, &layout->end, &range->end) &&
	       range->end > range->start && range->end - range->start <= MAX_CODE &&
	       inspect_read_string(inspect, program + layout->name.offset, range->name,
				   layout->name.size < CODE_NAME_SIZE ? layout->name.size
								      : CODE_NAME_SIZE);
}

/* The list @name, whose nodes are @node bytes behind the start of what is in it. */
static int read_list(struct inspect *inspect, struct module_symbols *symbols, enum code_kind kind,
		     const char *name, uint32_t node, uint32_t most, const void *layout)
{
	uint64_t head, at, damaged = 0;
	struct code_range range;
	struct list_walk walk;

	if (!inspect_symbol(inspect, name, &head)) {
		snprintf(symbols->why[kind], INSPECT_WHY_SIZE, "the kernel has no symbol %s", name);
		return 0;
	}
	list_begin(&walk, inspect, head, most);
	while (list_next(&walk, &at)) {
		bool ok = kind == CODE_BPF ? read_program(inspect, layout, at - node, &range)
					   : read_module(inspect, layout, at - node, &range);

		if (!ok)
			damaged++;
		else if (add(symbols, &range) ||
			 (kind == CODE_MODULE && find_init(inspect, layout, at - node, &range) &&
			  add(symbols, &range)))
			return -ENOMEM;
	}
	if (walk.broken)
		snprintf(symbols->why[kind], INSPECT_WHY_SIZE, "the list %s ends early: %s", name,
			 walk.broken);
	else if (damaged)
		snprintf(symbols->why[kind], INSPECT_WHY_SIZE,
			 "%llu in the list %s are damaged or not readable",
			 (unsigned long long)damaged, name);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	uint64_t left = ((const struct code_range *)a)->start;
	uint64_t right = ((const struct code_range *)b)->start;

	return left < right ? -1 : left > right;
}

/* Where a module's memory is an array: that of @kind. False: it has none of that kind. */
static bool choose_memory(const struct btf *btf, const char *kind, struct btf_field *base,
			  struct btf_field *size)
{
	struct btf_field mem;
	uint64_t number;

	if (!btf_member(btf, "module", "mem", &mem))
		return true;
	if (base->count != 1 || !btf_enumerator(btf, kind, &number) || number >= mem.count)
		return false;
	base->offset += (uint32_t)number * mem.stride;
	size->offset += (uint32_t)number * mem.stride;
	return true;
}

int module_symbols_open(struct inspect *inspect, const struct btf *btf, struct module_symbols **out,
			struct error *err)
{
	struct module_symbols *symbols = calloc(1, sizeof(*symbols));
	struct module_layout module;
	struct bpf_layout program;
	int ret = 0;

	*out = NULL;
	if (!symbols)
		return error_set(err, -ENOMEM, "modules: out of memory");
	if (!layout_resolve(btf, module_wants, COUNT(module_wants), &module,
			    symbols->why[CODE_MODULE])) {
		choose_memory(btf, "MOD_TEXT", &module.base, &module.size);
		module.init_base.found &=
			choose_memory(btf, "MOD_INIT_TEXT", &module.init_base, &module.init_size);
		ret = read_list(inspect, symbols, CODE_MODULE, "modules", module.list.offset,
				MAX_MODULES, &module);
	}
	if (!ret &&
	    !layout_resolve(btf, bpf_wants, COUNT(bpf_wants), &program, symbols->why[CODE_BPF]))
		ret = read_list(inspect, symbols, CODE_BPF, "bpf_kallsyms", program.node.offset,
				MAX_PROGRAMS, &program);
	if (ret) {
		module_symbols_close(symbols);
		return error_set(err, ret, "modules: out of memory");
	}
	if (symbols->nr)
		qsort(symbols->ranges, symbols->nr, sizeof(*symbols->ranges), by_start);
	*out = symbols;
	return 0;
}

void module_symbols_close(struct module_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->ranges);
	free(symbols);
}

const char *module_symbols_why(const struct module_symbols *symbols, enum code_kind kind)
{
	return symbols->why[kind];
}

const struct code_range *module_symbols_find(const struct module_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols ? symbols->nr : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < symbols->ranges[low - 1].end ? &symbols->ranges[low - 1] : NULL;
}

bool code_symbol_at(struct inspect *inspect, const struct code_range *range, uint64_t address,
		    char *name, uint64_t *offset, uint64_t *size)
{
	uint64_t best = 0, next = range->end;
	Elf64_Sym chunk[CHUNK];
	uint32_t best_name = 0;

	if (range->kind == CODE_BPF) {
		memcpy(name, range->name, CODE_NAME_SIZE);
		*offset = address - range->start;
		*size = range->end - range->start;
		return true;
	}
	if (!range->symbols || range->nr_symbols > MAX_SYMBOLS)
		return false;
	for (uint32_t i = 0; i < range->nr_symbols; i += CHUNK) {
		uint32_t nr = range->nr_symbols - i < CHUNK ? range->nr_symbols - i : CHUNK;

		if (!inspect_read(inspect, range->symbols + (uint64_t)i * sizeof(*chunk), chunk,
				  nr * sizeof(*chunk)))
			return false;
		for (uint32_t k = 0; k < nr; k++) {
			uint64_t value = chunk[k].st_value;

			if (chunk[k].st_shndx == SHN_UNDEF || !chunk[k].st_name ||
			    value < range->start || value >= range->end)
				continue;
			if (value <= address && value > best) {
				best = value;
				best_name = chunk[k].st_name;
			} else if (value > address && value < next) {
				next = value;
			}
		}
	}
	if (!best ||
	    !inspect_read_string(inspect, range->strings + best_name, name, CODE_NAME_SIZE))
		return false;
	*offset = address - best;
	*size = next - best;
	return true;
}
