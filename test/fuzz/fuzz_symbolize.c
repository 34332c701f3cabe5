/*
 * Can a hostile program, or a file, hurt the tracer that looks up its names? The first byte says
 * what the rest is: the text of kallsyms, that of a maps file, or an ELF file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../third_party/wprof/symbolize/elf_symbols.h"
#include "../../third_party/wprof/symbolize/kallsyms.h"
#include "../../third_party/wprof/symbolize/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static char *as_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A name that was found is whole, and around the address. */
static void check(const struct found *found, uint64_t address)
{
	if (found->reason != FOUND) {
		if (found->name || found->module)
			abort();
		return;
	}
	if (!*found->name || found->start + found->offset != address)
		abort();
	if (found->size >= 0 && found->offset >= (uint64_t)found->size)
		abort();
	sink += strlen(found->name) + (found->module ? strlen(found->module) : 0);
}

static void fuzz_kallsyms(const uint8_t *data, size_t size)
{
	struct kallsyms *kallsyms;
	struct found found;
	uint64_t address;

	if (kallsyms_parse(as_text(data, size), size, &kallsyms))
		return;
	for (unsigned int shift = 0; shift < 64; shift++) {
		address = UINT64_MAX >> shift;
		kallsyms_find(kallsyms, address, &found);
		check(&found, address);
		if (found.reason == FOUND && found.start) {
			address = found.start - 1;
			kallsyms_find(kallsyms, address, &found);
			check(&found, address);
		}
	}
	kallsyms_free(kallsyms);
}

static void fuzz_maps(const uint8_t *data, size_t size)
{
	struct process_maps *maps;

	if (process_maps_parse(as_text(data, size), size, &maps))
		return;
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *m = &maps->mappings[i];

		if (m->start >= m->end || process_maps_find(maps, m->start)->start > m->start)
			abort();
		sink += strlen(m->name);
	}
	sink += process_maps_find(maps, 0) != NULL;
	sink += process_maps_find(maps, UINT64_MAX) != NULL;
	process_maps_free(maps);
}

static void find_all(struct elf_symbols *symbols, size_t size)
{
	struct found found;

	for (size_t offset = 0; offset <= size; offset += 1 + size / 256) {
		elf_symbols_find(symbols, offset, &found);
		check(&found, found.start + found.offset);
	}
	sink += elf_symbols_bytes(symbols);
	elf_symbols_free(symbols);
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
	struct debug_dirs none = { .count = 0 };
	struct elf_symbols *symbols;
	char *image;
	int fd;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_symbols_read(fd, &none, &symbols))
		find_all(symbols, size);
	close(fd);
	/* No byte behind it, so that a read there is seen. */
	image = malloc(size);
	if (size && !image)
		abort();
	if (size)
		memcpy(image, data, size);
	if (!elf_symbols_of_image(image, size, &symbols))
		find_all(symbols, size);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 3) {
	case 0:
		fuzz_kallsyms(data + 1, size - 1);
		break;
	case 1:
		fuzz_maps(data + 1, size - 1);
		break;
	case 2:
		fuzz_elf(data + 1, size - 1);
		break;
	}
	return 0;
}
