/* Which function of a process does an address belong to? */
#ifndef KTSTR_SYMBOLIZE_PROCESS_H
#define KTSTR_SYMBOLIZE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "elf_cache.h"
#include "found.h"
#include "maps.h"

struct process_options {
	uint32_t pid; /* 0: we */
	bool debug_syms, no_map_files, no_vdso;
};

struct process {
	struct process_options options;
	struct elf_cache *cache;
	struct process_maps *maps;
	struct elf_symbols *vdso;
	/* What the last address was in; most come in groups. */
	const struct mapping *mapping;
	const struct elf_symbols *symbols;
	enum found_reason reason; /* FOUND: there are symbols */
};

/*
 * process_open - take the mappings of a process as they are now.
 * Returns 0, or what process_maps_read returned.
 */
int process_open(struct process *process, const struct process_options *options,
		 struct elf_cache *cache);
void process_close(struct process *process);

/*
 * process_find - what @address is in. Only executable mappings are looked at. The strings last
 * until the next call.
 */
void process_find(struct process *process, uint64_t address, struct found *found);

#endif
