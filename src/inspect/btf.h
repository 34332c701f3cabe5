/*
 * Where does a member of one of the kernel's structs lie? By the types that the kernel carries
 * (BTF: Documentation/bpf/btf.rst), which are hostile bytes like all of its memory.
 */
#ifndef KTSTR_INSPECT_BTF_H
#define KTSTR_INSPECT_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* The most that is taken for one; stock kernels have 4 to 6 MiB. */
#define BTF_MAX_SIZE (32u << 20)

struct inspect;
struct btf;

/* A member, as far as reading it needs. */
struct btf_field {
	bool found;
	uint32_t offset; /* bytes, from the start of the outermost struct */
	uint32_t size;	 /* bytes of all of it; of a bit field, of the bytes that it touches */
	uint8_t bit;	 /* a bit field's first bit in those, the lowest is 0 */
	uint8_t bits;	 /* a bit field's width; 0: it is none */
	uint32_t count;	 /* an array's elements, 1 for anything else */
	uint32_t stride; /* bytes of one element */
};

/*
 * btf_open - the running kernel's own, __start_BTF to __stop_BTF, read once
 * Returns 0, or with a message -ENOENT: the kernel has none (CONFIG_DEBUG_INFO_BTF); -EIO: it is
 * not readable; -ETIMEDOUT; -EPROTO as btf_parse; -ENOMEM.
 */
int btf_open(struct inspect *inspect, struct btf **out, struct error *err);

/*
 * btf_parse - @bytes, from malloc, are taken over whatever comes of it
 * Returns 0, or with a message -EPROTO: this is not BTF, or no whole one; -ENOMEM.
 */
int btf_parse(uint8_t *bytes, size_t size, struct btf **out, struct error *err);
void btf_close(struct btf *btf); /* NULL is fine */

/*
 * btf_member - member @path of struct or union @type
 * @path: names with dots, "thread.sp"; anonymous members are looked through, an array's name stands
 * for its first element when more follows False: there is no such type or member.
 */
bool btf_member(const struct btf *btf, const char *type, const char *path, struct btf_field *field);

/* btf_size - of struct or union @type, in bytes; 0: there is none. */
uint32_t btf_size(const struct btf *btf, const char *type);

/* btf_enumerator - the value of @name in any enum; false: there is none. Signed ones wrap. */
bool btf_enumerator(const struct btf *btf, const char *name, uint64_t *value);

#endif
