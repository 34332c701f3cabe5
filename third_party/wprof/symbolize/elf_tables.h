/* What do the sections of an ELF file say of its functions? Every byte of them is hostile. */
#ifndef KTSTR_SYMBOLIZE_ELF_TABLES_H
#define KTSTR_SYMBOLIZE_ELF_TABLES_H

#include <libelf.h>

#include "debug_file.h"
#include "symbol_table.h"

/* Browsers have two million functions; in one symbol table. */
#define ELF_MAX_SYMBOLS	     (4ul << 20)
#define ELF_MAX_STRING_BYTES (256ul << 20)
#define ELF_MAX_NOTE_BYTES   65536

/*
 * elf_tables_add - the functions of .symtab and .dynsym, to a table that is not sorted yet.
 * Returns 0, -EFBIG beyond the bounds above, or -ENOMEM; the table is then whole none the less.
 */
int elf_tables_add(struct symbol_table *table, Elf *elf);

/* elf_build_id - the build-id of the file; size 0 when it has none. */
void elf_build_id(struct build_id *id, Elf *elf);

#endif
