/* How is the printk ring laid out? (printk_layout.h) */
#include "inspect/printk_layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/printk.h"
#include "inspect/state.h"

#define KEY_SIZE 64u

/* A struct's size, where member is NULL, or a member's offset. */
static const struct {
	const char *type, *member;
	size_t at;
	int64_t bytes; /* of the member; 0: it is a struct, or not looked at */
	size_t whole;  /* the size that it lies in */
} wants[] = {
#define SIZE(type, field)                                                                          \
	{                                                                                          \
		type, NULL, offsetof(struct printk_layout, field), 0, 0                            \
	}
#define OFFSET(type, member, field, bytes, whole)                                                  \
	{                                                                                          \
		type, member, offsetof(struct printk_layout, field), bytes,                        \
			offsetof(struct printk_layout, whole)                                      \
	}
	SIZE("printk_ringbuffer", ring_size),
	SIZE("prb_desc_ring", descs_size),
	SIZE("prb_desc", desc_size),
	SIZE("prb_data_blk_lpos", lpos_size),
	SIZE("printk_info", info_size),
	SIZE("prb_data_ring", data_size),
	OFFSET("printk_ringbuffer", "desc_ring", ring_descs, 0, ring_size),
	OFFSET("printk_ringbuffer", "text_data_ring", ring_text, 0, ring_size),
	OFFSET("prb_desc_ring", "count_bits", count_bits, 4, descs_size),
	OFFSET("prb_desc_ring", "descs", descs, 8, descs_size),
	OFFSET("prb_desc_ring", "infos", infos, 8, descs_size),
	OFFSET("prb_desc_ring", "head_id", head, 8, descs_size),
	OFFSET("prb_desc_ring", "tail_id", tail, 8, descs_size),
	OFFSET("prb_desc", "state_var", state, 8, desc_size),
	OFFSET("prb_desc", "text_blk_lpos", lpos, 0, desc_size),
	OFFSET("prb_data_blk_lpos", "begin", begin, 8, lpos_size),
	OFFSET("prb_data_blk_lpos", "next", next, 8, lpos_size),
	OFFSET("printk_info", "seq", seq, 8, info_size),
	OFFSET("printk_info", "ts_nsec", ts, 8, info_size),
	OFFSET("printk_info", "text_len", text_len, 2, info_size),
	OFFSET("printk_info", "caller_id", caller, 4, info_size),
	OFFSET("prb_data_ring", "size_bits", size_bits, 4, data_size),
	OFFSET("prb_data_ring", "data", data, 8, data_size),
#undef SIZE
#undef OFFSET
};

/* As VMCOREINFO names it: "SIZE(prb_desc)", "OFFSET(prb_desc.state_var)". */
static void key_of(size_t want, char key[KEY_SIZE])
{
	if (wants[want].member)
		snprintf(key, KEY_SIZE, "OFFSET(%s.%s)", wants[want].type, wants[want].member);
	else
		snprintf(key, KEY_SIZE, "SIZE(%s)", wants[want].type);
}

static bool look_up(const struct vmcoreinfo *info, const struct btf *btf, size_t want,
		    int64_t *value)
{
	struct btf_field field;
	char key[KEY_SIZE];

	if (info->size) {
		key_of(want, key);
		return vmcoreinfo_number(info, key, value);
	}
	if (!wants[want].member) {
		*value = btf_size(btf, wants[want].type);
		return *value > 0;
	}
	if (!btf_member(btf, wants[want].type, wants[want].member, &field))
		return false;
	*value = field.offset;
	return true;
}

/* False: @key was not found, or cannot be. */
static bool read_layout(const struct vmcoreinfo *info, const struct btf *btf,
			struct printk_layout *layout, char key[KEY_SIZE])
{
	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		int64_t *value = (int64_t *)((char *)layout + wants[i].at);
		int64_t whole = PRINTK_STRUCT_SIZE;

		if (wants[i].member)
			whole = *(int64_t *)((char *)layout + wants[i].whole);
		key_of(i, key);
		if (!look_up(info, btf, i, value) || *value < 0 || *value > whole - wants[i].bytes)
			return false;
	}
	snprintf(key, KEY_SIZE, "OFFSET(prb_desc.text_blk_lpos)");
	return layout->lpos + layout->lpos_size <= layout->desc_size;
}

int printk_layout_find(struct inspect *inspect, const struct btf *btf, struct printk_layout *layout,
		       struct error *err)
{
	const bool has_note = inspect->vmcoreinfo.size;
	char key[KEY_SIZE];

	if (!has_note && !btf)
		return error_set(
			err, -ENOENT,
			"the guest's log: the kernel had not written VMCOREINFO yet, and has "
			"no BTF: nothing says how the log is laid out");
	if (!read_layout(&inspect->vmcoreinfo, btf, layout, key))
		return error_set(err, -ENOENT,
				 "the guest's log: %s has no %s, or one that cannot be",
				 has_note ? "VMCOREINFO" : "BTF", key);
	if (!btf || !btf_member(btf, "printk_info", "level", &layout->level) ||
	    layout->level.size > sizeof(uint64_t) ||
	    layout->level.offset + (int64_t)layout->level.size > layout->info_size)
		layout->level = (struct btf_field){ .found = false };
	return 0;
}

/*
 * VMCOREINFO says nothing of level and facility. Where there is no BTF: they are the two bytes that
 * a u16 at text_len and the u32 caller_id right behind it leave between them, level in the top
 * three bits of the second.
 */
unsigned int printk_layout_level(const struct printk_layout *layout, const unsigned char *info)
{
	const struct btf_field *level = &layout->level;
	uint64_t bits = 0;

	if (level->found) {
		memcpy(&bits, info + level->offset, level->size);
		bits >>= level->bit;
		if (level->bits)
			bits &= (1ull << level->bits) - 1;
		return bits < PRINTK_LEVEL_UNKNOWN ? (unsigned int)bits : PRINTK_LEVEL_UNKNOWN;
	}
	if (layout->caller != layout->text_len + 4)
		return PRINTK_LEVEL_UNKNOWN;
	return info[layout->text_len + 3] >> 5;
}
