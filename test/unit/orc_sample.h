/* ORC tables for tests, in the form of any kernel: rows in the order of their addresses. */
#ifndef KTSTR_TEST_ORC_SAMPLE_H
#define KTSTR_TEST_ORC_SAMPLE_H

#include <stdint.h>
#include <string.h>

#include "inspect_fake.h"

#define ORC_ROWS 16

/* Where the tables are; the hash lies right before. */
#define ORC_IPS	    0xffffffff83000014ull
#define ORC_ENTRIES (ORC_IPS + ORC_ROWS * 4)

static const uint8_t orc_hash_6_12[20] = { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6,
					   0x3b, 0x2c, 0xa9, 0xa5, 0xc6, 0x5b, 0xa5,
					   0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 };
static const uint8_t orc_hash_7_1[20] = { 0x13, 0x7c, 0x36, 0xad, 0x76, 0x27, 0xc4,
					  0xdd, 0x55, 0x93, 0x21, 0x76, 0xbb, 0x0e,
					  0xcd, 0xbd, 0x50, 0x41, 0xfc, 0x82 };

struct orc_sample {
	uint8_t hash[20];
	int32_t ips[ORC_ROWS];
	uint8_t entries[ORC_ROWS][6];
	unsigned int nr;
};

/* The raw numbers of an entry's parts; flag: end or signal, behind a type of @type_bits. */
struct orc_row {
	uint64_t ip;
	int16_t sp_offset, bp_offset;
	uint8_t sp_reg, bp_reg, type, flag;
};

static inline void orc_add(struct orc_sample *sample, unsigned int type_bits, struct orc_row row)
{
	unsigned int i = sample->nr++;
	uint16_t bits = (uint16_t)(row.sp_reg | row.bp_reg << 4 | row.type << 8 |
				   row.flag << (8 + type_bits));

	sample->ips[i] = (int32_t)(row.ip - (ORC_IPS + 4ull * i));
	memcpy(sample->entries[i], &row.sp_offset, 2);
	memcpy(sample->entries[i] + 2, &row.bp_offset, 2);
	memcpy(sample->entries[i] + 4, &bits, 2);
}

/* @hash NULL: a kernel that has none. Rows that are left repeat the last one. */
static inline void orc_map(struct inspect *fake, struct orc_sample *sample, const uint8_t *hash)
{
	for (unsigned int i = sample->nr; i < ORC_ROWS; i++) {
		sample->ips[i] = sample->ips[i - 1] - 4;
		memcpy(sample->entries[i], sample->entries[i - 1], 6);
	}
	if (hash) {
		memcpy(sample->hash, hash, sizeof(sample->hash));
		fake_symbol(fake, "__start_orc_header", ORC_IPS - 20);
		fake_symbol(fake, "__stop_orc_header", ORC_IPS);
		fake_map(fake, ORC_IPS - 20, sample->hash, sizeof(sample->hash));
	}
	fake_map(fake, ORC_IPS, sample->ips, sizeof(sample->ips));
	fake_map(fake, ORC_ENTRIES, sample->entries, sizeof(sample->entries));
	fake_symbol(fake, "__start_orc_unwind_ip", ORC_IPS);
	fake_symbol(fake, "__stop_orc_unwind_ip", ORC_ENTRIES);
	fake_symbol(fake, "__start_orc_unwind", ORC_ENTRIES);
	fake_symbol(fake, "__stop_orc_unwind", ORC_ENTRIES + ORC_ROWS * 6);
}

#endif
