/* Which types does the kernel carry? See btf.h. They are checked here, once, for what btf_member.c
 * then relies on: that each lies in its section, and that names end. */
#include <errno.h>
#include <stdlib.h>

#include "inspect/btf_types.h"
#include "inspect/inspect.h"

/* include/uapi/linux/btf.h */
#define BTF_MAGIC	0xeb9f
#define BTF_HEADER_SIZE 24u

/* Each type's offset; false: they do not fill their section exactly. */
static bool index_types(struct btf *btf, uint32_t size)
{
	uint32_t at = 0;

	while (at < size) {
		uint32_t info, kind;
		uint64_t length;

		if (size - at < BTF_TYPE_SIZE)
			return false;
		info = btf_u32_at(btf->types + at + 4);
		kind = (info >> 24) & 31;
		if (kind == BTF_KIND_VOID || kind >= BTF_NR_KINDS)
			return false;
		length = BTF_TYPE_SIZE + btf_after_type[kind].fixed +
			 (uint64_t)btf_after_type[kind].each * (info & 0xffff);
		if (length > size - at)
			return false;
		btf->at[++btf->nr] = at;
		at += (uint32_t)length;
	}
	return btf->nr > 0;
}

/* From the last to the first, so that a list begins with the first. */
static void index_names(struct btf *btf)
{
	struct btf_type type;

	for (uint32_t i = btf->nr; i > 0; i--) {
		uint32_t *head;

		if (!btf_get(btf, i, &type) || !btf_is_composite(&type) ||
		    !*btf_name_at(btf, type.name))
			continue;
		head = &btf->heads[btf_hash(btf, btf_name_at(btf, type.name))];
		btf->next[i] = *head;
		*head = i;
	}
}

int btf_parse(uint8_t *bytes, size_t size, struct btf **out, struct error *err)
{
	uint32_t header, types_at, types_size, strings_at, strings_size, most;
	struct btf *btf = calloc(1, sizeof(*btf));

	*out = NULL;
	if (!btf) {
		free(bytes);
		return error_set(err, -ENOMEM, "BTF: out of memory");
	}
	btf->bytes = bytes;
	if (size < BTF_HEADER_SIZE || size > BTF_MAX_SIZE ||
	    (btf_u32_at(bytes) & 0xffff) != BTF_MAGIC)
		goto no_btf;
	header = btf_u32_at(bytes + 4);
	if (header < BTF_HEADER_SIZE || header > size)
		goto no_btf;
	size -= header;
	types_at = btf_u32_at(bytes + 8);
	types_size = btf_u32_at(bytes + 12);
	strings_at = btf_u32_at(bytes + 16);
	strings_size = btf_u32_at(bytes + 20);
	if (types_at > size || types_size > size - types_at || strings_at > size || !strings_size ||
	    strings_size > size - strings_at || bytes[header + strings_at + strings_size - 1])
		goto no_btf;
	btf->types = bytes + header + types_at;
	btf->strings = (const char *)bytes + header + strings_at;
	btf->strings_size = strings_size;
	most = types_size / BTF_TYPE_SIZE + 1;
	for (btf->mask = 1; btf->mask < most / 8; btf->mask = btf->mask * 2 + 1)
		;
	btf->at = malloc(most * sizeof(*btf->at));
	btf->next = calloc(most, sizeof(*btf->next));
	btf->heads = calloc((size_t)btf->mask + 1, sizeof(*btf->heads));
	if (!btf->at || !btf->next || !btf->heads) {
		btf_close(btf);
		return error_set(err, -ENOMEM, "BTF: out of memory");
	}
	if (!index_types(btf, types_size))
		goto no_btf;
	index_names(btf);
	*out = btf;
	return 0;
no_btf:
	btf_close(btf);
	return error_set(
		err, -EPROTO,
		"BTF: the kernel's types are damaged, or of a form that is not known here");
}

int btf_open(struct inspect *inspect, struct btf **out, struct error *err)
{
	uint64_t start, stop;
	uint8_t *bytes;

	*out = NULL;
	if (!inspect_symbol(inspect, "__start_BTF", &start) ||
	    !inspect_symbol(inspect, "__stop_BTF", &stop) || stop == start)
		return inspect_out_of_time(inspect)
			       ? error_set(
					 err, -ETIMEDOUT,
					 "BTF: there was no time left to look for the kernel's types")
			       : error_set(
					 err, -ENOENT,
					 "BTF: the kernel carries no types (CONFIG_DEBUG_INFO_BTF)");
	if (stop < start || stop - start > BTF_MAX_SIZE)
		return error_set(err, -EPROTO, "BTF: 0x%llx to 0x%llx is no place for types",
				 (unsigned long long)start, (unsigned long long)stop);
	bytes = malloc(stop - start);
	if (!bytes)
		return error_set(err, -ENOMEM, "BTF: out of memory");
	if (!inspect_read(inspect, start, bytes, stop - start)) {
		free(bytes);
		return error_set(err, -EIO, "BTF: the types at 0x%llx are not readable%s",
				 (unsigned long long)start,
				 inspect_out_of_time(inspect) ? " in time" : "");
	}
	return btf_parse(bytes, stop - start, out, err);
}

void btf_close(struct btf *btf)
{
	if (!btf)
		return;
	free(btf->bytes);
	free(btf->at);
	free(btf->next);
	free(btf->heads);
	free(btf);
}
