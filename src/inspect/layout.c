/* Which members does a part of src/inspect need? See layout.h. */
#include "inspect/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/inspect.h"

static struct btf_field *field_of(void *part, const struct layout_want *want)
{
	return (struct btf_field *)((char *)part + want->field);
}

int layout_resolve(const struct btf *btf, const struct layout_want *wants, size_t nr, void *part,
		   char *why)
{
	for (size_t i = 0; i < nr; i++)
		field_of(part, &wants[i])->found = false;
	for (size_t i = 0; i < nr; i++) {
		struct btf_field *field = field_of(part, &wants[i]);

		if (!field->found)
			btf_member(btf, wants[i].type, wants[i].path, field);
	}
	for (size_t i = 0; i < nr; i++) {
		if (field_of(part, &wants[i])->found || wants[i].or_absent)
			continue;
		snprintf(why, INSPECT_WHY_SIZE, "the kernel's types (BTF) have no %s.%s",
			 wants[i].type, wants[i].path);
		return -ENOENT;
	}
	return 0;
}

bool layout_read(struct inspect *inspect, uint64_t base, const struct btf_field *field,
		 uint64_t *value)
{
	*value = 0;
	if (!field->found || field->size > sizeof(*value) ||
	    !inspect_read(inspect, base + field->offset, value, field->size))
		return false;
	if (field->bits)
		*value = (*value >> field->bit) & ((1ull << field->bits) - 1);
	return true;
}

uint64_t layout_read_or(struct inspect *inspect, uint64_t base, const struct btf_field *field,
			uint64_t otherwise)
{
	uint64_t value;

	return layout_read(inspect, base, field, &value) ? value : otherwise;
}
