/* What does an ELF file ask its loader for? Read with libelf, from the program headers only. */
#ifndef KTSTR_INITRAMFS_ELF_DEPS_H
#define KTSTR_INITRAMFS_ELF_DEPS_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Each string is owned; NULL: the file has none. */
struct elf_deps {
	char *interp;  /* PT_INTERP */
	char *soname;  /* DT_SONAME */
	char *rpath;   /* DT_RPATH; NULL when there is a DT_RUNPATH, as the loader has it */
	char *runpath; /* DT_RUNPATH */
	char **needed; /* DT_NEEDED, in order */
	size_t nr_needed;
	uint32_t isa; /* levels of x86-64 that it needs, as elf_property_isa has them */
};

/*
 * elf_deps_read - of a file that begins with the ELF magic.
 * @fd:   stays the caller's
 * @size: the file's, in bytes
 * Objects and core files (ET_REL, ET_CORE), which no loader loads, have no needs, whatever their
 * machine: a BPF object is data.
 * Returns 0; -ENOEXEC with a clause that says why ("an ELF program for aarch64; ..."), without the
 * file's name, when it is truncated, damaged, 32-bit, or for another machine; -EIO; -ENOMEM.
 */
int elf_deps_read(int fd, uint64_t size, struct elf_deps **out, struct error *err);
void elf_deps_free(struct elf_deps *deps); /* NULL is fine */

enum elf_fit {
	ELF_FITS,
	ELF_FOREIGN, /* another class, byte order or machine: the loader looks on */
	ELF_NONE,    /* no ELF at all: the loader gives up */
};

/* elf_fit - what the loader thinks of a library by its first bytes. */
enum elf_fit elf_fit(const void *head, size_t size);

#endif
