/* What does a kernel module say of itself? See modinfo.h. Every offset in the file is hostile. */
#include "modules/modinfo.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdint.h>
#include <string.h>

static int damaged(struct error *err, const char *what)
{
	return error_set(err, -ENOEXEC, "damaged or truncated kernel module: %s", what);
}

static int check_header(Elf *elf, struct error *err)
{
	const char *ident = elf_getident(elf, NULL);
	GElf_Ehdr ehdr;

	if (elf_kind(elf) != ELF_K_ELF || !ident || !gelf_getehdr(elf, &ehdr))
		return error_set(err, -ENOEXEC, "no kernel module: not an ELF file");
	if (ehdr.e_type != ET_REL)
		return error_set(err, -ENOEXEC,
				 "no kernel module: an ELF file of another kind (type %u)",
				 ehdr.e_type);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr.e_machine != EM_X86_64)
		return error_set(err, -ENOEXEC, "a kernel module for another machine than x86-64");
	return 0;
}

/* @section: at the offset that its header says, and inside the file. */
static int take_section(Elf_Scn *section, const char *data, size_t size, struct modinfo *info,
			struct error *err)
{
	GElf_Shdr shdr;
	uint64_t end;

	if (!gelf_getshdr(section, &shdr) || shdr.sh_type == SHT_NOBITS ||
	    __builtin_add_overflow(shdr.sh_offset, shdr.sh_size, &end) || end > size)
		return damaged(err, ".modinfo does not lie inside it");
	info->text = data + shdr.sh_offset;
	info->size = shdr.sh_size;
	if (info->size && info->text[info->size - 1])
		return damaged(err, ".modinfo has no end");
	return 0;
}

int modinfo_find(const void *data, size_t size, struct modinfo *info, struct error *err)
{
	Elf_Scn *section = NULL;
	size_t strings;
	int ret;
	Elf *elf;

	*info = (struct modinfo){ NULL, 0 };
	elf_version(EV_CURRENT);
	/* It does not write there: that takes elf_update. */
	elf = elf_memory((char *)data, size);
	if (!elf)
		return error_set(err, -ENOEXEC, "no kernel module: %s", elf_errmsg(-1));
	ret = check_header(elf, err);
	if (!ret && elf_getshdrstrndx(elf, &strings))
		ret = damaged(err, "no names of its sections");
	while (!ret && (section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(section, &shdr)) {
			ret = damaged(err, "a section's header cannot be read");
			break;
		}
		name = elf_strptr(elf, strings, shdr.sh_name);
		if (name && !strcmp(name, ".modinfo")) {
			ret = take_section(section, data, size, info, err);
			break;
		}
	}
	if (!ret && !info->text)
		ret = error_set(err, -ENOEXEC, "no kernel module: no section .modinfo");
	elf_end(elf);
	return ret;
}

const char *modinfo_next(const struct modinfo *info, const char *key, const char *after)
{
	const char *end = info->text + info->size;
	const char *at = after ? after + strlen(after) + 1 : info->text;
	size_t length = strlen(key);

	for (; at < end; at += strlen(at) + 1)
		if (!strncmp(at, key, length) && at[length] == '=')
			return at + length + 1;
	return NULL;
}
