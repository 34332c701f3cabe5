/* What does an ELF file ask its loader for? See elf_deps.h. Every offset in the file is hostile. */
#include "initramfs/elf_deps.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/elf_property.h"

/* Far above any real program; a bound on what a hostile one can make us keep. */
#define NEEDED_MAX  1024
#define DYNAMIC_MAX (1u << 20)
#define STRING_MAX  65536u
#define NOTES_MAX   65536u

/* PT_GNU_PROPERTY, which is newer than some elf.h. */
#define PROPERTY_SEGMENT 0x6474e553u

struct reader {
	Elf *elf;
	uint64_t size;
	GElf_Phdr *phdrs;
	size_t nr_phdrs;
	uint64_t strtab, strsz; /* as file offset and bytes in the file; 0, 0: none */
	struct elf_deps *deps;
	struct error *err;
};

static const char *machine_name(unsigned int machine, char *number, size_t size)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" },	   { EM_X86_64, "x86-64" },   { EM_ARM, "arm" },
		{ EM_AARCH64, "aarch64" }, { EM_RISCV, "riscv" },     { EM_PPC, "powerpc" },
		{ EM_PPC64, "powerpc64" }, { EM_S390, "s390" },	      { EM_MIPS, "mips" },
		{ 258, "loongarch" }, /* newer than some elf.h */
		{ EM_BPF, "bpf" },	   { EM_SPARCV9, "sparc64" }, { EM_IA_64, "ia64" },
		{ EM_68K, "m68k" },	   { EM_PARISC, "parisc" },   { EM_SH, "sh4" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	snprintf(number, size, "machine number %u", machine);
	return number;
}

static int damaged(struct reader *r, const char *what)
{
	return error_set(r->err, -ENOEXEC, "damaged or truncated ELF file: %s (it has %llu bytes)",
			 what, (unsigned long long)r->size);
}

static bool inside(const struct reader *r, uint64_t offset, uint64_t size)
{
	uint64_t end;

	return !__builtin_add_overflow(offset, size, &end) && end <= r->size;
}

/* @loaded: 0 when this is no program and no library, so that nothing more is to be read. */
static int check_header(struct reader *r, int *loaded)
{
	const char *ident = elf_getident(r->elf, NULL);
	char number[32];
	const char *machine;
	GElf_Ehdr ehdr;
	uint64_t table;

	*loaded = 0;
	if (elf_kind(r->elf) != ELF_K_ELF || !ident || !gelf_getehdr(r->elf, &ehdr))
		return damaged(r, "no whole ELF header");
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return 0;
	machine = machine_name(ehdr.e_machine, number, sizeof(number));
	if (ident[EI_CLASS] == ELFCLASS32 &&
	    (ehdr.e_machine == EM_386 || ehdr.e_machine == EM_X86_64))
		return error_set(
			r->err, -ENOEXEC,
			"a 32-bit ELF program (%s); the guest runs 64-bit x86-64 only: give "
			"a 64-bit build",
			ehdr.e_machine == EM_386 ? machine : "x32");
	if (ehdr.e_machine != EM_X86_64)
		return error_set(
			r->err, -ENOEXEC,
			"an ELF program for %s; the guest runs x86-64 only: give an x86-64 "
			"build",
			machine);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return damaged(r, "its class or byte order is not that of x86-64");
	if (elf_getphdrnum(r->elf, &r->nr_phdrs) || !r->nr_phdrs)
		return damaged(r, "no program headers");
	if (ehdr.e_phentsize != sizeof(Elf64_Phdr) ||
	    __builtin_mul_overflow(r->nr_phdrs, sizeof(Elf64_Phdr), &table) ||
	    !inside(r, ehdr.e_phoff, table))
		return damaged(r, "its program headers do not lie inside it");
	*loaded = 1;
	return 0;
}

static int read_phdrs(struct reader *r)
{
	r->phdrs = calloc(r->nr_phdrs, sizeof(*r->phdrs));
	if (!r->phdrs)
		return error_set(r->err, -ENOMEM, "out of memory for its program headers");
	for (size_t i = 0; i < r->nr_phdrs; i++) {
		GElf_Phdr *ph = &r->phdrs[i];

		if (i > INT_MAX || !gelf_getphdr(r->elf, (int)i, ph))
			return damaged(r, "a program header cannot be read");
		if ((ph->p_type == PT_LOAD || ph->p_type == PT_INTERP ||
		     ph->p_type == PT_DYNAMIC) &&
		    !inside(r, ph->p_offset, ph->p_filesz))
			return damaged(r, "a segment ends beyond the end of the file");
	}
	return 0;
}

/* The file offset of what is loaded at @address, and how many bytes of its segment follow. */
static int file_offset(const struct reader *r, uint64_t address, uint64_t *offset, uint64_t *rest)
{
	for (size_t i = 0; i < r->nr_phdrs; i++) {
		const GElf_Phdr *ph = &r->phdrs[i];

		if (ph->p_type != PT_LOAD || address < ph->p_vaddr ||
		    address - ph->p_vaddr >= ph->p_filesz)
			continue;
		*offset = ph->p_offset + (address - ph->p_vaddr);
		*rest = ph->p_filesz - (address - ph->p_vaddr);
		return 0;
	}
	return -ENOENT;
}

/* A NUL-terminated string of at most @room bytes, its NUL included, at @offset of the file. */
static int get_string(struct reader *r, uint64_t offset, uint64_t room, char **out)
{
	/* Most are short: read little first. */
	for (uint64_t chunk = 256; room; chunk = STRING_MAX) {
		Elf_Data *data;
		const char *text;

		if (chunk > room)
			chunk = room;
		data = elf_getdata_rawchunk(r->elf, (int64_t)offset, chunk, ELF_T_BYTE);
		if (!data || !data->d_buf)
			return damaged(r, "a string cannot be read");
		text = data->d_buf;
		if (memchr(text, '\0', chunk)) {
			free(*out);
			*out = strdup(text);
			return *out ? 0 : error_set(r->err, -ENOMEM, "out of memory for its names");
		}
		if (chunk == room || chunk == STRING_MAX)
			break;
	}
	return damaged(r, "a string without an end");
}

static int get_name(struct reader *r, uint64_t index, char **out)
{
	if (index >= r->strsz)
		return damaged(r, "a name lies outside the dynamic string table");
	return get_string(r, r->strtab + index, r->strsz - index, out);
}

static int add_needed(struct reader *r, uint64_t index)
{
	struct elf_deps *deps = r->deps;
	char **grown;
	int ret;

	if (deps->nr_needed == NEEDED_MAX)
		return damaged(r, "over 1024 DT_NEEDED entries");
	grown = realloc(deps->needed, (deps->nr_needed + 1) * sizeof(*grown));
	if (!grown)
		return error_set(r->err, -ENOMEM, "out of memory for its DT_NEEDED entries");
	deps->needed = grown;
	grown[deps->nr_needed] = NULL;
	ret = get_name(r, index, &grown[deps->nr_needed++]);
	if (ret)
		return ret;
	return *grown[deps->nr_needed - 1] ? 0 : damaged(r, "a DT_NEEDED without a name");
}

static int read_dynamic(struct reader *r, const GElf_Phdr *ph)
{
	uint64_t strtab = 0, strsz = 0, rest;
	Elf_Data *data;
	GElf_Dyn dyn;
	int count, ret = 0;

	if (ph->p_filesz > DYNAMIC_MAX)
		return damaged(r, "a dynamic section of over 1 MiB");
	count = (int)(ph->p_filesz / sizeof(Elf64_Dyn));
	if (!count)
		return damaged(r, "an empty dynamic section");
	data = elf_getdata_rawchunk(r->elf, (int64_t)ph->p_offset, ph->p_filesz, ELF_T_DYN);
	if (!data)
		return damaged(r, "its dynamic section cannot be read");
	for (int i = 0; i < count && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag == DT_STRTAB)
			strtab = dyn.d_un.d_ptr;
		else if (dyn.d_tag == DT_STRSZ)
			strsz = dyn.d_un.d_val;
	}
	/* Without a table every name below is out of it, which is an error only if there is one. */
	if (!file_offset(r, strtab, &r->strtab, &rest))
		r->strsz = strsz < rest ? strsz : rest;

	for (int i = 0; !ret && i < count && gelf_getdyn(data, i, &dyn); i++) {
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_NEEDED)
			ret = add_needed(r, dyn.d_un.d_val);
		else if (dyn.d_tag == DT_SONAME)
			ret = get_name(r, dyn.d_un.d_val, &r->deps->soname);
		else if (dyn.d_tag == DT_RPATH)
			ret = get_name(r, dyn.d_un.d_val, &r->deps->rpath);
		else if (dyn.d_tag == DT_RUNPATH)
			ret = get_name(r, dyn.d_un.d_val, &r->deps->runpath);
	}
	if (r->deps->runpath) {
		free(r->deps->rpath);
		r->deps->rpath = NULL;
	}
	return ret;
}

/* As the loader: PT_GNU_PROPERTY, and without one the notes. What is too large says nothing. */
static void read_isa(struct reader *r)
{
	uint32_t type = PT_NOTE;

	for (size_t i = 0; i < r->nr_phdrs; i++)
		if (r->phdrs[i].p_type == PROPERTY_SEGMENT)
			type = PROPERTY_SEGMENT;
	for (size_t i = 0; i < r->nr_phdrs; i++) {
		const GElf_Phdr *ph = &r->phdrs[i];
		Elf_Data *data;

		if (ph->p_type != type || !ph->p_filesz || ph->p_filesz > NOTES_MAX ||
		    !inside(r, ph->p_offset, ph->p_filesz))
			continue;
		/* As bytes: libelf looks into notes. */
		data = elf_getdata_rawchunk(r->elf, (int64_t)ph->p_offset, ph->p_filesz,
					    ELF_T_BYTE);
		if (data && data->d_buf)
			r->deps->isa |= elf_property_isa(data->d_buf, data->d_size, ph->p_align);
	}
}

static int read_all(struct reader *r)
{
	int loaded, ret;

	ret = check_header(r, &loaded);
	if (ret || !loaded)
		return ret;
	ret = read_phdrs(r);
	for (size_t i = 0; !ret && i < r->nr_phdrs; i++) {
		const GElf_Phdr *ph = &r->phdrs[i];

		/* As the kernel: the first one counts. */
		if (ph->p_type == PT_INTERP && !r->deps->interp)
			ret = get_string(r, ph->p_offset,
					 ph->p_filesz < PATH_MAX ? ph->p_filesz : PATH_MAX,
					 &r->deps->interp);
		else if (ph->p_type == PT_DYNAMIC)
			ret = read_dynamic(r, ph);
	}
	if (!ret)
		read_isa(r);
	return ret;
}

int elf_deps_read(int fd, uint64_t size, struct elf_deps **out, struct error *err)
{
	struct reader r = { .size = size, .err = err };
	int ret;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(err, -EIO, "libelf does not know the current ELF version");
	r.deps = calloc(1, sizeof(*r.deps));
	if (!r.deps)
		return error_set(err, -ENOMEM, "out of memory for an ELF file");
	/* Read, not mapped: a file that shrinks under us must not end in SIGBUS. */
	r.elf = elf_begin(fd, ELF_C_READ, NULL);
	ret = r.elf ? read_all(&r) : damaged(&r, "libelf cannot open it");
	free(r.phdrs);
	elf_end(r.elf);
	if (ret)
		elf_deps_free(r.deps);
	else
		*out = r.deps;
	return ret;
}

void elf_deps_free(struct elf_deps *deps)
{
	if (!deps)
		return;
	for (size_t i = 0; i < deps->nr_needed; i++)
		free(deps->needed[i]);
	free(deps->needed);
	free(deps->interp);
	free(deps->soname);
	free(deps->rpath);
	free(deps->runpath);
	free(deps);
}

enum elf_fit elf_fit(const void *head, size_t size)
{
	Elf64_Ehdr ehdr;

	if (size < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return ELF_NONE;
	/* Its machine stands at the same place in both classes. */
	if (size < offsetof(Elf64_Ehdr, e_version))
		return ELF_NONE;
	memcpy(&ehdr, head, offsetof(Elf64_Ehdr, e_version));
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr.e_machine != EM_X86_64)
		return ELF_FOREIGN;
	return ELF_FITS;
}
