/* What do the sections of an ELF file say of its functions? See elf_tables.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "elf_tables.h"

#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void build_id_of_section(struct build_id *id, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc))) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp((char *)data->d_buf + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) &&
		    note.n_descsz && note.n_descsz <= sizeof(id->bytes)) {
			id->size = note.n_descsz;
			memcpy(id->bytes, (char *)data->d_buf + desc, id->size);
			return;
		}
		at = next;
	}
}

void elf_build_id(struct build_id *id, Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	id->size = 0;
	while (!id->size && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE &&
		    sh.sh_size <= ELF_MAX_NOTE_BYTES)
			build_id_of_section(id, scn);
}

/* Takes over the names of a symbol table; *@base is where they begin. */
static int add_strings(struct symbol_table *t, Elf *elf, size_t index, size_t *base, size_t *size)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	Elf_Data *data;
	GElf_Shdr sh;
	char *more;

	*size = 0;
	if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_type != SHT_STRTAB)
		return 0;
	if (sh.sh_size > ELF_MAX_STRING_BYTES)
		return -EFBIG;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || !data->d_size || data->d_size > ELF_MAX_STRING_BYTES)
		return 0;
	more = realloc(t->strings, t->string_bytes + data->d_size + 1);
	if (!more)
		return -ENOMEM;
	t->strings = more;
	memcpy(more + t->string_bytes, data->d_buf, data->d_size);
	*base = t->string_bytes;
	*size = data->d_size;
	t->string_bytes += data->d_size + 1;
	more[t->string_bytes - 1] = '\0';
	return 0;
}

/* Whether the symbol names code, and as what. @end: of its section, when that is known. */
static bool is_function(Elf *elf, const Elf64_Sym *sym, uint32_t *rank, uint64_t *end)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);
	bool code = false;
	GElf_Shdr sh;
	Elf_Scn *scn;

	if (sym->st_shndx == SHN_UNDEF || !sym->st_name ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
		return false;
	*end = UINT64_MAX;
	scn = sym->st_shndx < SHN_LORESERVE ? elf_getscn(elf, sym->st_shndx) : NULL;
	if (scn && gelf_getshdr(scn, &sh) && sh.sh_addr <= sym->st_value &&
	    sym->st_value - sh.sh_addr < sh.sh_size) {
		code = sh.sh_flags & SHF_EXECINSTR;
		if (sh.sh_addr <= UINT64_MAX - sh.sh_size)
			*end = sh.sh_addr + sh.sh_size;
	}
	*rank = bind == STB_LOCAL ? SYMBOL_LOCAL : bind == STB_WEAK ? SYMBOL_WEAK : 0;
	if (!sym->st_size)
		*rank |= SYMBOL_NO_SIZE;
	/* Functions in assembly often have no type; so do local labels, which name no function. */
	if (type == STT_NOTYPE) {
		*rank |= SYMBOL_UNTYPED;
		return code && bind != STB_LOCAL;
	}
	return true;
}

static int add_table(struct symbol_table *t, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	size_t base = 0, string_bytes, count;
	struct symbol *more;
	Elf_Data *data;
	int ret;

	if (sh->sh_entsize != sizeof(Elf64_Sym))
		return 0;
	if (sh->sh_size / sizeof(Elf64_Sym) > ELF_MAX_SYMBOLS)
		return -EFBIG;
	data = elf_getdata(scn, NULL);
	if (!data || !data->d_buf || data->d_type != ELF_T_SYM)
		return 0;
	ret = add_strings(t, elf, sh->sh_link, &base, &string_bytes);
	if (ret)
		return ret;
	count = data->d_size / sizeof(Elf64_Sym);
	more = reallocarray(t->symbols, t->count + count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->symbols = more;
	for (size_t i = 0; i < count; i++) {
		struct symbol *symbol = &t->symbols[t->count];
		Elf64_Sym sym;

		/* In an image they can lie at any address. */
		memcpy(&sym, (const char *)data->d_buf + i * sizeof(sym), sizeof(sym));
		if (sym.st_name >= string_bytes ||
		    !is_function(elf, &sym, &symbol->rank, &symbol->end))
			continue;
		symbol->start = sym.st_value;
		symbol->name = (uint32_t)(base + sym.st_name);
		if (sym.st_size)
			symbol->end = sym.st_size <= UINT64_MAX - sym.st_value
					      ? sym.st_value + sym.st_size
					      : UINT64_MAX;
		t->count += t->strings[symbol->name] != '\0';
	}
	return 0;
}

/* At most one table of each kind: a file with more is not what a linker makes. */
int elf_tables_add(struct symbol_table *t, Elf *elf)
{
	bool symtab = false, dynsym = false;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	int ret = 0;

	while (!ret && (scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_SYMTAB && !symtab) {
			symtab = true;
			ret = add_table(t, elf, scn, &sh);
		} else if (sh.sh_type == SHT_DYNSYM && !dynsym) {
			dynsym = true;
			ret = add_table(t, elf, scn, &sh);
		}
	}
	return ret;
}
