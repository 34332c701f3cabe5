/*
 * Which function of an ELF file does a place in it belong to? See elf_symbols.h.
 * libelf reads the file with pread: a mapping of one that is cut under us would be a SIGBUS.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "elf_symbols.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_tables.h"
#include "symbol_table.h"

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#else
#error "name the ELF machine of this architecture"
#endif

struct segment {
	uint64_t offset, size; /* in the file */
	uint64_t address;
	bool executable;
};

struct elf_symbols {
	struct segment segments[ELF_MAX_SEGMENTS];
	size_t nr_segments;
	struct symbol_table table;
};

/* No extended count of sections: libelf would make room for as many as a file claims to have. */
static int check_header(const Elf64_Ehdr *head)
{
	if (memcmp(head->e_ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB ||
	    head->e_machine != OUR_MACHINE)
		return -ENOTSUP;
	if ((!head->e_shnum && head->e_shoff) || head->e_phnum == PN_XNUM)
		return -ENOTSUP;
	return 0;
}

static void read_segments(struct elf_symbols *s, Elf *elf)
{
	size_t count;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &count))
		return;
	for (size_t i = 0; i < count && s->nr_segments < ELF_MAX_SEGMENTS; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		s->segments[s->nr_segments++] = (struct segment){ .offset = ph.p_offset,
								  .size = ph.p_filesz,
								  .address = ph.p_vaddr,
								  .executable = ph.p_flags & PF_X };
	}
}

static int begin(int fd, Elf **elf)
{
	Elf64_Ehdr head;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if ((uint64_t)st.st_size > ELF_MAX_FILE_BYTES)
		return -EFBIG;
	memset(&head, 0, sizeof(head));
	if (pread(fd, &head, sizeof(head), 0) < EI_NIDENT)
		return -ENOEXEC;
	ret = check_header(&head);
	if (ret)
		return ret;
	elf_version(EV_CURRENT);
	*elf = elf_begin(fd, ELF_C_READ, NULL);
	return *elf ? 0 : -ENOEXEC;
}

/* One that is damaged or belongs to another build takes nothing from the file itself. */
static void add_debug_file(struct elf_symbols *s, const struct build_id *id,
			   const struct debug_dirs *dirs)
{
	int fd = debug_file_open(dirs, id);
	struct build_id its;
	Elf *elf;

	if (fd < 0)
		return;
	if (!begin(fd, &elf)) {
		elf_build_id(&its, elf);
		if (its.size == id->size && !memcmp(its.bytes, id->bytes, id->size))
			elf_tables_add(&s->table, elf);
		elf_end(elf);
	}
	close(fd);
}

/* Ends @elf. */
static int read_elf(Elf *elf, const struct debug_dirs *dirs, struct elf_symbols **out)
{
	struct elf_symbols *s = calloc(1, sizeof(*s));
	struct build_id id = { 0 };
	int ret = -ENOMEM;

	if (s) {
		read_segments(s, elf);
		ret = elf_tables_add(&s->table, elf);
		if (dirs)
			elf_build_id(&id, elf);
	}
	elf_end(elf);
	if (ret) {
		elf_symbols_free(s);
		return ret;
	}
	if (dirs)
		add_debug_file(s, &id, dirs);
	symbol_table_sort(&s->table);
	*out = s;
	return 0;
}

int elf_symbols_read(int fd, const struct debug_dirs *dirs, struct elf_symbols **out)
{
	Elf *elf;
	int ret = begin(fd, &elf);

	return ret ? ret : read_elf(elf, dirs, out);
}

int elf_symbols_of_image(void *image, size_t size, struct elf_symbols **out)
{
	Elf64_Ehdr head;
	Elf *elf;
	int ret;

	if (size < sizeof(head))
		return -ENOEXEC;
	memcpy(&head, image, sizeof(head));
	ret = check_header(&head);
	if (ret)
		return ret;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, size);
	return elf ? read_elf(elf, NULL, out) : -ENOEXEC;
}

void elf_symbols_free(struct elf_symbols *s)
{
	if (!s)
		return;
	symbol_table_destroy(&s->table);
	free(s);
}

size_t elf_symbols_bytes(const struct elf_symbols *s)
{
	return sizeof(*s) + symbol_table_bytes(&s->table);
}

/* Pages at the seam of two segments are mapped with both: the code is in the executable one. */
static bool address_of(const struct elf_symbols *s, uint64_t offset, uint64_t *address)
{
	const struct segment *in = NULL;

	for (size_t i = 0; i < s->nr_segments; i++) {
		const struct segment *segment = &s->segments[i];

		if (offset >= segment->offset && offset - segment->offset < segment->size &&
		    (!in || (segment->executable && !in->executable)))
			in = segment;
	}
	if (in)
		*address = offset - in->offset + in->address;
	return in;
}

void elf_symbols_find(const struct elf_symbols *s, uint64_t offset, struct found *found)
{
	const struct symbol *symbol;
	uint64_t address;

	*found = (struct found){ .reason = FOUND_BAD_OFFSET };
	if (!address_of(s, offset, &address))
		return;
	found->reason = s->table.count ? FOUND_NO_SYMBOL : FOUND_NO_SYMBOLS;
	symbol = symbol_table_find(&s->table, address);
	if (!symbol)
		return;
	found->reason = FOUND;
	found->name = s->table.strings + symbol->name;
	found->start = symbol->start;
	found->offset = address - symbol->start;
	found->size = -1;
	if (!(symbol->rank & SYMBOL_NO_SIZE) && symbol->end - symbol->start <= INT64_MAX)
		found->size = (int64_t)(symbol->end - symbol->start);
}
