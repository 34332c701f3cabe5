/* Which function of an ELF file does a place in it belong to? Every byte of the file is hostile. */
#ifndef KTSTR_SYMBOLIZE_ELF_SYMBOLS_H
#define KTSTR_SYMBOLIZE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug_file.h"
#include "found.h"

/* The debug files of browsers have some GiB. */
#define ELF_MAX_FILE_BYTES (8ull << 30)
#define ELF_MAX_SEGMENTS   64

struct elf_symbols;

/*
 * elf_symbols_read - the functions that .symtab and .dynsym of the file @fd name, together with
 * those of its debug file when @dirs is given and has one. A file of our class and machine without
 * any is none the less read. @fd stays the caller's. Returns 0 and what elf_symbols_free takes;
 * -ENOEXEC: no ELF file, or a damaged one; -ENOTSUP: an ELF file of another class or machine;
 * -EFBIG; -ENOMEM.
 */
int elf_symbols_read(int fd, const struct debug_dirs *dirs, struct elf_symbols **out);

/* elf_symbols_of_image - the same of a file that lies in memory, which stays the caller's. */
int elf_symbols_of_image(void *image, size_t size, struct elf_symbols **out);

void elf_symbols_free(struct elf_symbols *symbols);

/* elf_symbols_bytes - what it takes of memory. */
size_t elf_symbols_bytes(const struct elf_symbols *symbols);

/*
 * elf_symbols_find - what the byte at @offset of the file is in, in the file's own addresses. Of
 * several functions that begin at an address, the one to name is: one that is typed as such, then a
 * global one before a weak and a local one, then one with a size, then the shortest name.
 * One with a size has so many bytes; one without reaches to the next one or its section's end.
 */
void elf_symbols_find(const struct elf_symbols *symbols, uint64_t offset, struct found *found);

#endif
