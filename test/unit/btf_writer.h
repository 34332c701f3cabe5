/* Writes BTF for tests (Documentation/bpf/btf.rst): types get their numbers in the order of the
 * calls. */
#ifndef KTSTR_TEST_BTF_WRITER_H
#define KTSTR_TEST_BTF_WRITER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct btf_writer {
	uint8_t types[16384];
	char strings[8192];
	uint32_t types_size, strings_size, nr;
};

struct btf_writer_member {
	const char *name; /* "": anonymous */
	uint32_t type, byte, bit, width;
};

enum {
	W_INT = 1,
	W_PTR,
	W_ARRAY,
	W_STRUCT,
	W_UNION,
	W_ENUM,
	W_TYPEDEF = 8,
	W_CONST = 10,
	W_ENUM64 = 19
};

static inline void w_u32(struct btf_writer *w, uint32_t value)
{
	memcpy(w->types + w->types_size, &value, sizeof(value));
	w->types_size += sizeof(value);
}

static inline uint32_t w_string(struct btf_writer *w, const char *name)
{
	uint32_t at;

	if (!w->strings_size)
		w->strings[w->strings_size++] = 0;
	if (!*name)
		return 0;
	at = w->strings_size;
	memcpy(w->strings + at, name, strlen(name) + 1);
	w->strings_size += (uint32_t)strlen(name) + 1;
	return at;
}

static inline uint32_t w_type(struct btf_writer *w, unsigned int kind, const char *name,
			      uint32_t vlen, uint32_t size)
{
	w_u32(w, w_string(w, name));
	w_u32(w, kind << 24 | vlen);
	w_u32(w, size);
	return ++w->nr;
}

static inline uint32_t w_int(struct btf_writer *w, uint32_t size)
{
	uint32_t type = w_type(w, W_INT, "int", 0, size);

	w_u32(w, size * 8);
	return type;
}

static inline uint32_t w_array(struct btf_writer *w, uint32_t element, uint32_t count)
{
	uint32_t type = w_type(w, W_ARRAY, "", 0, 0);

	w_u32(w, element);
	w_u32(w, element);
	w_u32(w, count);
	return type;
}

/* Up to the member without a name pointer. Widths: of bit fields. */
static inline uint32_t w_struct(struct btf_writer *w, unsigned int kind, const char *name,
				uint32_t size, const struct btf_writer_member *members)
{
	uint32_t nr = 0, type;

	while (members[nr].name)
		nr++;
	type = w_type(w, kind | 0x80, name, nr, size);
	for (uint32_t i = 0; i < nr; i++) {
		w_u32(w, w_string(w, members[i].name));
		w_u32(w, members[i].type);
		w_u32(w, members[i].width << 24 | (members[i].byte * 8 + members[i].bit));
	}
	return type;
}

/* From malloc, as btf_parse takes it. */
static inline uint8_t *w_end(struct btf_writer *w, size_t *size)
{
	uint32_t header[6] = { 0x1eb9f, 24, 0, w->types_size, w->types_size, w->strings_size };
	uint8_t *bytes;

	w_string(w, "");
	header[5] = w->strings_size;
	*size = sizeof(header) + w->types_size + w->strings_size;
	bytes = malloc(*size);
	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + sizeof(header), w->types, w->types_size);
	memcpy(bytes + sizeof(header) + w->types_size, w->strings, w->strings_size);
	return bytes;
}

#endif
