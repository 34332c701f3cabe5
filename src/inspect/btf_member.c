/* Where does a member of one of the kernel's structs lie? See btf.h. No step here is a recursion,
 * and each has a bound: types may name each other in a circle. */
#include "inspect/btf_types.h"

/* Of typedefs, const and so on around one type; of arrays in arrays. */
#define MAX_CHAIN   32u
/* Of anonymous members that wait to be looked into, and of members that are looked at for one name.
 */
#define MAX_PENDING 64u
#define MAX_STEPS   65536u
#define MAX_VALUE   (1u << 30)

/* What is behind typedefs and qualifiers; false: nothing that has a size, or a circle. */
static bool strip(const struct btf *btf, uint32_t *number, struct btf_type *type)
{
	for (unsigned int i = 0; i < MAX_CHAIN; i++) {
		if (!btf_get(btf, *number, type))
			return false;
		switch (btf_kind_of(type)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			*number = type->size;
			break;
		default:
			return true;
		}
	}
	return false;
}

/* An array's: element type, and number of elements. */
static uint32_t array_type(const struct btf_type *type)
{
	return btf_u32_at(type->after);
}

static uint32_t array_count(const struct btf_type *type)
{
	return btf_u32_at(type->after + 8);
}

/* False: it has none, or one that is not believed. */
static bool size_of(const struct btf *btf, uint32_t number, uint32_t *size)
{
	uint64_t count = 1;
	struct btf_type type;

	for (unsigned int i = 0; i < MAX_CHAIN; i++) {
		uint64_t one;

		if (!strip(btf, &number, &type))
			return false;
		switch (btf_kind_of(&type)) {
		case BTF_KIND_ARRAY:
			count *= array_count(&type);
			if (count > MAX_VALUE)
				return false;
			number = array_type(&type);
			continue;
		case BTF_KIND_PTR:
			one = 8;
			break;
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
			one = type.size;
			break;
		default:
			return false;
		}
		if (one > MAX_VALUE || one * count > MAX_VALUE)
			return false;
		*size = (uint32_t)(one * count);
		return true;
	}
	return false;
}

struct member {
	uint32_t type;
	uint64_t bit;	/* from the start of the struct that was asked for */
	uint32_t width; /* of a bit field, else 0 */
};

/* Member i of a struct that begins at @base bits. */
static struct member member_at(const struct btf_type *type, uint32_t i, uint64_t base,
			       uint32_t *name)
{
	const uint8_t *at = type->after + (size_t)i * 12;
	uint32_t offset = btf_u32_at(at + 8);
	bool has_widths = type->info >> 31;

	*name = btf_u32_at(at);
	return (struct member){
		.type = btf_u32_at(at + 4),
		.bit = base + (has_widths ? offset & 0xffffff : offset),
		.width = has_widths ? offset >> 24 : 0,
	};
}

/* Member @name of composite @number, in it or in what has no name in it. */
static bool find_member(const struct btf *btf, uint32_t number, uint64_t base, const char *name,
			struct member *found)
{
	struct {
		uint32_t number;
		uint64_t base;
	} pending[MAX_PENDING] = { { number, base } };
	unsigned int nr = 1, steps = 0;
	struct btf_type type;

	while (nr > 0) {
		nr--;
		number = pending[nr].number;
		base = pending[nr].base;
		if (!strip(btf, &number, &type) || !btf_is_composite(&type))
			continue;
		for (uint32_t i = 0; i < btf_vlen_of(&type); i++) {
			uint32_t name_offset;
			struct member member = member_at(&type, i, base, &name_offset);
			const char *its = btf_name_at(btf, name_offset);

			if (++steps > MAX_STEPS)
				return false;
			if (*its && !strcmp(its, name)) {
				*found = member;
				return true;
			}
			if (!*its && nr < MAX_PENDING) {
				pending[nr].number = member.type;
				pending[nr++].base = member.bit;
			}
		}
	}
	return false;
}

static bool describe(const struct btf *btf, const struct member *member, struct btf_field *field)
{
	uint32_t number = member->type, width = member->width;
	struct btf_type type;

	*field = (struct btf_field){ .count = 1 };
	if (member->bit / 8 > MAX_VALUE || !strip(btf, &number, &type) ||
	    !size_of(btf, number, &field->size))
		return false;
	field->offset = (uint32_t)(member->bit / 8);
	field->stride = field->size;
	/* Before structs told of widths their integers did: bits 0 to 7, and an offset in 16 to 23.
	 */
	if (!width && btf_kind_of(&type) == BTF_KIND_INT &&
	    (btf_u32_at(type.after) & 0xff) < type.size * 8)
		width = btf_u32_at(type.after) & 0xff;
	if (width) {
		field->bit = member->bit % 8;
		if (width > 56)
			return false;
		field->bits = (uint8_t)width;
		field->size = (field->bit + width + 7) / 8;
		field->stride = field->size;
	} else if (member->bit % 8) {
		return false;
	}
	if (btf_kind_of(&type) == BTF_KIND_ARRAY) {
		field->count = array_count(&type);
		if (!size_of(btf, array_type(&type), &field->stride))
			return false;
	}
	field->found = true;
	return true;
}

/* The first part of @path, up to its dot; false: it has a name that no member has. */
static bool take_name(const char **path, char name[BTF_MAX_NAME])
{
	size_t length = strcspn(*path, ".");

	if (!length || length >= BTF_MAX_NAME)
		return false;
	memcpy(name, *path, length);
	name[length] = 0;
	*path += length + ((*path)[length] == '.');
	return true;
}

static bool member_of(const struct btf *btf, uint32_t number, const char *path,
		      struct btf_field *field)
{
	struct member member = { 0 };
	char name[BTF_MAX_NAME];
	struct btf_type type;

	do {
		if (!take_name(&path, name) || !find_member(btf, number, member.bit, name, &member))
			return false;
		number = member.type;
		/* An array's name stands for its first element. */
		for (unsigned int i = 0; *path && i < MAX_CHAIN; i++) {
			if (!strip(btf, &number, &type))
				return false;
			if (btf_kind_of(&type) != BTF_KIND_ARRAY)
				break;
			number = array_type(&type);
		}
	} while (*path);
	return describe(btf, &member, field);
}

/* The next struct or union of that name after @number, or the first one after 0; 0: there is none.
 */
static uint32_t next_named(const struct btf *btf, const char *name, uint32_t number)
{
	struct btf_type type;

	number = number ? btf->next[number] : btf->heads[btf_hash(btf, name)];
	for (unsigned int i = 0; number && i < MAX_STEPS; i++, number = btf->next[number])
		if (btf_get(btf, number, &type) && !strcmp(btf_name_at(btf, type.name), name))
			return number;
	return 0;
}

/* Types of one name may be several: of parts of the kernel that know nothing of each other. */
bool btf_member(const struct btf *btf, const char *type, const char *path, struct btf_field *field)
{
	uint32_t number = 0;

	for (unsigned int i = 0; i < MAX_CHAIN; i++) {
		number = next_named(btf, type, number);
		if (!number)
			break;
		if (member_of(btf, number, path, field))
			return true;
	}
	*field = (struct btf_field){ 0 };
	return false;
}

uint32_t btf_size(const struct btf *btf, const char *name)
{
	uint32_t number = next_named(btf, name, 0);
	struct btf_type type;

	return btf_get(btf, number, &type) && type.size <= MAX_VALUE ? type.size : 0;
}

bool btf_enumerator(const struct btf *btf, const char *name, uint64_t *value)
{
	struct btf_type type;

	for (uint32_t number = 1; btf_get(btf, number, &type); number++) {
		unsigned int kind = btf_kind_of(&type);
		const uint8_t *at = type.after;

		if (kind != BTF_KIND_ENUM && kind != BTF_KIND_ENUM64)
			continue;
		for (uint32_t i = 0; i < btf_vlen_of(&type); i++, at += btf_after_type[kind].each) {
			if (strcmp(btf_name_at(btf, btf_u32_at(at)), name))
				continue;
			*value = btf_u32_at(at + 4);
			if (kind == BTF_KIND_ENUM64)
				*value |= (uint64_t)btf_u32_at(at + 8) << 32;
			else if (type.info >> 31)
				*value = (uint64_t)(int64_t)(int32_t)*value;
			return true;
		}
	}
	return false;
}
