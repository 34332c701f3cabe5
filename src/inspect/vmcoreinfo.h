/*
 * What does the kernel's VMCOREINFO note say? Lines of KEY=VALUE; the kernel documents them in
 * Documentation/admin-guide/kdump/vmcoreinfo.rst.
 */
#ifndef KTSTR_INSPECT_VMCOREINFO_H
#define KTSTR_INSPECT_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one note, bytes: the kernel gives it one page. */
#define VMCOREINFO_SIZE 4096

struct vmcoreinfo {
	char text[VMCOREINFO_SIZE + 1]; /* NUL-terminated */
	size_t size;			/* bytes of text; 0: there is none */
};

/* vmcoreinfo_take - keep @size bytes of it, up to the first NUL; false: it does not begin as one.
 */
bool vmcoreinfo_take(struct vmcoreinfo *info, const char *bytes, size_t size);

/*
 * vmcoreinfo_number, vmcoreinfo_hex - the value of the line that begins with "@key="
 * False: there is no such line, or it is no number in full.
 */
bool vmcoreinfo_number(const struct vmcoreinfo *info, const char *key, int64_t *value);
bool vmcoreinfo_hex(const struct vmcoreinfo *info, const char *key, uint64_t *value);

#endif
