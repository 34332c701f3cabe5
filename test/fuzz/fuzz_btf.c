/*
 * Can the types of a hostile kernel harm the one who reads them? The input is a whole blob, and
 * once its two sections, behind a header that fits them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/btf.h"
#include "test/unit/inspect_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(uint8_t *bytes, size_t size)
{
	static const char *const types[] = { "a", "b", "c", "" };
	static const char *const paths[] = { "a", "b", "a.b", "b.a.c", "c", "" };
	struct btf_field field;
	struct btf *btf;
	uint64_t value;

	if (btf_parse(bytes, size, &btf, NULL))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int k = 0; k < 6; k++) {
			if (btf_member(btf, types[i], paths[k], &field) != field.found)
				abort();
			if (field.bits > 56 || (field.bits && field.size > 8))
				abort();
		}
		btf_size(btf, types[i]);
		btf_enumerator(btf, types[i], &value);
	}
	btf_close(btf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t header[6] = { 0x1eb9f, 24 }, types_size;
	uint8_t *bytes = malloc(size + 1);

	memcpy(bytes, data, size);
	parse(bytes, size);
	if (size < 2)
		return 0;
	types_size = data[0] | data[1] << 8;
	data += 2;
	size -= 2;
	if (types_size > size)
		types_size = (uint32_t)size;
	header[3] = header[4] = types_size;
	header[5] = (uint32_t)size - types_size + 1;
	bytes = calloc(1, sizeof(header) + size + 1);
	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + sizeof(header), data, size);
	parse(bytes, sizeof(header) + size + 1);
	return 0;
}
