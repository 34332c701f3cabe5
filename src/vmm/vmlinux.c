/* What is in an uncompressed kernel, an ELF file? Nothing of it is believed before it is checked.
 */
#include "vmm/vmlinux.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "vmm/x86/layout.h"

#define BANNER		  "Linux version "
/* __START_KERNEL_map: where the kernel's text is mapped (Documentation/arch/x86/x86_64/mm.rst). */
#define KERNEL_TEXT_START 0xffffffff80000000ull

bool vmlinux_probe(const uint8_t *data, size_t size)
{
	return size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

/* Program header @i, which is inside: e_phoff, e_phnum and e_phentsize have been checked. */
static Elf64_Phdr program_header(const uint8_t *data, const Elf64_Ehdr *header, unsigned int i)
{
	Elf64_Phdr phdr;

	memcpy(&phdr, data + header->e_phoff + (size_t)i * sizeof(phdr), sizeof(phdr));
	return phdr;
}

/* Is this a 64-bit x86 ELF whose program headers lie within @size bytes? */
static bool headers_inside(const Elf64_Ehdr *header, size_t size)
{
	return header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phoff <= size &&
	       header->e_phnum <= (size - header->e_phoff) / sizeof(Elf64_Phdr);
}

bool vmlinux_headers_in(const uint8_t *head, size_t head_size)
{
	Elf64_Ehdr header;

	if (!vmlinux_probe(head, head_size) || head_size < sizeof(header))
		return false;
	memcpy(&header, head, sizeof(header));
	return headers_inside(&header, head_size);
}

uint64_t vmlinux_loaded_size(const uint8_t *head, size_t head_size, uint64_t file_size)
{
	uint64_t loaded = head_size;
	Elf64_Ehdr header;

	if (head_size < sizeof(header))
		return file_size;
	memcpy(&header, head, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || !headers_inside(&header, head_size))
		return file_size;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr phdr = program_header(head, &header, i);
		uint64_t end;

		if (phdr.p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(phdr.p_offset, phdr.p_filesz, &end) || end > file_size)
			return file_size;
		if (end > loaded)
			loaded = end;
	}
	return loaded < file_size ? loaded : file_size;
}

/* One PT_LOAD into @out, which has room for it. */
static int add_segment(const char *name, size_t size, const Elf64_Phdr *phdr, struct vmlinux *out,
		       struct error *err)
{
	uint64_t gpa = phdr->p_paddr;
	uint64_t file_end, end;

	if (__builtin_add_overflow(phdr->p_offset, phdr->p_filesz, &file_end) || file_end > size)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': truncated: a segment has %#llx bytes at offset "
				 "%#llx, but there are only %#zx bytes; copy the vmlinux again",
				 name, (unsigned long long)phdr->p_filesz,
				 (unsigned long long)phdr->p_offset, size);
	if (phdr->p_filesz > phdr->p_memsz)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: a segment has %#llx bytes in the file and "
				 "%#llx in memory; give a whole vmlinux",
				 name, (unsigned long long)phdr->p_filesz,
				 (unsigned long long)phdr->p_memsz);
	if (gpa < LAYOUT_KERNEL_MIN || __builtin_add_overflow(gpa, phdr->p_memsz, &end) ||
	    end > LAYOUT_HOLE_START)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': a segment of %#llx bytes has the physical address "
				 "%#llx, expected a place between 1 MiB and 3 GiB; give a vmlinux "
				 "as the kernel's build makes it",
				 name, (unsigned long long)phdr->p_memsz, (unsigned long long)gpa);
	for (size_t i = 0; i < out->nr_segments; i++) {
		const struct vmlinux_segment *other = &out->segments[i];

		if (gpa < other->gpa + other->memory_size && other->gpa < end)
			return error_set(err, -ENOEXEC,
					 "kernel '%s': damaged: two segments overlap at the "
					 "physical address %#llx; give a whole vmlinux",
					 name,
					 (unsigned long long)(gpa > other->gpa ? gpa : other->gpa));
	}
	out->segments[out->nr_segments++] = (struct vmlinux_segment){
		.offset = phdr->p_offset,
		.file_size = phdr->p_filesz,
		.gpa = gpa,
		.memory_size = phdr->p_memsz,
	};
	if (end > out->end)
		out->end = end;
	return 0;
}

/* Everything that the ELF header alone tells. */
static int check_header(const char *name, const uint8_t *data, size_t size, Elf64_Ehdr *header,
			struct error *err)
{
	if (size < sizeof(*header))
		return error_set(err, -ENOEXEC,
				 "kernel '%s': truncated: %zu bytes are not even an ELF header; "
				 "copy the vmlinux again",
				 name, size);
	memcpy(header, data, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': an ELF file for 32-bit machines; give an x86-64 "
				 "kernel",
				 name);
	if (header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_X86_64)
		return error_set(
			err, -ENOEXEC,
			"kernel '%s': an ELF file for another machine (number %u, expected "
			"%u, x86-64, little-endian); give an x86-64 kernel",
			name, header->e_machine, EM_X86_64);
	if (header->e_type == ET_REL)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': a relocatable object (vmlinux.o, or a module); give "
				 "a bzImage or the vmlinux that was linked",
				 name);
	if (header->e_type != ET_EXEC)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': an ELF file of type %u, expected %u (ET_EXEC): a "
				 "library, a program or a core dump; give a bzImage or an "
				 "uncompressed vmlinux",
				 name, header->e_type, ET_EXEC);
	if (!headers_inside(header, size))
		return error_set(
			err, -ENOEXEC,
			"kernel '%s': truncated or damaged: %u program headers of %u bytes "
			"at offset %#llx, but there are only %#zx bytes; copy the vmlinux "
			"again",
			name, header->e_phnum, header->e_phentsize,
			(unsigned long long)header->e_phoff, size);
	return 0;
}

int vmlinux_parse(const char *name, const uint8_t *data, size_t size, struct vmlinux *out,
		  struct error *err)
{
	bool entry_inside = false, entry_in_kernel = false;
	Elf64_Ehdr header;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = check_header(name, data, size, &header, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr phdr = program_header(data, &header, i);

		if (phdr.p_type != PT_LOAD || phdr.p_memsz == 0)
			continue;
		if (out->nr_segments == VMLINUX_MAX_SEGMENTS)
			return error_set(err, -ENOEXEC,
					 "kernel '%s': more than %d segments to load; give a "
					 "vmlinux as the kernel's build makes it",
					 name, VMLINUX_MAX_SEGMENTS);
		ret = add_segment(name, size, &phdr, out, err);
		if (ret)
			return ret;
		if (header.e_entry >= phdr.p_paddr &&
		    header.e_entry - phdr.p_paddr < phdr.p_filesz) {
			entry_inside = true;
			entry_in_kernel = phdr.p_vaddr >= KERNEL_TEXT_START;
		}
	}
	if (!entry_inside)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': its entry point, physical address %#llx, is in none "
				 "of its %zu segments; give a vmlinux as the kernel's build makes "
				 "it",
				 name, (unsigned long long)header.e_entry, out->nr_segments);
	/* Programs that are linked to a fixed address pass everything up to here. */
	if (!entry_in_kernel)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': an ordinary program: its text is not linked to the "
				 "kernel's addresses (%#llx and up); give a bzImage or an "
				 "uncompressed vmlinux",
				 name, KERNEL_TEXT_START);
	out->entry = header.e_entry;
	return 0;
}

/* The length of the release that stands at @text, 0 when it is none. */
static size_t release_length(const uint8_t *text, size_t size, size_t room)
{
	size_t length = 0;

	/* Digits come first in every release; a format string has '%' there. */
	if (size == 0 || !isdigit(text[0]))
		return 0;
	while (length < size && length < room && text[length] > ' ' && text[length] < 0x7f)
		length++;
	return length < size && text[length] == ' ' ? length : 0;
}

void vmlinux_release(const struct vmlinux *vmlinux, const uint8_t *data, char *out, size_t out_size)
{
	const size_t banner_length = strlen(BANNER);

	out[0] = '\0';
	for (size_t i = 0; i < vmlinux->nr_segments; i++) {
		const uint8_t *at = data + vmlinux->segments[i].offset;
		const uint8_t *end = at + vmlinux->segments[i].file_size;

		while ((at = memmem(at, (size_t)(end - at), BANNER, banner_length))) {
			size_t length;

			at += banner_length;
			length = release_length(at, (size_t)(end - at), out_size - 1);
			if (length) {
				memcpy(out, at, length);
				out[length] = '\0';
				return;
			}
		}
	}
}
