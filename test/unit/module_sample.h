/* A kernel module of nothing but a section .modinfo, for tests. */
#ifndef KTSTR_TEST_MODULE_SAMPLE_H
#define KTSTR_TEST_MODULE_SAMPLE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MODULE_SAMPLE_MAX 4096

/* Fill @out, MODULE_SAMPLE_MAX bytes, with one that has these @size bytes; returns how many it is.
 */
static inline size_t module_sample(uint8_t *out, const void *modinfo, size_t size)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	const size_t names_at = sizeof(Elf64_Ehdr), info_at = names_at + sizeof(names);
	const size_t headers_at = (info_at + size + 7) / 8 * 8;
	const Elf64_Shdr headers[] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = info_at, .sh_size = size },
		{ .sh_name = 10,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = names_at,
		  .sh_size = sizeof(names) },
	};
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = headers_at,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(headers[0]),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};

	memset(out, 0, MODULE_SAMPLE_MAX);
	memcpy(out, &header, sizeof(header));
	memcpy(out + names_at, names, sizeof(names));
	memcpy(out + info_at, modinfo, size);
	memcpy(out + headers_at, headers, sizeof(headers));
	return headers_at + sizeof(headers);
}

#endif
