/* Which CPU does an ELF file say that it needs? Its note .note.gnu.property. */
#ifndef KTSTR_INITRAMFS_ELF_PROPERTY_H
#define KTSTR_INITRAMFS_ELF_PROPERTY_H

#include <stddef.h>
#include <stdint.h>

/*
 * elf_property_isa - the levels of x86-64 that are needed, as GNU_PROPERTY_X86_ISA_1_NEEDED has
 * them: bit 0 for the baseline, bits 1 to 3 for x86-64-v2 to -v4 (psABI x86-64, "Program
 * Property"). 0: it says nothing.
 * @notes: a segment of notes, hostile. @align: its alignment. As glibc's loader reads it
 * (elf/dl-load.c, _dl_process_pt_gnu_property), which passes over what is malformed.
 */
uint32_t elf_property_isa(const void *notes, size_t size, uint64_t align);

#endif
