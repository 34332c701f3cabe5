/*
 * Which module's or BPF program's code is at an address, and what is it called? The kernel's own
 * symbols know neither.
 */
#ifndef KTSTR_INSPECT_SYMBOLS_OF_MODULES_H
#define KTSTR_INSPECT_SYMBOLS_OF_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/layout.h"
#include "inspect/orc.h"
#include "util/error.h"

/* Of a name with its NUL; longer ones are cut. */
#define CODE_NAME_SIZE	 128
#define MODULE_NAME_SIZE 64

struct inspect;
struct btf;
struct module_symbols;

enum code_kind { CODE_MODULE, CODE_BPF };

struct code_range {
	uint64_t start, end;
	enum code_kind kind;
	char name[CODE_NAME_SIZE]; /* the module's, or the program's; hostile bytes */
	/* A module's only: */
	struct orc_table orc;	   /* nr 0: none */
	uint64_t symbols, strings; /* its Elf64_Sym array and string table */
	uint32_t nr_symbols;
};

/*
 * module_symbols_open - read the lists `modules` and `bpf_kallsyms`
 * What is not readable is absent, see module_symbols_why. Returns 0; -ENOMEM with a message.
 */
int module_symbols_open(struct inspect *inspect, const struct btf *btf, struct module_symbols **out,
			struct error *err);
void module_symbols_close(struct module_symbols *symbols); /* NULL is fine */

/* Why one kind is not known, or not all of it; "" if it is. */
const char *module_symbols_why(const struct module_symbols *symbols, enum code_kind kind);

/* module_symbols_find - the code that @address lies in; NULL: none of these, or symbols is NULL */
const struct code_range *module_symbols_find(const struct module_symbols *symbols,
					     uint64_t address);

/*
 * code_symbol_at - the symbol of @range that @address lies in
 * @name: CODE_NAME_SIZE bytes; @offset: of @address in it; @size: up to the next one
 * False: a module whose symbols are not readable.
 */
bool code_symbol_at(struct inspect *inspect, const struct code_range *range, uint64_t address,
		    char *name, uint64_t *offset, uint64_t *size);

#endif
