/*
 * Which members does a part of src/inspect need, by which names, and what does it say where one is
 * absent? Each part has a table of them; names that moved from kernel to kernel stand below each
 * other.
 */
#ifndef KTSTR_INSPECT_LAYOUT_H
#define KTSTR_INSPECT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/btf.h"

struct inspect;

/* Of a text that says why something was not read; cut to fit. */
#define INSPECT_WHY_SIZE 192

struct layout_want {
	const char *type, *path;
	size_t field;	/* offset of its struct btf_field in the part's own struct */
	bool or_absent; /* it may be that this kernel has none */
};

/*
 * layout_resolve - fill the struct btf_fields of @part
 * @wants: rows with the same field are names for the same thing, tried in order
 * @why: INSPECT_WHY_SIZE bytes; names the first one that is absent and may not be
 * Returns 0; -ENOENT, with why.
 */
int layout_resolve(const struct btf *btf, const struct layout_want *wants, size_t nr, void *part,
		   char *why);

/*
 * layout_read - the number that @field of the struct at kernel-virtual @base holds, up to 8 bytes,
 * not sign-extended; false: the field is absent, longer, or not readable.
 */
bool layout_read(struct inspect *inspect, uint64_t base, const struct btf_field *field,
		 uint64_t *value);

/* layout_read_or - the same, or @otherwise */
uint64_t layout_read_or(struct inspect *inspect, uint64_t base, const struct btf_field *field,
			uint64_t otherwise);

#endif
