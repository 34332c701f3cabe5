/* What does kernel-virtual memory of a stopped guest hold, and what lies where? (inspect.h) */
#include "inspect/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/state.h"
#include "util/clock.h"

/* How many bytes are read from one look at the clock to the next; each read counts as 64 more. */
#define LOOK_EVERY (256u << 10)
/* A host that gives the reader less than one part in so many of its time is of no use. */
#define WALL_TIMES 10u
/* More CPUs than any kernel is built for: what follows is not reached by a number that is wrong. */
#define MAX_CPUS   (1u << 16)

bool state_has_time(struct inspect *inspect, size_t size)
{
	inspect->unlooked += size + 64;
	if (inspect->unlooked >= LOOK_EVERY) {
		inspect->unlooked = 0;
		if (thread_ns() >= inspect->end_ns || now_ns() >= inspect->end_wall_ns ||
		    (inspect->source->is_over && inspect->source->is_over(inspect->source->data)))
			inspect->out_of_time = true;
	}
	return !inspect->out_of_time;
}

bool state_read_gpa(struct inspect *inspect, uint64_t gpa, void *dst, size_t size)
{
	return state_has_time(inspect, size) &&
	       inspect->source->read(inspect->source->data, gpa, dst, size);
}

size_t state_read_most(struct inspect *inspect, uint64_t gpa, void *dst, size_t size)
{
	size_t done = 0;

	if (state_read_gpa(inspect, gpa, dst, size))
		return size;
	while (done < size) {
		size_t part = ADDRESS_PAGE_SIZE - (size_t)((gpa + done) % ADDRESS_PAGE_SIZE);

		if (part > size - done)
			part = size - done;
		if (!state_read_gpa(inspect, gpa + done, (char *)dst + done, part))
			break;
		done += part;
	}
	return done;
}

/* A pointer to it, then its size: both are the kernel's variables. */
static void read_vmcoreinfo(struct inspect *inspect)
{
	char text[VMCOREINFO_SIZE];
	uint64_t at, data, size;

	if (inspect_symbol(inspect, "vmcoreinfo_data", &at) &&
	    inspect_read_u64(inspect, at, &data) && data &&
	    inspect_symbol(inspect, "vmcoreinfo_size", &at) &&
	    inspect_read_u64(inspect, at, &size) && size <= sizeof(text) &&
	    inspect_read(inspect, data, text, (size_t)size))
		vmcoreinfo_take(&inspect->vmcoreinfo, text, (size_t)size);
}

int inspect_open(const struct inspect_source *source, unsigned int limit_ms, struct inspect **out,
		 struct error *err)
{
	return inspect_open_vmlinux(source, NULL, limit_ms, out, err);
}

int inspect_open_vmlinux(const struct inspect_source *source, const char *vmlinux,
			 unsigned int limit_ms, struct inspect **out, struct error *err)
{
	struct inspect *inspect = calloc(1, sizeof(*inspect));
	int ret = 0;

	*out = NULL;
	if (!inspect)
		return error_set(err, -ENOMEM, "the guest's kernel: no memory left to look for it");
	inspect->source = source;
	if (vmlinux)
		ret = vmlinux_symbols_read(vmlinux, &inspect->file, err);
	inspect_allow(inspect, limit_ms);
	if (ret == 0)
		ret = locate_kernel(inspect, err);
	if (ret) {
		inspect_close(inspect);
		return ret;
	}
	read_vmcoreinfo(inspect);
	*out = inspect;
	return 0;
}

void inspect_close(struct inspect *inspect)
{
	if (!inspect)
		return;
	symbols_destroy(&inspect->symbols);
	vmlinux_symbols_destroy(&inspect->file);
	free(inspect);
}

void inspect_allow(struct inspect *inspect, unsigned int limit_ms)
{
	inspect->end_ns = thread_ns() + limit_ms * 1000000ull;
	inspect->end_wall_ns = now_ns() + limit_ms * 1000000ull * WALL_TIMES;
	inspect->out_of_time = false;
}

const struct inspect_source *inspect_source(const struct inspect *inspect)
{
	return inspect->source;
}

uint64_t inspect_text_base(const struct inspect *inspect)
{
	return inspect->text;
}

uint64_t inspect_text_gpa(const struct inspect *inspect)
{
	return inspect->text_gpa;
}

bool inspect_kaslr_offset(const struct inspect *inspect, uint64_t *offset)
{
	return vmcoreinfo_hex(&inspect->vmcoreinfo, "KERNELOFFSET", offset);
}

const char *inspect_vmcoreinfo(const struct inspect *inspect, size_t *size)
{
	*size = inspect->vmcoreinfo.size;
	return *size ? inspect->vmcoreinfo.text : NULL;
}

bool inspect_translate(struct inspect *inspect, uint64_t address, uint64_t *gpa)
{
	uint64_t number = address / ADDRESS_PAGE_SIZE, offset = address % ADDRESS_PAGE_SIZE;
	struct state_translation *kept = &inspect->translations[number % STATE_TRANSLATIONS];

	if (kept->page != number + 1) {
		struct address_page page;

		/* Up to five reads. */
		if (!state_has_time(inspect, 256) ||
		    !address_walk(inspect->source, &inspect->root, address, &page))
			return false;
		kept->page = number + 1;
		kept->gpa = page.gpa + ((address & (page.size - 1)) - offset);
	}
	*gpa = kept->gpa + offset;
	return true;
}

bool inspect_read(struct inspect *inspect, uint64_t address, void *dst, size_t size)
{
	char *to = dst;

	if (inspect->out_of_time || (size && address + (size - 1) < address))
		return false;
	while (size) {
		size_t part = ADDRESS_PAGE_SIZE - (size_t)(address % ADDRESS_PAGE_SIZE);
		uint64_t gpa;

		if (part > size)
			part = size;
		if (!inspect_translate(inspect, address, &gpa) ||
		    !state_read_gpa(inspect, gpa, to, part))
			return false;
		to += part;
		address += part;
		size -= part;
	}
	return true;
}

bool inspect_read_user(struct inspect *inspect, uint64_t pgd, uint64_t address, void *dst,
		       size_t size)
{
	struct address_root root = inspect->root;
	char *to = dst;

	/* The upper half is the kernel's. */
	if (address >> 63 || size > INT64_MAX - address ||
	    !inspect_translate(inspect, pgd, &root.gpa))
		return false;
	while (size) {
		size_t part = ADDRESS_PAGE_SIZE - (size_t)(address % ADDRESS_PAGE_SIZE);
		struct address_page page;

		if (part > size)
			part = size;
		if (!state_has_time(inspect, 256) ||
		    !address_walk(inspect->source, &root, address, &page) ||
		    !state_read_gpa(inspect, page.gpa + (address & (page.size - 1)), to, part))
			return false;
		to += part;
		address += part;
		size -= part;
	}
	return true;
}

bool inspect_read_u64(struct inspect *inspect, uint64_t address, uint64_t *value)
{
	return inspect_read(inspect, address, value, sizeof(*value));
}

bool inspect_read_u32(struct inspect *inspect, uint64_t address, uint32_t *value)
{
	return inspect_read(inspect, address, value, sizeof(*value));
}

/* By pieces that end where a page does: what follows the string need not be there. */
bool inspect_read_string(struct inspect *inspect, uint64_t address, char *dst, size_t size)
{
	size_t done = 0;

	if (!size)
		return false;
	*dst = '\0';
	while (done + 1 < size) {
		size_t part = 64 - (size_t)(address % 64);

		if (part > size - 1 - done)
			part = size - 1 - done;
		if (!inspect_read(inspect, address, dst + done, part)) {
			*dst = '\0';
			return false;
		}
		if (memchr(dst + done, '\0', part))
			return true;
		done += part;
		address += part;
	}
	dst[done] = '\0';
	return true;
}

bool state_symbol(const struct inspect *inspect, const char *name, uint64_t *address)
{
	return symbols_find(&inspect->symbols, name, address) ||
	       symbols_find(&inspect->file.symbols, name, address);
}

bool inspect_symbol(struct inspect *inspect, const char *name, uint64_t *address)
{
	return state_has_time(inspect, 0) && state_symbol(inspect, name, address);
}

/* How many CPUs it can have at most. */
static uint32_t nr_cpus(struct inspect *inspect)
{
	uint64_t at;
	uint32_t nr;

	if (!inspect_symbol(inspect, "nr_cpu_ids", &at) || !inspect_read_u32(inspect, at, &nr))
		return 0;
	return nr < MAX_CPUS ? nr : MAX_CPUS;
}

/*
 * What __per_cpu_offset has where the kernel did not set it: the memory that the image brings for
 * the boot CPU, from which those of all others were to be copied.
 */
static uint64_t unset_offset(struct inspect *inspect)
{
	uint64_t start, load;

	/* Per-CPU symbols count from 0, or they are in that memory. */
	return inspect_symbol(inspect, "__per_cpu_start", &start) &&
			       inspect_symbol(inspect, "__per_cpu_load", &load)
		       ? load - start
		       : 0;
}

bool inspect_per_cpu(struct inspect *inspect, const char *name, unsigned int cpu, uint64_t *address)
{
	uint64_t symbol, offsets, offset;

	if (!inspect_symbol(inspect, name, &symbol))
		return false;
	/* Without SMP it is a variable as all others are. */
	if (!inspect_symbol(inspect, "__per_cpu_offset", &offsets) &&
	    !inspect_symbol(inspect, "nr_cpu_ids", &offsets)) {
		*address = symbol;
		return !cpu && !inspect->out_of_time;
	}
	if (cpu >= nr_cpus(inspect) || !inspect_symbol(inspect, "__per_cpu_offset", &offsets) ||
	    !inspect_read_u64(inspect, offsets + cpu * sizeof(offset), &offset) ||
	    (cpu && offset == unset_offset(inspect)))
		return false;
	*address = symbol + offset;
	return true;
}

bool inspect_symbol_at(struct inspect *inspect, uint64_t address, char *name, uint64_t *offset,
		       uint64_t *size)
{
	/* What is called like that by the kernel itself, where it can. */
	const struct symbols *symbols = inspect->symbols.nr ? &inspect->symbols
							    : &inspect->file.symbols;

	return symbols_at(symbols, address, name, INSPECT_SYMBOL_SIZE, offset, size);
}

bool inspect_out_of_time(const struct inspect *inspect)
{
	return inspect->out_of_time;
}
