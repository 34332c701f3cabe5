/* How is the printk ring laid out? As VMCOREINFO says, and before there is one, BTF. */
#ifndef KTSTR_INSPECT_PRINTK_LAYOUT_H
#define KTSTR_INSPECT_PRINTK_LAYOUT_H

#include <stdint.h>

#include "inspect/btf.h"
#include "inspect/inspect.h"

/* Of any of its structs, bytes, at most. */
#define PRINTK_STRUCT_SIZE 1024u

/* Offsets and sizes in bytes: whatever they are, each member lies in its struct, and none of these
 * is larger than PRINTK_STRUCT_SIZE. */
struct printk_layout {
	int64_t ring_size, ring_descs, ring_text, descs_size, count_bits, descs, infos, head, tail;
	int64_t desc_size, state, lpos, lpos_size, begin, next;
	int64_t info_size, seq, ts, text_len, caller;
	int64_t data_size, size_bits, data;
	struct btf_field level; /* not found: printk_layout_level knows another way */
};

/* printk_layout_find - @btf may be NULL. Returns 0, or with a message -ENOENT: nothing says it. */
int printk_layout_find(struct inspect *inspect, const struct btf *btf, struct printk_layout *layout,
		       struct error *err);

/* printk_layout_level - the level in a printk_info of info_size bytes, or PRINTK_LEVEL_UNKNOWN */
unsigned int printk_layout_level(const struct printk_layout *layout, const unsigned char *info);

#endif
