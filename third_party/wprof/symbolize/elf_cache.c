/* Which ELF files have been read already? See elf_cache.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "elf_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct cached_elf {
	struct cached_elf *next;
	struct stat st;
	bool debug_syms;
	int error; /* what reading it returned: it is not tried again */
	struct elf_symbols *symbols;
};

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

static size_t bytes_of(const struct cached_elf *elf)
{
	return sizeof(*elf) + (elf->symbols ? elf_symbols_bytes(elf->symbols) : 0);
}

static void free_from(struct elf_cache *cache, struct cached_elf **link)
{
	struct cached_elf *elf;

	while ((elf = *link)) {
		*link = elf->next;
		cache->count--;
		cache->bytes -= bytes_of(elf);
		elf_symbols_free(elf->symbols);
		free(elf);
	}
}

void elf_cache_destroy(struct elf_cache *cache)
{
	free_from(cache, &cache->first);
	debug_dirs_destroy(&cache->debug_dirs);
}

/* All but the first, from where a bound is reached. */
static void trim(struct elf_cache *cache)
{
	size_t count = 0, bytes = 0;

	if (cache->count <= ELF_CACHE_MAX_FILES && cache->bytes <= ELF_CACHE_MAX_BYTES)
		return;
	for (struct cached_elf **link = &cache->first; *link; link = &(*link)->next) {
		count++;
		bytes += bytes_of(*link);
		if (count > 1 && (count > ELF_CACHE_MAX_FILES || bytes > ELF_CACHE_MAX_BYTES)) {
			free_from(cache, link);
			return;
		}
	}
}

/* Takes the entry out of the list. */
static struct cached_elf *look_up(struct elf_cache *cache, const struct stat *st, bool debug_syms)
{
	struct cached_elf *elf;

	for (struct cached_elf **link = &cache->first; (elf = *link); link = &elf->next) {
		if (elf->debug_syms == debug_syms && same_file(&elf->st, st)) {
			*link = elf->next;
			return elf;
		}
	}
	return NULL;
}

static void put_first(struct elf_cache *cache, struct cached_elf *elf)
{
	elf->next = cache->first;
	cache->first = elf;
}

int elf_cache_get(struct elf_cache *cache, int fd, bool debug_syms, const struct elf_symbols **out)
{
	struct cached_elf *elf;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	elf = look_up(cache, &st, debug_syms);
	if (!elf) {
		elf = calloc(1, sizeof(*elf));
		if (!elf)
			return -ENOMEM;
		elf->st = st;
		elf->debug_syms = debug_syms;
		elf->error =
			elf_symbols_read(fd, debug_syms ? &cache->debug_dirs : NULL, &elf->symbols);
		cache->count++;
		cache->bytes += bytes_of(elf);
	}
	put_first(cache, elf);
	trim(cache);
	*out = elf->symbols;
	return elf->error;
}
