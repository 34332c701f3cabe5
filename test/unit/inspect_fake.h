/*
 * What stands in for the lower half of src/inspect (inspect.h) in a test program: memory by
 * kernel-virtual address, symbols by name. A program that includes it gets no other inspect_read.
 */
#ifndef KTSTR_TEST_INSPECT_FAKE_H
#define KTSTR_TEST_INSPECT_FAKE_H

#include <stdio.h>
#include <string.h>

#include "inspect/inspect.h"

#define FAKE_MAX 128

struct inspect {
	struct {
		uint64_t at;
		const uint8_t *bytes;
		size_t size;
	} memory[FAKE_MAX];
	unsigned int nr_memory;
	struct {
		const char *name;
		uint64_t at;
	} symbols[FAKE_MAX];
	unsigned int nr_symbols;
	uint64_t per_cpu[8]; /* what is added to a per-CPU symbol */
	unsigned int nr_cpus;
	struct inspect_source source;
	unsigned long long reads, reads_left; /* reads_left 0: without a limit */
};

static inline void fake_map(struct inspect *fake, uint64_t at, const void *bytes, size_t size)
{
	fake->memory[fake->nr_memory].at = at;
	fake->memory[fake->nr_memory].bytes = bytes;
	fake->memory[fake->nr_memory++].size = size;
}

static inline void fake_symbol(struct inspect *fake, const char *name, uint64_t at)
{
	fake->symbols[fake->nr_symbols].name = name;
	fake->symbols[fake->nr_symbols++].at = at;
}

const struct inspect_source *inspect_source(const struct inspect *inspect)
{
	return &inspect->source;
}

bool inspect_out_of_time(const struct inspect *inspect)
{
	return inspect->reads_left && inspect->reads >= inspect->reads_left;
}

/* What is mapped first is seen first. */
bool inspect_read(struct inspect *inspect, uint64_t address, void *dst, size_t size)
{
	inspect->reads++;
	if (inspect_out_of_time(inspect))
		return false;
	for (unsigned int i = 0; i < inspect->nr_memory; i++) {
		uint64_t of = address - inspect->memory[i].at;

		if (address < inspect->memory[i].at || of >= inspect->memory[i].size ||
		    size > inspect->memory[i].size - of)
			continue;
		memcpy(dst, inspect->memory[i].bytes + of, size);
		return true;
	}
	return false;
}

bool inspect_read_u64(struct inspect *inspect, uint64_t address, uint64_t *value)
{
	return inspect_read(inspect, address, value, sizeof(*value));
}

bool inspect_read_u32(struct inspect *inspect, uint64_t address, uint32_t *value)
{
	return inspect_read(inspect, address, value, sizeof(*value));
}

bool inspect_read_string(struct inspect *inspect, uint64_t address, char *dst, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size; i++) {
		if (!inspect_read(inspect, address + i, dst + i, 1)) {
			dst[i] = 0;
			return false;
		}
		if (!dst[i])
			return true;
	}
	dst[i] = 0;
	return true;
}

bool inspect_symbol(struct inspect *inspect, const char *name, uint64_t *address)
{
	for (unsigned int i = 0; i < inspect->nr_symbols && !inspect_out_of_time(inspect); i++)
		if (!strcmp(inspect->symbols[i].name, name)) {
			*address = inspect->symbols[i].at;
			return true;
		}
	return false;
}

bool inspect_per_cpu(struct inspect *inspect, const char *name, unsigned int cpu, uint64_t *address)
{
	if (cpu >= inspect->nr_cpus || !inspect_symbol(inspect, name, address))
		return false;
	*address += inspect->per_cpu[cpu];
	return true;
}

bool inspect_symbol_at(struct inspect *inspect, uint64_t address, char *name, uint64_t *offset,
		       uint64_t *size)
{
	uint64_t best = 0, next = UINT64_MAX;

	for (unsigned int i = 0; i < inspect->nr_symbols; i++) {
		uint64_t at = inspect->symbols[i].at;

		if (at <= address && at > best) {
			best = at;
			snprintf(name, INSPECT_SYMBOL_SIZE, "%s", inspect->symbols[i].name);
		} else if (at > address && at < next) {
			next = at;
		}
	}
	*offset = address - best;
	*size = next - best;
	return best > 0;
}

#endif
