/* How is a frame left? See orc.h. */
#include "inspect/orc.h"

#include <errno.h>
#include <string.h>

#include "inspect/btf.h"
#include "inspect/inspect.h"

#define ENTRY_SIZE 6u
/* An entry's last two bytes: sp_reg:4, bp_reg:4, type, a flag behind it. */
#define TYPE_SHIFT 8
/* Stock kernels have half a million. */
#define MAX_ROWS   (1u << 26)
#define MAX_HASH   20u

/* arch/x86/include/asm/orc_types.h at the time of each hash. */
struct orc_format {
	uint8_t hash[MAX_HASH];
	bool has_hash;
	uint8_t type_bits;
	bool flag_is_end; /* else it says that the frame was interrupted */
	uint8_t nr_types;
	enum orc_type types[5];
	enum orc_register registers[16];
};

static const struct orc_format formats[] = {
	/* Before there was a hash. */
	{
		.type_bits = 2,
		.flag_is_end = true,
		.nr_types = 3,
		.types = { ORC_CALL, ORC_REGS, ORC_PARTIAL },
		.registers = { ORC_REG_UNDEFINED, ORC_REG_PREV_SP, ORC_REG_DX, ORC_REG_DI,
			       ORC_REG_BP, ORC_REG_SP, ORC_REG_R10, ORC_REG_R13,
			       ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT },
	},
	{
		.hash = { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6, 0x3b, 0x2c, 0xa9,
			  0xa5, 0xc6, 0x5b, 0xa5, 0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 },
		.has_hash = true,
		.type_bits = 3,
		.nr_types = 5,
		.types = { ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS, ORC_PARTIAL },
		.registers = { ORC_REG_UNDEFINED, ORC_REG_PREV_SP, ORC_REG_DX, ORC_REG_DI,
			       ORC_REG_BP, ORC_REG_SP, ORC_REG_R10, ORC_REG_R13,
			       ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT },
	},
	{
		.hash = { 0x13, 0x7c, 0x36, 0xad, 0x76, 0x27, 0xc4, 0xdd, 0x55, 0x93,
			  0x21, 0x76, 0xbb, 0x0e, 0xcd, 0xbd, 0x50, 0x41, 0xfc, 0x82 },
		.has_hash = true,
		.type_bits = 3,
		.nr_types = 5,
		.types = { ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS, ORC_PARTIAL },
		.registers = { ORC_REG_UNDEFINED, ORC_REG_AX, ORC_REG_DX, ORC_REG_SP, ORC_REG_BP,
			       ORC_REG_DI, ORC_REG_R10, ORC_REG_R13, ORC_REG_PREV_SP,
			       ORC_REG_SP_INDIRECT, ORC_REG_BP_INDIRECT },
	},
};

#define NR_FORMATS (sizeof(formats) / sizeof(*formats))

static int no_time(struct error *err)
{
	return error_set(err, -ETIMEDOUT, "ORC: there was no time left to look for its tables");
}

/*
 * By the kernel's hash. Some kernels between the first format and the hash had others: only the
 * first one's entries have an end and no signal.
 */
static int find_format(struct inspect *inspect, const struct btf *btf, struct orc *orc,
		       struct error *err)
{
	uint8_t hash[MAX_HASH];
	struct btf_field field;
	uint64_t start, stop;

	if (!inspect_symbol(inspect, "__start_orc_header", &start)) {
		if (inspect_out_of_time(inspect))
			return no_time(err);
		if (!btf)
			return error_set(err, -EPROTO,
					 "ORC: this kernel names no format (hash), and its types "
					 "(BTF), which would show the oldest one, were not had");
		if (!btf_member(btf, "orc_entry", "end", &field) ||
		    btf_member(btf, "orc_entry", "signal", &field))
			return error_set(err, -EPROTO,
					 "ORC: this kernel names no format (hash), and its types "
					 "(BTF) do not show the oldest one");
		orc->format = &formats[0];
		return 0;
	}
	if (!inspect_symbol(inspect, "__stop_orc_header", &stop) || stop - start != MAX_HASH)
		return error_set(err, -EPROTO, "ORC: the hash of its format is not %u bytes long",
				 MAX_HASH);
	if (!inspect_read(inspect, start, hash, sizeof(hash)))
		return error_set(err, -EIO, "ORC: the hash of its format at 0x%llx is not readable",
				 (unsigned long long)start);
	for (size_t i = 0; i < NR_FORMATS; i++)
		if (formats[i].has_hash && !memcmp(hash, formats[i].hash, MAX_HASH)) {
			orc->format = &formats[i];
			return 0;
		}
	return error_set(err, -EPROTO,
			 "ORC: this kernel's format (hash %02x%02x%02x%02x...) is not known here",
			 hash[0], hash[1], hash[2], hash[3]);
}

int orc_open(struct inspect *inspect, const struct btf *btf, struct orc *orc, struct error *err)
{
	uint64_t ip_start, ip_stop, start, stop, nr;

	*orc = (struct orc){ 0 };
	if (!inspect_symbol(inspect, "__start_orc_unwind_ip", &ip_start) ||
	    !inspect_symbol(inspect, "__stop_orc_unwind_ip", &ip_stop) ||
	    !inspect_symbol(inspect, "__start_orc_unwind", &start) ||
	    !inspect_symbol(inspect, "__stop_orc_unwind", &stop))
		return inspect_out_of_time(inspect)
			       ? no_time(err)
			       : error_set(
					 err, -ENOENT,
					 "ORC: the kernel has no such tables (CONFIG_UNWINDER_ORC)");
	nr = (ip_stop - ip_start) / sizeof(int32_t);
	if (ip_stop <= ip_start || nr > MAX_ROWS || stop - start != nr * ENTRY_SIZE)
		return error_set(
			err, -EPROTO,
			"ORC: 0x%llx bytes of addresses and 0x%llx of entries do not match",
			(unsigned long long)(ip_stop - ip_start),
			(unsigned long long)(stop - start));
	orc->kernel = (struct orc_table){ .ips = ip_start, .entries = start, .nr = (uint32_t)nr };
	return find_format(inspect, btf, orc, err);
}

static bool ip_at(struct inspect *inspect, const struct orc_table *table, uint32_t row,
		  uint64_t *ip)
{
	uint64_t at = table->ips + (uint64_t)row * sizeof(int32_t);
	uint32_t offset;

	if (!inspect_read_u32(inspect, at, &offset))
		return false;
	*ip = at + (uint64_t)(int64_t)(int32_t)offset;
	return true;
}

static bool decode(const struct orc_format *format, const uint8_t bytes[ENTRY_SIZE],
		   struct orc_entry *entry)
{
	unsigned int bits = (unsigned int)(bytes[4] | bytes[5] << 8);
	unsigned int type = (bits >> TYPE_SHIFT) & ((1u << format->type_bits) - 1);
	bool flag = (bits >> (TYPE_SHIFT + format->type_bits)) & 1;

	if (type >= format->nr_types)
		return false;
	*entry = (struct orc_entry){
		.sp_offset = (int16_t)(bytes[0] | bytes[1] << 8),
		.bp_offset = (int16_t)(bytes[2] | bytes[3] << 8),
		.sp_register = format->registers[bits & 15],
		.bp_register = format->registers[(bits >> 4) & 15],
		.type = format->types[type],
	};
	entry->signal = format->flag_is_end ? entry->type != ORC_CALL : flag;
	/* There an end is what has no stack pointer, and undefined what is no end either. */
	if (format->flag_is_end && entry->sp_register == ORC_REG_UNDEFINED)
		entry->type = flag ? ORC_END : ORC_UNDEFINED;
	return true;
}

bool orc_find(struct inspect *inspect, const struct orc *orc, const struct orc_table *table,
	      uint64_t address, struct orc_entry *entry)
{
	uint32_t low = 0, high = table->nr;
	uint8_t bytes[ENTRY_SIZE];
	uint64_t ip = 0;

	if (!orc->format || !table->nr || table->nr > MAX_ROWS)
		return false;
	/* Row low - 1 is the last that is known to begin at or below the address. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!ip_at(inspect, table, middle, &ip))
			return false;
		if (ip <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 &&
	       inspect_read(inspect, table->entries + (uint64_t)(low - 1) * ENTRY_SIZE, bytes,
			    sizeof(bytes)) &&
	       decode(orc->format, bytes, entry);
}
