/* Which function of the kernel does an address belong to? */
#ifndef KTSTR_SYMBOLIZE_KALLSYMS_H
#define KTSTR_SYMBOLIZE_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "found.h"

#define KALLSYMS_DEFAULT     "/proc/kallsyms"
#define KALLSYMS_MAX_BYTES   (256ul << 20)
#define KALLSYMS_MAX_SYMBOLS (4ul << 20)
/* How far the last function of the kernel or of a module reaches, whose end nothing tells. */
#define KALLSYMS_TAIL_BYTES  65536u

struct kallsyms;

/*
 * kallsyms_read - all of the file @path, in the form of /proc/kallsyms.
 * Returns 0 and in *@out what kallsyms_free takes; -EPERM when all addresses are zero, because the
 * kernel does not show them to this user; -ENOENT when it has no function at all; -EFBIG beyond the
 * bounds above; or what opening and reading returned.
 */
int kallsyms_read(const char *path, struct kallsyms **out);

/* kallsyms_parse - the same of @text, which it owns from then on; text[size] is a NUL. */
int kallsyms_parse(char *text, size_t size, struct kallsyms **out);

void kallsyms_free(struct kallsyms *kallsyms);

/*
 * kallsyms_find - what @address is in. A function ends where the next symbol of any kind begins;
 * the last one of the kernel or of a module has the size -1 and KALLSYMS_TAIL_BYTES.
 */
void kallsyms_find(const struct kallsyms *kallsyms, uint64_t address, struct found *found);

#endif
