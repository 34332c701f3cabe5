/*
 * A stopped guest, read from outside: no word of the guest's is needed, and none is believed. Every
 * byte of its memory may be wrong, by a bug or on purpose: all reads are checked, all walks have a
 * bound, and all of them together an end in time. What cannot be read is "not readable", with why;
 * nothing is guessed.
 *
 *   source.h  physical memory and registers          (in)
 *   address.c page tables: virtual -> physical       \
 *   locate.c  where the kernel lies                   > inspect_open
 *   symbols.c its symbols (kallsyms)                 /
 *   btf.c     its types: where a member lies
 *   orc.c     how to leave a frame                   -> unwind.c  a backtrace
 *   tasks.c, runqueues.c, printk.c                   (out)
 *   machine.c all of it but printk, as plain data    (out)
 *
 * Data flows down that list, and nothing in it knows KVM, a verdict or a report.
 */
#ifndef KTSTR_INSPECT_INSPECT_H
#define KTSTR_INSPECT_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/source.h"
#include "util/error.h"

/* Of a symbol's name with its NUL: KSYM_NAME_LEN of the kernel, 512 since 6.1. */
#define INSPECT_SYMBOL_SIZE 512

struct inspect;

/*
 * inspect_open - find the kernel in it
 * @source: stays the caller's, to be there until inspect_close; the machine stands still as long
 * @limit_ms: of CPU time, and ten times that on a running clock: the most that all calls together
 *   may take; past it all reads fail. Only the thread that opens it may read, as its time counts.
 *
 * Returns 0; -ENOENT: no kernel was found, with what was looked at (a guest that died before its
 * kernel set up its page tables); -ENOMEM; -ETIMEDOUT; with a message.
 */
int inspect_open(const struct inspect_source *source, unsigned int limit_ms, struct inspect **out,
		 struct error *err);

/*
 * inspect_open_vmlinux - the same, with the symbols of a vmlinux of the user's beside the kernel's
 * own: for a kernel without CONFIG_KALLSYMS, or without the names of its data (CONFIG_KALLSYMS_ALL)
 * @vmlinux: an ELF file with symbols, not kept open; NULL: none
 * Returns as well -ESTALE: it is another kernel's; -EINVAL or another errno: it cannot be used.
 */
int inspect_open_vmlinux(const struct inspect_source *source, const char *vmlinux,
			 unsigned int limit_ms, struct inspect **out, struct error *err);
void inspect_close(struct inspect *inspect); /* NULL is fine */

/* inspect_allow - from now on all calls together may take @limit_ms more, as of inspect_open. Only
 * the thread that calls this may read from then on. */
void inspect_allow(struct inspect *inspect, unsigned int limit_ms);

const struct inspect_source *inspect_source(const struct inspect *inspect);

/* Where _text is: its kernel-virtual and its guest-physical address; the image is contiguous in
 * both.
 */
uint64_t inspect_text_base(const struct inspect *inspect);
uint64_t inspect_text_gpa(const struct inspect *inspect);

/* inspect_kaslr_offset - how far KASLR moved it from where it was linked; false: VMCOREINFO, which
 * alone says so, is not there yet. */
bool inspect_kaslr_offset(const struct inspect *inspect, uint64_t *offset);

/* inspect_vmcoreinfo - the text of the kernel's VMCOREINFO note, @size bytes and a NUL; NULL: there
 * is none (the kernel had not come so far). It is inspect's. */
const char *inspect_vmcoreinfo(const struct inspect *inspect, size_t *size);

/* inspect_translate - where kernel-virtual @address lies in guest-physical memory; false: it is not
 * mapped. */
bool inspect_translate(struct inspect *inspect, uint64_t address, uint64_t *gpa);

/*
 * inspect_read - @size bytes at kernel-virtual @address, by the kernel's page tables. False: not
 * mapped, not RAM, or the time is over; @dst is then undefined.
 */
bool inspect_read(struct inspect *inspect, uint64_t address, void *dst, size_t size);
bool inspect_read_u64(struct inspect *inspect, uint64_t address, uint64_t *value);
bool inspect_read_u32(struct inspect *inspect, uint64_t address, uint32_t *value);

/*
 * inspect_read_user - the same of a process's memory, at user-virtual @address
 * @pgd: its page tables, kernel-virtual: mm_struct's member pgd
 * What is swapped out, or was never touched, is not there.
 */
bool inspect_read_user(struct inspect *inspect, uint64_t pgd, uint64_t address, void *dst,
		       size_t size);

/*
 * inspect_read_string - at most @size - 1 bytes up to a NUL; always terminated. The bytes are the
 * guest's: whoever prints them escapes them. False as inspect_read.
 */
bool inspect_read_string(struct inspect *inspect, uint64_t address, char *dst, size_t size);

/* inspect_symbol - where symbol @name lies; false: there is none. For a per-CPU one see
 * inspect_per_cpu. */
bool inspect_symbol(struct inspect *inspect, const char *name, uint64_t *address);

/* inspect_per_cpu - where CPU @cpu has its own @name (__per_cpu_offset); false: none, or no such
 * CPU, or none yet: early in its boot the kernel has only CPU 0. */
bool inspect_per_cpu(struct inspect *inspect, const char *name, unsigned int cpu,
		     uint64_t *address);

/*
 * inspect_symbol_at - the symbol of the kernel's image that @address lies in
 * @name: INSPECT_SYMBOL_SIZE bytes; @offset: of @address in it; @size: up to the next symbol
 * False: @address is not in the image. (Modules and BPF programs: names.h.)
 */
bool inspect_symbol_at(struct inspect *inspect, uint64_t address, char *name, uint64_t *offset,
		       uint64_t *size);

/* Is it over, the time that inspect_open was given? Then what was not found is not known to be
 * absent. */
bool inspect_out_of_time(const struct inspect *inspect);

#endif
