/*
 * A small guest, made in memory, for the tests and the fuzzer of src/inspect: 4 MiB of RAM with
 * page tables, the tables of kallsyms in any of their layouts, VMCOREINFO and a printk ring.
 * Nothing in it can run.
 */
#ifndef KTSTR_TEST_GUEST_SAMPLE_H
#define KTSTR_TEST_GUEST_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/source.h"

#define GUEST_RAM	 (4u << 20)
#define GUEST_TEXT	 0xffffffffa2600000ull
#define GUEST_TEXT_GPA	 0x200000u
#define GUEST_IMAGE	 (2u << 20)
#define GUEST_DIRECT_MAP 0xffff888000000000ull
#define GUEST_NR_CPUS	 2u
#define GUEST_NR_CPU_IDS 4u /* two more are possible by number, and are not there */

/* Places in the image, from _text on. */
#define GUEST_LINES	 0x00fff0u /* of text, up to here */
#define GUEST_KALLSYMS	 0x020000u
#define GUEST_TOP	 0x040000u /* init_top_pgt; the page behind it is a process's, for user mode */
#define GUEST_TABLES	 0x042000u
#define GUEST_DATA	 0x050000u
#define GUEST_DESCS	 0x060000u
#define GUEST_INFOS	 0x061000u
#define GUEST_TEXT_RING	 0x062000u
#define GUEST_PERCPU	 0x070000u
#define GUEST_PERCPU_GPA 0x180000u /* of CPU 0; each has 64 KiB */
#define GUEST_VMCOREINFO 0x100000u /* in guest-physical memory */

#define GUEST_COUNT_BITS 4u
#define GUEST_SIZE_BITS	 9u
#define GUEST_INFO_SIZE	 88u

enum guest_layout {
	GUEST_6_1,
	GUEST_6_1_WITHOUT_SEQS,
	GUEST_6_4,
	GUEST_6_17,
	GUEST_7_0,
	GUEST_LAYOUTS,
};

struct guest_symbol {
	char name[320]; /* its type's letter first */
	uint64_t address;
};

#define GUEST_SYMBOLS	800u
#define GUEST_FUNCTIONS 745u /* func_0 and so on */

struct guest_sample {
	uint8_t *ram; /* owned */
	enum guest_layout layout;
	bool five_levels;
	bool lost;	  /* the vCPUs have no registers to show */
	unsigned int pad; /* so many more symbols, each with a name of so many bytes */
	bool nameless;	  /* init_top_pgt is called something else */
	bool single;	  /* a kernel without SMP */
	struct inspect_regs regs[GUEST_NR_CPUS];
	struct guest_symbol symbols[GUEST_SYMBOLS];
	uint32_t nr_symbols;
	/* Where the tables are, from _text on. */
	uint32_t num, names, markers, tokens, index, offsets, base;
	/* Of the printk ring. */
	uint64_t head, tail, begin;
	uint64_t reads;
	struct inspect_source source;
};

static inline uint8_t *guest_at(struct guest_sample *guest, uint32_t offset)
{
	return guest->ram + GUEST_TEXT_GPA + offset;
}

static inline void guest_put(struct guest_sample *guest, uint32_t offset, uint64_t value,
			     unsigned int bytes)
{
	memcpy(guest_at(guest, offset), &value, bytes);
}

static bool guest_read(void *data, uint64_t gpa, void *dst, size_t size)
{
	struct guest_sample *guest = data;

	guest->reads++;
	if (gpa >= GUEST_RAM || size > GUEST_RAM - gpa)
		return false;
	memcpy(dst, guest->ram + gpa, size);
	return true;
}

static bool guest_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	struct guest_sample *guest = data;

	*regs = guest->regs[vcpu];
	return !guest->lost;
}

/* --- page tables ---------------------------------------------------------------------------- */

#define GUEST_PRESENT 0x63u
#define GUEST_HUGE    0x80u

/* Entry of level @level for @address in the table at @table (both from _text on). */
static inline void guest_map(struct guest_sample *guest, uint32_t table, unsigned int level,
			     uint64_t address, uint64_t entry)
{
	guest_put(guest, table + (uint32_t)(address >> (12 + 9 * (level - 1)) & 511) * 8, entry, 8);
}

static inline void guest_page_tables(struct guest_sample *guest)
{
	const uint64_t tables = GUEST_TEXT_GPA + GUEST_TABLES;
	uint32_t top = GUEST_TOP, table = GUEST_TABLES;

	if (guest->five_levels) {
		guest_map(guest, top, 5, GUEST_TEXT, tables | GUEST_PRESENT);
		top = table;
		table += 0x1000;
		guest_map(guest, GUEST_TOP, 5, GUEST_DIRECT_MAP, tables | GUEST_PRESENT);
	}
	/* One of 2 MiB for the image, one of 1 GiB for all of RAM, one of 4 KiB with bit 7, PAT. */
	guest_map(guest, top, 4, GUEST_TEXT, (GUEST_TEXT_GPA + table) | GUEST_PRESENT);
	guest_map(guest, table, 3, GUEST_TEXT, (GUEST_TEXT_GPA + table + 0x1000) | GUEST_PRESENT);
	guest_map(guest, table + 0x1000, 2, GUEST_TEXT,
		  GUEST_TEXT_GPA | GUEST_PRESENT | GUEST_HUGE | 1ull << 63);
	guest_map(guest, top, 4, GUEST_DIRECT_MAP,
		  (GUEST_TEXT_GPA + table + 0x2000) | GUEST_PRESENT);
	guest_map(guest, table + 0x2000, 3, GUEST_DIRECT_MAP, 0x1000 | GUEST_PRESENT | GUEST_HUGE);
	guest_map(guest, table + 0x2000, 3, GUEST_DIRECT_MAP + (1ull << 30),
		  (GUEST_TEXT_GPA + table + 0x3000) | GUEST_PRESENT);
	guest_map(guest, table + 0x3000, 2, 0, (GUEST_TEXT_GPA + table + 0x4000) | GUEST_PRESENT);
	guest_map(guest, table + 0x4000, 1, 0, 0x3000 | GUEST_PRESENT | GUEST_HUGE);
}

/* Where RAM's page 3 is mapped alone. */
#define GUEST_SMALL_PAGE (GUEST_DIRECT_MAP + (1ull << 30))

/* --- kallsyms ------------------------------------------------------------------------------- */

static inline void guest_add(struct guest_sample *guest, const char *name, uint64_t address)
{
	struct guest_symbol *symbol = &guest->symbols[guest->nr_symbols++];

	snprintf(symbol->name, sizeof(symbol->name), "%s", name);
	symbol->address = address;
}

static inline bool guest_percpu_is_absolute(const struct guest_sample *guest)
{
	return guest->layout < GUEST_6_17;
}

/* In the order of the kernel: by address. */
static inline void guest_symbols(struct guest_sample *guest)
{
	char name[320];

	guest->nr_symbols = 0;
	if (guest_percpu_is_absolute(guest)) {
		guest_add(guest, "A__per_cpu_start", 0);
		guest_add(guest, "Arunqueues", 0x1980);
	}
	guest_add(guest, "T_text", GUEST_TEXT);
	guest_add(guest, "T_stext", GUEST_TEXT);
	for (unsigned int i = 0; i < GUEST_FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "tfunc_%u", i);
		/* One name is compressed to more than 127 bytes. */
		if (i == 300)
			memset(name + 1, 'x', 300);
		name[301] = '\0';
		guest_add(guest, name, GUEST_TEXT + 0x1000 + i * 0x40);
		if (i == 400)
			guest_add(guest, "tfunc_alias", GUEST_TEXT + 0x1000 + i * 0x40);
	}
	memset(name, 'p', sizeof(name));
	name[guest->pad] = '\0';
	for (unsigned int i = 0; i < guest->pad; i++)
		guest_add(guest, name, GUEST_TEXT + 0xf000 + i);
	guest_add(guest, guest->nameless ? "Dinit_top_xxx" : "Dinit_top_pgt",
		  GUEST_TEXT + GUEST_TOP);
	guest_add(guest, "Bvmcoreinfo_size", GUEST_TEXT + GUEST_DATA);
	guest_add(guest, "Bvmcoreinfo_data", GUEST_TEXT + GUEST_DATA + 8);
	if (!guest->single) {
		guest_add(guest, "Dnr_cpu_ids", GUEST_TEXT + GUEST_DATA + 16);
		guest_add(guest, "d__per_cpu_offset", GUEST_TEXT + GUEST_DATA + 0x100);
	}
	guest_add(guest, "dprb", GUEST_TEXT + GUEST_DATA + 0x200);
	if (!guest_percpu_is_absolute(guest)) {
		guest_add(guest, "D__per_cpu_start", GUEST_TEXT + GUEST_PERCPU);
		guest_add(guest, "Drunqueues", GUEST_TEXT + GUEST_PERCPU + 0x1980);
	} else {
		guest_add(guest, "D__per_cpu_load", GUEST_TEXT + GUEST_PERCPU);
	}
	guest_add(guest, "B_end", GUEST_TEXT + GUEST_IMAGE);
}

/* Code 1 is "func_"; a printable byte is itself; what is left is never used. */
static inline const char *guest_token(unsigned int code, char buffer[2])
{
	if (code == 1)
		return "func_";
	if (code < ' ' || code > '~')
		return "zz";
	buffer[0] = (char)code;
	buffer[1] = '\0';
	return buffer;
}

static inline uint32_t guest_align(uint32_t at, uint32_t alignment)
{
	return (at + alignment - 1) & ~(alignment - 1);
}

static inline uint32_t guest_put_names(struct guest_sample *guest, uint32_t at)
{
	guest->names = at;
	for (uint32_t i = 0; i < guest->nr_symbols; i++) {
		uint8_t coded[400] = { 0 };
		size_t size = 0;

		for (const char *from = guest->symbols[i].name; *from;) {
			if (strncmp(from, "func_", 5) == 0) {
				coded[size++] = 1;
				from += 5;
			} else {
				coded[size++] = (uint8_t)*from++;
			}
		}
		if (size > 127) {
			guest_put(guest, at++, 0x80 | (size & 0x7f), 1);
			guest_put(guest, at++, size >> 7, 1);
		} else {
			guest_put(guest, at++, size, 1);
		}
		memcpy(guest_at(guest, at), coded, size);
		at += (uint32_t)size;
	}
	return at;
}

static inline uint32_t guest_put_markers(struct guest_sample *guest, uint32_t at)
{
	uint32_t name = guest->names;

	guest->markers = at;
	for (uint32_t i = 0; i < guest->nr_symbols; i++) {
		uint8_t low = *guest_at(guest, name);

		if (i % 256 == 0) {
			guest_put(guest, at, name - guest->names, 4);
			at += 4;
		}
		name += low & 0x80
				? 2u + (low & 0x7fu) + ((uint32_t)*guest_at(guest, name + 1) << 7)
				: 1u + low;
	}
	return at;
}

static inline uint32_t guest_put_tokens(struct guest_sample *guest, uint32_t at)
{
	char buffer[2];

	guest->tokens = at;
	for (unsigned int i = 0; i < 256; i++) {
		const char *token = guest_token(i, buffer);

		strcpy((char *)guest_at(guest, at), token);
		at += (uint32_t)strlen(token) + 1;
	}
	at = guest->index = guest_align(at, 8);
	for (uint32_t i = 0, token = 0; i < 256; i++, at += 2) {
		guest_put(guest, at, token, 2);
		token += (uint32_t)strlen((char *)guest_at(guest, guest->tokens + token)) + 1;
	}
	return at;
}

static inline uint32_t guest_put_offsets(struct guest_sample *guest, uint32_t at)
{
	guest->offsets = at;
	for (uint32_t i = 0; i < guest->nr_symbols; i++, at += 4) {
		uint64_t address = guest->symbols[i].address, value;

		if (guest->layout == GUEST_7_0)
			value = address - (GUEST_TEXT + at);
		else if (guest->layout == GUEST_6_17)
			value = address - GUEST_TEXT;
		else
			value = address < GUEST_TEXT ? address : GUEST_TEXT - 1 - address;
		guest_put(guest, at, value, 4);
	}
	return at;
}

static inline uint32_t guest_put_base(struct guest_sample *guest, uint32_t at)
{
	if (guest->layout == GUEST_7_0)
		return at;
	guest->base = guest_align(at, 8);
	guest_put(guest, guest->base, GUEST_TEXT, 8);
	return guest->base + 8;
}

static inline uint32_t guest_put_seqs(struct guest_sample *guest, uint32_t at)
{
	for (uint32_t i = 0; i < guest->nr_symbols; i++, at += 3)
		guest_put(guest, at, (i * 37) % guest->nr_symbols, 3);
	return at;
}

static inline void guest_kallsyms(struct guest_sample *guest)
{
	const bool old = guest->layout < GUEST_6_4, small = guest->layout == GUEST_7_0;
	uint32_t at = GUEST_KALLSYMS;

	memset(guest_at(guest, at), 0, GUEST_TOP - at);
	guest_symbols(guest);
	if (old) {
		at = guest_put_offsets(guest, at);
		at = guest_put_base(guest, at);
	}
	/* Since 7.0 num_syms is in the four bytes before the names. */
	guest->num = small ? at + 4 : at;
	guest_put(guest, guest->num, guest->nr_symbols, 4);
	at = guest_put_names(guest, guest->num + (small ? 4 : 8));
	at = guest_put_markers(guest, guest_align(at, small ? 4 : 8));
	if (guest->layout == GUEST_6_1)
		at = guest_put_seqs(guest, guest_align(at, 8));
	at = guest_put_tokens(guest, guest_align(at, small ? 4 : 8));
	if (!old) {
		at = guest_put_offsets(guest, at);
		at = guest_put_base(guest, at);
		guest_put_seqs(guest, at);
	}
}

/* --- VMCOREINFO and the printk ring --------------------------------------------------------- */

static inline void guest_vmcoreinfo(struct guest_sample *guest)
{
	char *text = (char *)guest->ram + GUEST_VMCOREINFO;
	int size;

	size = snprintf(text, 4096,
			"OSRELEASE=6.99.0-sample\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=%llx\n"
			"NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=%llx\n"
			"SIZE(printk_ringbuffer)=80\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
			"OFFSET(printk_ringbuffer.text_data_ring)=40\nSIZE(prb_desc_ring)=40\n"
			"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\n"
			"OFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"
			"OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\n"
			"OFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\n"
			"SIZE(prb_data_blk_lpos)=16\nOFFSET(prb_data_blk_lpos.begin)=0\n"
			"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=%u\n"
			"OFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\n"
			"OFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"
			"SIZE(prb_data_ring)=32\nOFFSET(prb_data_ring.size_bits)=0\n"
			"OFFSET(prb_data_ring.data)=8\n",
			GUEST_TEXT + GUEST_TOP,
			(long long)(GUEST_TEXT_GPA - (GUEST_TEXT - 0xffffffff80000000ull)),
			guest->five_levels, GUEST_TEXT - 0xffffffff81000000ull, GUEST_INFO_SIZE);
	guest_put(guest, GUEST_DATA, (uint64_t)size, 8);
	guest_put(guest, GUEST_DATA + 8, GUEST_DIRECT_MAP + GUEST_VMCOREINFO, 8);
}

static inline void guest_ring(struct guest_sample *guest)
{
	const uint32_t ring = GUEST_DATA + 0x300;

	guest_put(guest, GUEST_DATA + 0x200, GUEST_TEXT + ring, 8);
	guest_put(guest, ring, GUEST_COUNT_BITS, 4);
	guest_put(guest, ring + 8, GUEST_TEXT + GUEST_DESCS, 8);
	guest_put(guest, ring + 16, GUEST_TEXT + GUEST_INFOS, 8);
	guest_put(guest, ring + 40, GUEST_SIZE_BITS, 4);
	guest_put(guest, ring + 48, GUEST_TEXT + GUEST_TEXT_RING, 8);
	guest->head = guest->tail = guest->begin = 0;
}

static inline uint32_t guest_desc(uint64_t id)
{
	return GUEST_DESCS + (uint32_t)(id & ((1u << GUEST_COUNT_BITS) - 1)) * 24;
}

/* guest_say - as the kernel lays it down: what does not fit before the end goes to the start. */
static inline void guest_say(struct guest_sample *guest, const char *text, unsigned int level,
			     uint64_t ts_ns, uint32_t caller)
{
	const uint64_t whole = 1u << GUEST_SIZE_BITS, size = (strlen(text) + 15) & ~7ull;
	const uint64_t id = ++guest->head;
	const uint32_t desc = guest_desc(id);
	const uint32_t info =
		GUEST_INFOS + (uint32_t)(id & ((1u << GUEST_COUNT_BITS) - 1)) * GUEST_INFO_SIZE;
	uint64_t begin = guest->begin, next = begin + size, at = begin % whole;

	if (next / whole != begin / whole) {
		next = (begin / whole + 1) * whole + size;
		at = 0;
	}
	guest_put(guest, GUEST_TEXT_RING + (uint32_t)at, id, 8);
	memcpy(guest_at(guest, GUEST_TEXT_RING + (uint32_t)at + 8), text, strlen(text));
	guest_put(guest, desc, id | 2ull << 62, 8);
	guest_put(guest, desc + 8, begin, 8);
	guest_put(guest, desc + 16, next, 8);
	guest_put(guest, info, id - 1, 8);
	guest_put(guest, info + 8, ts_ns, 8);
	guest_put(guest, info + 16, strlen(text), 2);
	guest_put(guest, info + 19, level << 5, 1);
	guest_put(guest, info + 20, caller, 4);
	guest->begin = next;
	/* At first there is one descriptor that was never used. */
	if (guest->tail == 0 || guest->head - guest->tail == 1u << GUEST_COUNT_BITS)
		guest->tail++;
	guest_put(guest, GUEST_DATA + 0x300 + 24, guest->head, 8);
	guest_put(guest, GUEST_DATA + 0x300 + 32, guest->tail, 8);
}

/* --- all of it ------------------------------------------------------------------------------ */

/* Anew, in the memory that it has. */
static inline void guest_make(struct guest_sample *guest, enum guest_layout layout,
			      bool five_levels)
{
	guest->layout = layout;
	guest->five_levels = five_levels;
	guest->lost = false;
	guest->reads = 0;
	memset(guest->ram, 0, GUEST_RAM);
	for (uint32_t i = 0; i < GUEST_LINES; i++)
		guest_put(guest, i, i * 2654435761u >> 13, 1);
	guest_page_tables(guest);
	guest_kallsyms(guest);
	guest_put(guest, GUEST_DATA + 16, GUEST_NR_CPU_IDS, 4);
	for (uint32_t cpu = 0; cpu < GUEST_NR_CPU_IDS; cpu++)
		guest_put(guest, GUEST_DATA + 0x100 + cpu * 8,
			  guest_percpu_is_absolute(guest) ? GUEST_TEXT + GUEST_PERCPU : 0, 8);
	for (uint32_t cpu = 0; cpu < GUEST_NR_CPUS; cpu++) {
		guest_put(guest, GUEST_DATA + 0x100 + cpu * 8,
			  GUEST_DIRECT_MAP + GUEST_PERCPU_GPA + cpu * 0x10000 -
				  (guest_percpu_is_absolute(guest) ? 0 : GUEST_TEXT + GUEST_PERCPU),
			  8);
		/* Of a process with page-table isolation, in user mode. */
		guest->regs[cpu] = (struct inspect_regs){
			.cr0 = 1u << 31,
			.cr3 = GUEST_TEXT_GPA + GUEST_TOP + 0x1000,
			.cr4 = 1u << 5 | (five_levels ? 1u << 12 : 0),
			.efer = 1u << 10,
		};
	}
	guest_vmcoreinfo(guest);
	guest_ring(guest);
	guest->source = (struct inspect_source){
		.data = guest,
		.read = guest_read,
		.regs = guest_regs,
		.nr_vcpus = GUEST_NR_CPUS,
		.ram_end = GUEST_RAM,
	};
}

static inline struct guest_sample *guest_new(enum guest_layout layout, bool five_levels)
{
	struct guest_sample *guest = calloc(1, sizeof(*guest));

	guest->ram = malloc(GUEST_RAM);
	guest_make(guest, layout, five_levels);
	return guest;
}

static inline void guest_free(struct guest_sample *guest)
{
	free(guest->ram);
	free(guest);
}

#endif
