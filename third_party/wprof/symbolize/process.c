/* Which function of a process does an address belong to? See process.h. */
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int process_open(struct process *p, const struct process_options *options, struct elf_cache *cache)
{
	*p = (struct process){ .options = *options, .cache = cache };
	return process_maps_read(options->pid, &p->maps);
}

void process_close(struct process *p)
{
	elf_symbols_free(p->vdso);
	process_maps_free(p->maps);
}

static enum found_reason read_vdso(struct process *p, const struct mapping *m)
{
	void *image;
	size_t size;
	int ret;

	if (p->options.no_vdso || process_maps_vdso(p->maps, m, &image, &size))
		return FOUND_NOT_SUPPORTED;
	elf_symbols_free(p->vdso);
	p->vdso = NULL;
	ret = elf_symbols_of_image(image, size, &p->vdso);
	free(image);
	p->symbols = p->vdso;
	return ret == -ENOTSUP ? FOUND_NOT_SUPPORTED : ret ? FOUND_NO_SYMBOLS : FOUND;
}

static enum found_reason read_file(struct process *p, const struct mapping *m)
{
	int fd = process_maps_open(p->maps, m, p->options.no_map_files);
	int ret;

	if (fd < 0)
		return FOUND_NO_SYMBOLS;
	ret = elf_cache_get(p->cache, fd, p->options.debug_syms, &p->symbols);
	close(fd);
	return ret == -ENOTSUP ? FOUND_NOT_SUPPORTED : ret ? FOUND_NO_SYMBOLS : FOUND;
}

static enum found_reason enter(struct process *p, const struct mapping *m)
{
	if (!m->executable)
		return FOUND_NO_SYMBOL;
	if (!strcmp(m->name, "[vdso]"))
		return read_vdso(p, m);
	return *m->name == '/' ? read_file(p, m) : FOUND_NO_FILE;
}

void process_find(struct process *p, uint64_t address, struct found *found)
{
	const struct mapping *m = process_maps_find(p->maps, address);

	*found = (struct found){ .reason = FOUND_NOT_MAPPED };
	if (!m)
		return;
	if (m != p->mapping) {
		p->reason = enter(p, m);
		p->mapping = m;
	}
	found->reason = p->reason;
	if (p->reason != FOUND)
		return;
	elf_symbols_find(p->symbols, address - m->start + m->offset, found);
	if (found->reason == FOUND)
		found->module = m->name;
}
