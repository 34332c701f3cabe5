/*
 * Where does the kernel lie? Its image is mapped at the first step of 2 MiB from 0xffffffff80000000
 * on that is mapped at all; that it is a kernel, and that one, says its kallsyms.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/state.h"
#include "util/huge.h"

#define MAP_START  0xffffffff80000000ull /* __START_KERNEL_map */
#define MAP_SIZE   (1ull << 30)		 /* KERNEL_IMAGE_SIZE, at most */
#define STEP	   (2ull << 20)
/* The memory of what ran at boot only is given back, a hole of some MiB in the middle. */
#define MAX_HOLE   (32ull << 20)
/* More vCPUs than these need not be asked: the kernel is the same in all of their page tables. */
#define MAX_TRIED  64u
#define CHUNK	   (256u << 10)
/* Stock kernels have 3.3 MiB of tables before token_table and 1.3 MiB behind it, of which 0.8 are
 * needed; more is read only when this was not enough. */
#define FEW_BEFORE (4u << 20)
#define FEW_BEHIND (1u << 20)

bool locate_text(struct inspect *inspect, const struct address_root *root, uint64_t *text,
		 uint64_t *text_gpa, uint64_t *size)
{
	bool found = false;

	for (uint64_t at = 0; at < MAP_SIZE; at += STEP) {
		struct address_page page;

		if (!state_has_time(inspect, 64))
			return false;
		if (address_walk(inspect->source, root, MAP_START + at, &page)) {
			if (!found) {
				*text = MAP_START + at;
				*text_gpa = page.gpa + (*text & (page.size - 1));
				found = true;
			}
			*size = MAP_START + at + STEP - *text;
		} else if (found && MAP_START + at - *text > *size + MAX_HOLE) {
			break;
		}
	}
	return found;
}

/* Returns 1, 0, -ENOMEM. */
static int symbols_in_window(struct inspect *inspect, uint64_t digits, size_t before, size_t behind,
			     uint64_t delta, uint64_t text, struct symbols *symbols)
{
	uint64_t start = digits - before;
	struct kallsyms kallsyms;
	uint8_t *window;
	size_t size;
	int ret = 0;

	/* A page fault for each 4 KiB of it would be half of all the time that opening takes. */
	window = huge_map(before + behind);
	if (!window)
		return -ENOMEM;
	size = state_read_most(inspect, start, window, before + behind);
	if (kallsyms_locate(window, size, start + delta, before, &kallsyms)) {
		ret = symbols_make(symbols, inspect, &kallsyms, window, size, start + delta, text);
		ret = ret == 0 ? 1 : ret == -ENOMEM ? ret : 0;
	}
	huge_unmap(window, before + behind);
	return ret;
}

int locate_symbols(struct inspect *inspect, uint64_t digits, uint64_t delta, uint64_t text,
		   struct symbols *symbols)
{
	size_t few = digits < FEW_BEFORE ? (size_t)digits : FEW_BEFORE;
	size_t many = digits < KALLSYMS_BEFORE ? (size_t)digits : KALLSYMS_BEFORE;
	int ret = symbols_in_window(inspect, digits, few, FEW_BEHIND, delta, text, symbols);

	if (ret == 0)
		ret = symbols_in_window(inspect, digits, many, KALLSYMS_BEHIND, delta, text,
					symbols);
	return ret;
}

/* Look through the image for kallsyms. Returns 1, 0, -ENOMEM. */
static int symbols_of_image(struct inspect *inspect, uint64_t text, uint64_t gpa, uint64_t size,
			    struct symbols *symbols)
{
	uint8_t *chunk = malloc(CHUNK);
	int ret = 0;

	if (!chunk)
		return -ENOMEM;
	for (uint64_t at = 0; at < size && ret == 0; at += CHUNK - KALLSYMS_DIGITS + 1) {
		size_t got = state_read_most(inspect, gpa + at, chunk, CHUNK), hit = 0;

		while ((hit = kallsyms_find_tokens(chunk, got, hit)) < got && ret == 0) {
			ret = locate_symbols(inspect, gpa + at + hit, text - gpa, text, symbols);
			hit++;
		}
	}
	free(chunk);
	return ret;
}

/*
 * A process's tables have all of the kernel; but what it maps later comes to its own tables first,
 * and those of a process that is just dying may be anything. Before it set up its own there is
 * nothing better than the vCPU's.
 */
static void prefer_own_root(struct inspect *inspect)
{
	struct address_root own = inspect->root;
	struct address_page page;
	uint64_t address;

	if (!state_symbol(inspect, "init_top_pgt", &address) || address < inspect->text)
		return;
	own.gpa = inspect->text_gpa + (address - inspect->text);
	if (address_walk(inspect->source, &own, inspect->text, &page) &&
	    page.gpa + (inspect->text & (page.size - 1)) == inspect->text_gpa)
		inspect->root = own;
}

/* Has the image at @gpa the words of the user's vmlinux, to the minute of its build? */
static bool is_of_file(struct inspect *inspect, uint64_t gpa)
{
	const struct vmlinux_symbols *file = &inspect->file;
	char banner[VMLINUX_BANNER_SIZE];

	return file->symbols.nr && file->banner_at >= file->symbols.start &&
	       state_read_gpa(inspect, gpa + (file->banner_at - file->symbols.start), banner,
			      strlen(file->banner)) &&
	       memcmp(banner, file->banner, strlen(file->banner)) == 0;
}

int locate_try(struct inspect *inspect, const struct address_root *root)
{
	uint64_t text, gpa, size;
	bool is_file;
	int ret;

	if (!locate_text(inspect, root, &text, &gpa, &size))
		return 0;
	is_file = is_of_file(inspect, gpa);
	ret = symbols_of_image(inspect, text, gpa, size, &inspect->symbols);
	if (ret == 0 && is_file)
		ret = 1;
	if (ret != 1)
		return ret;
	/* Per-CPU symbols count from 0, and stay; so does a file that is another kernel's. */
	if (is_file)
		symbols_move(&inspect->file.symbols, MAP_START, text - inspect->file.symbols.start);
	else
		vmlinux_symbols_destroy(&inspect->file);
	inspect->root = *root;
	inspect->text = text;
	inspect->text_gpa = gpa;
	prefer_own_root(inspect);
	return 1;
}

/*
 * With page-table isolation a vCPU in user mode has tables with little of the kernel in them: those
 * of the kernel are the page before (bit 12). Without it that bit is part of the address.
 */
static int try_vcpu(struct inspect *inspect, const struct address_root *root,
		    struct address_root *tried, unsigned int *nr_tried)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct address_root candidate = *root;
		unsigned int seen = 0;
		int ret;

		if (i == 0)
			candidate.gpa &= ~(uint64_t)ADDRESS_PAGE_SIZE;
		while (seen < *nr_tried && tried[seen].gpa != candidate.gpa)
			seen++;
		if (seen < *nr_tried || *nr_tried == MAX_TRIED)
			continue;
		tried[(*nr_tried)++] = candidate;
		ret = locate_try(inspect, &candidate);
		if (ret)
			return ret;
	}
	return 0;
}

static int find_by_vcpus(struct inspect *inspect, unsigned int *nr_paging, unsigned int *nr_tried)
{
	const struct inspect_source *source = inspect->source;
	struct address_root root, tried[MAX_TRIED];
	struct inspect_regs regs;
	int ret = 0;

	for (unsigned int i = 0; i < source->nr_vcpus && ret == 0; i++)
		if (source->regs(source->data, i, &regs) && address_of_vcpu(&regs, &root)) {
			(*nr_paging)++;
			ret = try_vcpu(inspect, &root, tried, nr_tried);
		}
	return ret;
}

int locate_kernel(struct inspect *inspect, struct error *err)
{
	const bool has_file = inspect->file.symbols.nr;
	unsigned int nr_paging = 0, nr_tried = 0;
	int ret = find_by_vcpus(inspect, &nr_paging, &nr_tried);

	if (ret == 0)
		ret = locate_scan(inspect);
	if (ret == 1 && has_file && !inspect->file.symbols.nr)
		return error_set(err, -ESTALE,
				 "the vmlinux that was given is another kernel's than the guest's; "
				 "give that of the same build, or none");
	if (ret == 1)
		return 0;
	if (ret < 0)
		return error_set(err, ret,
				 "the guest's kernel: no memory left to read its symbols");
	if (inspect->out_of_time)
		return error_set(err, -ETIMEDOUT,
				 "the guest's kernel was not found in the time that was given");
	return error_set(
		err, -ENOENT,
		"the guest's memory holds no running kernel: %u of %u vCPUs use page "
		"tables, none of the %u looked at maps an image with kallsyms (it needs "
		"CONFIG_KALLSYMS, or its vmlinux), and neither VMCOREINFO nor kallsyms in %llu MiB of RAM "
		"leads to one",
		nr_paging, inspect->source->nr_vcpus, nr_tried,
		(unsigned long long)inspect->source->ram_end >> 20);
}
