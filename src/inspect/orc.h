/*
 * How is a frame left? By the kernel's ORC tables (Documentation/arch/x86/orc-unwinder.rst), whose
 * format the kernel names by a hash of the header that declares it; one that is not known here is
 * refused.
 */
#ifndef KTSTR_INSPECT_ORC_H
#define KTSTR_INSPECT_ORC_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct btf;
struct inspect;

enum orc_type {
	ORC_UNDEFINED, /* nothing is said of this place */
	ORC_END,       /* the outermost frame: nothing called it */
	ORC_CALL,      /* a return address lies right below the frame's end */
	ORC_REGS,      /* a whole struct pt_regs lies there */
	ORC_PARTIAL,   /* only what the CPU pushes for an interrupt (iretq's frame) */
};

enum orc_register {
	ORC_REG_UNDEFINED,
	ORC_REG_PREV_SP, /* the frame's end */
	ORC_REG_AX,
	ORC_REG_DX,
	ORC_REG_DI,
	ORC_REG_BP,
	ORC_REG_SP,
	ORC_REG_R10,
	ORC_REG_R13,
	ORC_REG_BP_INDIRECT, /* *(bp + offset) */
	ORC_REG_SP_INDIRECT, /* *(sp) + offset */
};

struct orc_entry {
	int16_t sp_offset, bp_offset;
	enum orc_register sp_register, bp_register;
	enum orc_type type;
	bool signal; /* what it leads to was interrupted, and not calling */
};

/* A table of the kernel's or of a module's: both parts have nr rows. */
struct orc_table {
	uint64_t ips;	  /* s32 each, from its own place to the code's, sorted */
	uint64_t entries; /* 6 bytes each */
	uint32_t nr;
};

struct orc_format;

struct orc {
	const struct orc_format *format;
	struct orc_table kernel;
};

/*
 * orc_open - the kernel's tables and their format; there is nothing to close
 * @btf: tells the formats apart that are older than the hash; NULL: they are refused
 * Returns 0, or with a message -ENOENT: it has none (CONFIG_UNWINDER_ORC); -EPROTO: their place or
 * their format is not known here; -EIO: not readable; -ETIMEDOUT.
 */
int orc_open(struct inspect *inspect, const struct btf *btf, struct orc *orc, struct error *err);

/* orc_find - what @table says of @address; false: nothing, or it is not readable, or damaged. */
bool orc_find(struct inspect *inspect, const struct orc *orc, const struct orc_table *table,
	      uint64_t address, struct orc_entry *entry);

#endif
