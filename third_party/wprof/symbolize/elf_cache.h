/* Which ELF files have been read already? Each library is mapped by many processes. */
#ifndef KTSTR_SYMBOLIZE_ELF_CACHE_H
#define KTSTR_SYMBOLIZE_ELF_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "debug_file.h"
#include "elf_symbols.h"

/* The files that were used last; one that is larger by itself is kept until the next. */
#define ELF_CACHE_MAX_BYTES (512ul << 20)
#define ELF_CACHE_MAX_FILES 1024

struct cached_elf;

struct elf_cache {
	struct cached_elf *first; /* the one that was used last */
	size_t count, bytes;
	struct debug_dirs debug_dirs;
};

/* elf_cache_destroy - free all that is in a cache, which all zeros make. */
void elf_cache_destroy(struct elf_cache *cache);

/*
 * elf_cache_get - the symbols of the file @fd as it is now, those of its debug file with
 * @debug_syms.
 * *@out is the cache's, until the next call. Returns 0, or why elf_symbols_read could not.
 */
int elf_cache_get(struct elf_cache *cache, int fd, bool debug_syms, const struct elf_symbols **out);

#endif
