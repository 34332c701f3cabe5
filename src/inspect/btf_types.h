/* BTF's form, for those who read it: btf.c, which checks it once, and btf_member.c, which looks
 * things up. */
#ifndef KTSTR_INSPECT_BTF_TYPES_H
#define KTSTR_INSPECT_BTF_TYPES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "inspect/btf.h"
#include "util/fnv.h"

/* include/uapi/linux/btf.h */
enum {
	BTF_KIND_VOID,
	BTF_KIND_INT,
	BTF_KIND_PTR,
	BTF_KIND_ARRAY,
	BTF_KIND_STRUCT,
	BTF_KIND_UNION,
	BTF_KIND_ENUM,
	BTF_KIND_FWD,
	BTF_KIND_TYPEDEF,
	BTF_KIND_VOLATILE,
	BTF_KIND_CONST,
	BTF_KIND_RESTRICT,
	BTF_KIND_FUNC,
	BTF_KIND_FUNC_PROTO,
	BTF_KIND_VAR,
	BTF_KIND_DATASEC,
	BTF_KIND_FLOAT,
	BTF_KIND_DECL_TAG,
	BTF_KIND_TYPE_TAG,
	BTF_KIND_ENUM64,
	BTF_NR_KINDS,
};

/* What follows a type: so many bytes, and so many for each of its vlen parts. */
static const struct {
	uint8_t fixed, each;
} btf_after_type[BTF_NR_KINDS] = {
	[BTF_KIND_INT] = { 4, 0 },	[BTF_KIND_ARRAY] = { 12, 0 },
	[BTF_KIND_STRUCT] = { 0, 12 },	[BTF_KIND_UNION] = { 0, 12 },
	[BTF_KIND_ENUM] = { 0, 8 },	[BTF_KIND_FUNC_PROTO] = { 0, 8 },
	[BTF_KIND_VAR] = { 4, 0 },	[BTF_KIND_DATASEC] = { 0, 12 },
	[BTF_KIND_DECL_TAG] = { 4, 0 }, [BTF_KIND_ENUM64] = { 0, 12 },
};

#define BTF_TYPE_SIZE 12u
/* Of a name with its NUL; longer ones are not looked for. */
#define BTF_MAX_NAME  128u

struct btf {
	uint8_t *bytes;
	const uint8_t *types; /* in bytes */
	const char *strings;  /* in bytes; its last is 0 */
	uint32_t strings_size;
	uint32_t nr;  /* of types, without void, whose number is 0 */
	uint32_t *at; /* nr + 1: offset in types by number */
	/* Structs and unions by name: a list for each hash, in the types' order. 0 ends it. */
	uint32_t *heads, *next;
	uint32_t mask;
};

struct btf_type {
	uint32_t name, info, size; /* size, or the number of another type */
	const uint8_t *after;
};

static inline uint32_t btf_u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline unsigned int btf_kind_of(const struct btf_type *type)
{
	return (type->info >> 24) & 31;
}

static inline uint32_t btf_vlen_of(const struct btf_type *type)
{
	return type->info & 0xffff;
}

/* False for void and for numbers that there are not. */
static inline bool btf_get(const struct btf *btf, uint32_t number, struct btf_type *type)
{
	const uint8_t *at;

	if (!number || number > btf->nr)
		return false;
	at = btf->types + btf->at[number];
	*type = (struct btf_type){ btf_u32_at(at), btf_u32_at(at + 4), btf_u32_at(at + 8),
				   at + BTF_TYPE_SIZE };
	return true;
}

static inline const char *btf_name_at(const struct btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

static inline uint32_t btf_hash(const struct btf *btf, const char *name)
{
	return (uint32_t)fnv_add(FNV_START, name, strnlen(name, BTF_MAX_NAME)) & btf->mask;
}

static inline bool btf_is_composite(const struct btf_type *type)
{
	return btf_kind_of(type) == BTF_KIND_STRUCT || btf_kind_of(type) == BTF_KIND_UNION;
}

#endif
