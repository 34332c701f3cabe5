/* What does a kernel module say of itself? Its ELF section .modinfo, "key=value" and a NUL each. */
#ifndef KTSTR_MODULES_MODINFO_H
#define KTSTR_MODULES_MODINFO_H

#include <stddef.h>

#include "util/error.h"

/* Points into the module's bytes, which stay the caller's. */
struct modinfo {
	const char *text; /* ends with a NUL, when it is not empty */
	size_t size;
};

/*
 * modinfo_find - in the @size bytes of a module that is not compressed (any more).
 * Returns 0, or -ENOEXEC with a clause that says what is wrong: no x86-64 module, or damaged.
 */
int modinfo_find(const void *data, size_t size, struct modinfo *info, struct error *err);

/*
 * modinfo_next - the next value of @key behind the value @after (NULL: the first of all). Returns
 * NULL when there is none.
 */
const char *modinfo_next(const struct modinfo *info, const char *key, const char *after);

#endif
