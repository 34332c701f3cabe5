/* Is a guest read right, whatever its kernel's layout, and is one that is broken refused? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "inspect/address.h"
#include "inspect/inspect.h"
#include "test/unit/guest_sample.h"

#define LIMIT_MS 60000

static struct inspect *open_it(struct guest_sample *guest)
{
	struct error err = { "" };
	struct inspect *inspect;

	if (inspect_open(&guest->source, LIMIT_MS, &inspect, &err))
		fail_msg("%s", err.text);
	return inspect;
}

/* A guest in which nothing is found: with these words. */
static void assert_refused(struct guest_sample *guest, const char *words)
{
	struct error err = { "" };
	struct inspect *inspect;

	assert_int_equal(inspect_open(&guest->source, LIMIT_MS, &inspect, &err), -ENOENT);
	assert_null(inspect);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
}

/* --- page tables ------------------------------------------------------------------------------ */

static void pages_of_all_sizes(void **state)
{
	(void)state;
	for (int five = 0; five < 2; five++) {
		struct guest_sample *guest = guest_new(GUEST_6_4, five);
		struct address_root root;
		struct address_page page;

		guest->regs[0].cr3 = (GUEST_TEXT_GPA + GUEST_TOP) | 0x9 | 1ull << 63;
		assert_true(address_of_vcpu(&guest->regs[0], &root));
		assert_int_equal(root.five_levels, five);
		assert_int_equal(root.gpa, GUEST_TEXT_GPA + GUEST_TOP);
		assert_true(address_walk(&guest->source, &root, GUEST_TEXT + 0x12345, &page));
		assert_int_equal(page.size, 2 << 20);
		assert_int_equal(page.gpa, GUEST_TEXT_GPA);
		/* The PAT bit of a huge page is no address. */
		assert_true(address_walk(&guest->source, &root, GUEST_DIRECT_MAP + 0x2345, &page));
		assert_int_equal(page.size, 1 << 30);
		assert_int_equal(page.gpa, 0);
		assert_true(address_walk(&guest->source, &root, GUEST_SMALL_PAGE + 0xfff, &page));
		assert_int_equal(page.size, 4096);
		assert_int_equal(page.gpa, 0x3000);
		assert_false(address_walk(&guest->source, &root, GUEST_SMALL_PAGE + 0x1000, &page));
		assert_false(address_walk(&guest->source, &root, 0x1000, &page));
		guest_free(guest);
	}
}

static void addresses_that_are_none(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct address_root root = { .gpa = GUEST_TEXT_GPA + GUEST_TOP };
	struct address_page page;

	(void)state;
	/* Everything maps to the table itself: what is not canonical is not mapped for all that. */
	for (uint32_t i = 0; i < 512; i++)
		guest_put(guest, GUEST_TOP + i * 8, (GUEST_TEXT_GPA + GUEST_TOP) | GUEST_PRESENT,
			  8);
	guest->reads = 0;
	assert_true(address_walk(&guest->source, &root, 0x00007ffffffff000, &page));
	assert_int_equal(guest->reads, 4);
	assert_int_equal(page.gpa, GUEST_TEXT_GPA + GUEST_TOP);
	assert_false(address_walk(&guest->source, &root, 0x0000800000000000, &page));
	assert_false(address_walk(&guest->source, &root, 0x8000ffffffffffff, &page));
	assert_false(address_walk(&guest->source, &root, 0xff7fffffffffffff, &page));
	root.five_levels = true;
	assert_true(address_walk(&guest->source, &root, 0x00ffffffffffffff, &page));
	assert_false(address_walk(&guest->source, &root, 0x0100000000000000, &page));
	/* A huge page at the top is none. */
	guest_put(guest, GUEST_TOP, (GUEST_TEXT_GPA + GUEST_TOP) | GUEST_PRESENT | GUEST_HUGE, 8);
	assert_false(address_walk(&guest->source, &root, 0, &page));
	/* A table that is not in RAM. */
	guest_put(guest, GUEST_TOP, GUEST_RAM | GUEST_PRESENT, 8);
	assert_false(address_walk(&guest->source, &root, 0, &page));
	root.gpa = GUEST_RAM - 4;
	assert_false(address_walk(&guest->source, &root, ~0ull, &page));
	guest_free(guest);
}

static void vcpus_without_paging(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct address_root root;

	(void)state;
	guest->regs[0].cr0 = 0;
	assert_false(address_of_vcpu(&guest->regs[0], &root));
	guest->regs[0] = guest->regs[1];
	guest->regs[0].efer = 0;
	assert_false(address_of_vcpu(&guest->regs[0], &root));
	guest->regs[0] = guest->regs[1];
	guest->regs[0].cr4 = 0;
	assert_false(address_of_vcpu(&guest->regs[0], &root));
	guest_free(guest);
}

/* --- symbols ---------------------------------------------------------------------------------- */

static void assert_all_symbols(struct guest_sample *guest, struct inspect *inspect)
{
	char name[INSPECT_SYMBOL_SIZE];
	uint64_t address, offset, size;

	assert_int_equal(inspect_text_base(inspect), GUEST_TEXT);
	assert_int_equal(inspect_text_gpa(inspect), GUEST_TEXT_GPA);
	for (uint32_t i = 0; i < guest->nr_symbols; i++) {
		const struct guest_symbol *symbol = &guest->symbols[i];

		if (!inspect_symbol(inspect, symbol->name + 1, &address))
			fail_msg("%s is not found", symbol->name + 1);
		assert_int_equal(address, symbol->address);
		if (address < GUEST_TEXT || address >= GUEST_TEXT + GUEST_IMAGE)
			continue;
		assert_true(inspect_symbol_at(inspect, address, name, &offset, &size));
		assert_int_equal(offset, 0);
		/* The first of an address is the one that the kernel prints. */
		if (i == 0 || guest->symbols[i - 1].address != address)
			assert_string_equal(name, symbol->name + 1);
		else
			assert_string_equal(name, guest->symbols[i - 1].name + 1);
		assert_true(inspect_symbol_at(inspect, address + size - 1, name, &offset, &size));
		assert_int_equal(offset, size - 1);
	}
	assert_false(inspect_symbol(inspect, "func_745", &address));
	assert_false(inspect_symbol(inspect, "", &address));
	assert_false(inspect_symbol_at(inspect, GUEST_TEXT - 1, name, &offset, &size));
	assert_false(inspect_symbol_at(inspect, GUEST_TEXT + GUEST_IMAGE, name, &offset, &size));
	assert_false(inspect_symbol_at(inspect, 0x1980, name, &offset, &size));
	assert_true(inspect_symbol_at(inspect, GUEST_TEXT + 0x1000 + 7 * 0x40 + 0x10, name, &offset,
				      &size));
	assert_string_equal(name, "func_7");
	assert_int_equal(offset, 0x10);
	assert_int_equal(size, 0x40);
}

static void every_layout(void **state)
{
	(void)state;
	for (int layout = 0; layout < GUEST_LAYOUTS; layout++)
		for (int five = 0; five < 2; five++) {
			struct guest_sample *guest = guest_new((enum guest_layout)layout, five);
			struct inspect *inspect = open_it(guest);

			assert_all_symbols(guest, inspect);
			inspect_close(inspect);
			guest_free(guest);
		}
}

static void per_cpu(void **state)
{
	(void)state;
	for (int layout = 0; layout < GUEST_LAYOUTS; layout++) {
		struct guest_sample *guest = guest_new((enum guest_layout)layout, false);
		struct inspect *inspect = open_it(guest);
		uint64_t address, early = 0;

		for (unsigned int cpu = 0; cpu < GUEST_NR_CPUS; cpu++) {
			assert_true(inspect_per_cpu(inspect, "runqueues", cpu, &address));
			assert_int_equal(address, GUEST_DIRECT_MAP + GUEST_PERCPU_GPA +
							  cpu * 0x10000 + 0x1980);
		}
		assert_false(inspect_per_cpu(inspect, "nothing", 0, &address));
		/* Numbers without a CPU, within nr_cpu_ids and beyond. */
		for (unsigned int cpu = GUEST_NR_CPUS; cpu < 8; cpu++)
			assert_false(inspect_per_cpu(inspect, "runqueues", cpu, &address));
		/* Early in the boot the first CPU has what the image brings. */
		if (guest_percpu_is_absolute(guest))
			early = GUEST_TEXT + GUEST_PERCPU;
		for (unsigned int cpu = 0; cpu < GUEST_NR_CPUS; cpu++)
			guest_put(guest, GUEST_DATA + 0x100 + cpu * 8, early, 8);
		assert_true(inspect_per_cpu(inspect, "runqueues", 0, &address));
		assert_int_equal(address, GUEST_TEXT + GUEST_PERCPU + 0x1980);
		assert_false(inspect_per_cpu(inspect, "runqueues", 1, &address));
		inspect_close(inspect);
		guest_free(guest);
	}
}

static void per_cpu_without_smp(void **state)
{
	struct guest_sample *guest = calloc(1, sizeof(*guest));
	struct inspect *inspect;
	uint64_t address;

	(void)state;
	guest->ram = malloc(GUEST_RAM);
	guest->single = true;
	guest_make(guest, GUEST_7_0, false);
	inspect = open_it(guest);
	assert_true(inspect_per_cpu(inspect, "runqueues", 0, &address));
	assert_int_equal(address, GUEST_TEXT + GUEST_PERCPU + 0x1980);
	assert_false(inspect_per_cpu(inspect, "runqueues", 1, &address));
	assert_false(inspect_per_cpu(inspect, "nothing", 0, &address));
	inspect_close(inspect);
	guest_free(guest);
}

/* What is between the tables differs with the number of symbols and the sizes of their names. */
static void every_padding(void **state)
{
	(void)state;
	for (int layout = 0; layout < GUEST_LAYOUTS; layout++)
		for (unsigned int pad = 1; pad <= 8; pad++) {
			struct guest_sample *guest = guest_new((enum guest_layout)layout, false);
			struct inspect *inspect;
			uint64_t address;

			guest->pad = pad;
			guest_kallsyms(guest);
			inspect = open_it(guest);
			assert_true(inspect_symbol(inspect, "prb", &address));
			assert_int_equal(address, GUEST_TEXT + GUEST_DATA + 0x200);
			assert_true(inspect_symbol(inspect, "_end", &address));
			assert_int_equal(address, GUEST_TEXT + GUEST_IMAGE);
			inspect_close(inspect);
			guest_free(guest);
		}
}

/* What lies behind the markers may look like one more. */
static void one_marker_too_many(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_1, false);
	uint32_t last, nr;

	(void)state;
	/* An even number: without padding behind them. */
	guest->pad = 32;
	guest_kallsyms(guest);
	nr = (guest->nr_symbols + 255) / 256;
	assert_int_equal(nr % 2, 0);
	memcpy(&last, guest_at(guest, guest->markers + nr * 4 - 4), 4);
	guest_put(guest, guest->markers + nr * 4, last + 3000, 4);
	guest_put(guest, guest->markers + nr * 4 + 4, last + 6000, 4);
	inspect_close(open_it(guest));
	guest_free(guest);
}

/* The order of the kernel's table is trusted only as far as it is one. */
static void symbols_out_of_order(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_17, false);
	uint64_t offset, size;
	char name[INSPECT_SYMBOL_SIZE];
	struct inspect *inspect;

	(void)state;
	/* func_3 and func_5 change places. */
	for (uint32_t i = 0; i < guest->nr_symbols; i++) {
		if (strcmp(guest->symbols[i].name, "tfunc_3") == 0)
			guest_put(guest, guest->offsets + i * 4, 0x1000 + 5 * 0x40, 4);
		if (strcmp(guest->symbols[i].name, "tfunc_5") == 0)
			guest_put(guest, guest->offsets + i * 4, 0x1000 + 3 * 0x40, 4);
	}
	inspect = open_it(guest);
	assert_true(inspect_symbol_at(inspect, GUEST_TEXT + 0x1000 + 3 * 0x40 + 1, name, &offset,
				      &size));
	assert_string_equal(name, "func_5");
	assert_int_equal(size, 0x40);
	inspect_close(inspect);
	guest_free(guest);
}

/* Each of these is no kernel's, and is found to be none. */
static void broken_tables(void **state)
{
	static const struct {
		uint32_t at; /* of a member below */
		uint32_t offset, value, bytes;
	} breaks[] = {
		/* The number of names, a name's length, a name without any, a marker, the index. */
		{ 0, 0, 5000, 4 },	 { 0, 0, 0xffffffff, 4 }, { 1, 0, 0x7f, 1 },
		{ 1, 0, 0, 1 },		 { 2, 4, 77, 4 },	  { 2, 8, 0, 4 },
		{ 4, 2 * 7, 0xffff, 2 }, { 4, 2 * 200, 3, 2 },	  { 3, 2 * 48, 0, 1 },
	};

	(void)state;
	for (int layout = 0; layout < GUEST_LAYOUTS; layout++)
		for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
			struct guest_sample *guest = guest_new((enum guest_layout)layout, false);
			const uint32_t places[] = { guest->num, guest->names, guest->markers,
						    guest->tokens, guest->index };

			guest_put(guest, places[breaks[i].at] + breaks[i].offset, breaks[i].value,
				  breaks[i].bytes);
			assert_refused(guest,
				       "none of the 2 looked at maps an image with kallsyms");
			guest_free(guest);
		}
}

/* _text is somewhere else than the page tables say: the symbols are another kernel's. */
static void another_kernels_tables(void **state)
{
	(void)state;
	for (int layout = 0; layout < GUEST_7_0; layout++) {
		struct guest_sample *guest = guest_new((enum guest_layout)layout, false);

		guest_put(guest, guest->base, GUEST_TEXT + 0x200000, 8);
		assert_refused(guest, "2 of 2 vCPUs use page tables");
		guest_free(guest);
	}
}

/* --- finding it ------------------------------------------------------------------------------- */

static void without_isolation(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_7_0, false);
	struct inspect *inspect;
	uint64_t gpa;

	(void)state;
	/* A PGD that has bit 12 set, and nothing of use in the page before. */
	memcpy(guest->ram + 0x5000, guest->ram + GUEST_TEXT_GPA + GUEST_TOP, 4096);
	guest->regs[0].cr3 = 0x5000;
	guest->regs[1].cr0 = 0;
	/* What was mapped since is not in it yet; the kernel's own tables have it. */
	memset(guest->ram + 0x5000 + (GUEST_DIRECT_MAP >> 39 & 511) * 8, 0, 8);
	inspect = open_it(guest);
	assert_all_symbols(guest, inspect);
	assert_true(inspect_translate(inspect, GUEST_DIRECT_MAP + 0x123, &gpa));
	assert_int_equal(gpa, 0x123);
	inspect_close(inspect);
	guest_free(guest);
}

/* One vCPU is of no use, the other is. */
static void the_second_vcpu(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct inspect *inspect;

	(void)state;
	guest->regs[0].cr3 = 0xdeadb000;
	inspect = open_it(guest);
	assert_all_symbols(guest, inspect);
	inspect_close(inspect);
	guest_free(guest);
}

static void without_any_cr3(void **state)
{
	(void)state;
	for (int layout = 0; layout < GUEST_LAYOUTS; layout++)
		for (int five = 0; five < 2; five++)
			for (int early = 0; early < 2; early++) {
				struct guest_sample *guest =
					guest_new((enum guest_layout)layout, five);
				struct inspect *inspect;

				guest->lost = true;
				/* Before there is VMCOREINFO, kallsyms says it. */
				if (early)
					memset(guest->ram + GUEST_VMCOREINFO, 0, 4096);
				inspect = open_it(guest);
				assert_all_symbols(guest, inspect);
				inspect_close(inspect);
				guest_free(guest);
			}
}

/* The data page, and a note: both name the tables, which here no symbol does. */
static void by_the_note_alone(void **state)
{
	(void)state;
	for (unsigned int head = 0; head <= 24; head += 24)
		for (int five = 0; five < 2; five++) {
			struct guest_sample *guest = guest_new(GUEST_6_17, five);
			uint8_t *text = guest->ram + GUEST_VMCOREINFO;
			struct inspect *inspect;

			guest->nameless = guest->lost = true;
			guest_kallsyms(guest);
			memmove(text + head, text, 4096 - head);
			memset(text, 0x11, head);
			inspect = open_it(guest);
			assert_all_symbols(guest, inspect);
			inspect_close(inspect);
			*strstr((char *)text + head, "SYMBOL(init_top_pgt)") = 'X';
			assert_refused(guest, "0 of 2 vCPUs");
			guest_free(guest);
		}
}

static void no_kernel(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);

	(void)state;
	memset(guest->ram, 0, GUEST_RAM);
	assert_refused(guest, "in 4 MiB of RAM");
	guest->source.nr_vcpus = 0;
	assert_refused(guest, "0 of 0 vCPUs");
	guest->source.ram_end = 0;
	assert_refused(guest, "in 0 MiB of RAM");
	guest_free(guest);
}

static unsigned int asked;

static bool wants_out(void *data)
{
	(void)data;
	return ++asked > 1;
}

/* Who does not want to wait for it, as if there were no time. */
static void the_user_wants_out(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct error err = { "" };
	struct inspect *inspect;

	(void)state;
	asked = 0;
	guest->source.is_over = wants_out;
	assert_int_equal(inspect_open(&guest->source, LIMIT_MS, &inspect, &err), -ETIMEDOUT);
	assert_true(asked > 1);
	guest_free(guest);
}

/* Time that the reader does not get is not its own. */
static void only_its_own_time_counts(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct error err = { "" };
	struct inspect *inspect;
	uint64_t text;
	char byte;
	bool read = true;

	(void)state;
	assert_int_equal(inspect_open(&guest->source, LIMIT_MS, &inspect, &err), 0);
	text = inspect_text_base(inspect);
	inspect_allow(inspect, 500);
	nanosleep(&(struct timespec){ .tv_nsec = 700000000 }, NULL);
	/* More than it reads without a look at the clock. */
	for (unsigned int i = 0; i < 5000; i++)
		read = read && inspect_read(inspect, text, &byte, 1);
	assert_true(read);
	assert_false(inspect_out_of_time(inspect));
	nanosleep(&(struct timespec){ .tv_sec = 5 }, NULL);
	for (unsigned int i = 0; i < 5000; i++)
		read = read && inspect_read(inspect, text, &byte, 1);
	assert_false(read);
	assert_true(inspect_out_of_time(inspect));
	inspect_close(inspect);
	guest_free(guest);
}

static void no_time(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct error err = { "" };
	struct inspect *inspect;

	(void)state;
	assert_int_equal(inspect_open(&guest->source, 0, &inspect, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "in the time"));
	guest_free(guest);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void reading(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct inspect *inspect = open_it(guest);
	char text[16], many[3 * 4096];
	uint64_t value, gpa;

	(void)state;
	memcpy(guest->ram + 0x3ffb, "tail", 5);
	assert_true(inspect_read_string(inspect, GUEST_SMALL_PAGE + 0xffb, text, sizeof(text)));
	assert_string_equal(text, "tail");
	/* There is no room, by a size that the guest's types give, say. */
	text[0] = 'x';
	assert_false(inspect_read_string(inspect, GUEST_SMALL_PAGE + 0xffb, text, 0));
	assert_int_equal(text[0], 'x');
	assert_true(inspect_read_string(inspect, GUEST_SMALL_PAGE + 0xffb, text, 3));
	assert_string_equal(text, "ta");
	/* It goes on where nothing is mapped. */
	guest->ram[0x3fff] = 'x';
	assert_false(inspect_read_string(inspect, GUEST_SMALL_PAGE + 0xffb, text, sizeof(text)));
	assert_string_equal(text, "");
	assert_false(inspect_read_u64(inspect, GUEST_SMALL_PAGE + 0xffc, &value));
	assert_true(inspect_read_u64(inspect, GUEST_DIRECT_MAP + 0x3ff8, &value));
	/* Over borders of pages, and again out of what was kept of the first time. */
	for (int i = 0; i < 2; i++) {
		assert_true(inspect_read(inspect, GUEST_DIRECT_MAP + 0x200123, many, sizeof(many)));
		assert_memory_equal(many, guest->ram + 0x200123, sizeof(many));
	}
	assert_true(inspect_translate(inspect, GUEST_TEXT + 0x2123, &gpa));
	assert_int_equal(gpa, GUEST_TEXT_GPA + 0x2123);
	/* Mapped, and not RAM; over the end of all addresses. */
	assert_false(inspect_read(inspect, GUEST_DIRECT_MAP + GUEST_RAM - 1, many, 2));
	assert_false(inspect_read(inspect, ~0ull - 3, many, 16));
	assert_false(inspect_read(inspect, 0x8000000000000000, many, 1));
	assert_true(inspect_read(inspect, 0x8000000000000000, many, 0));
	inspect_close(inspect);
	inspect_close(NULL);
	guest_free(guest);
}

/* A process's memory, by its own tables: one page, whose neighbour is not mapped. */
static void reading_a_process(void **state)
{
	(void)state;
	for (int five = 0; five < 2; five++) {
		struct guest_sample *guest = guest_new(GUEST_6_4, five);
		struct inspect *inspect = open_it(guest);
		const uint64_t address = 0x00007f0123456000, pgd = GUEST_DIRECT_MAP + 0x10000;
		uint64_t table = 0x10000, value;

		for (unsigned int level = five ? 5 : 4; level > 0; level--, table += 0x1000) {
			uint64_t entry = (level > 1 ? table + 0x1000 : 0x3000) | GUEST_PRESENT;

			memcpy(guest->ram + table + (address >> (12 + 9 * (level - 1)) & 511) * 8,
			       &entry, sizeof(entry));
		}
		memcpy(guest->ram + 0x3ff8, "the last", 8);
		assert_true(inspect_read_user(inspect, pgd, address + 0xff8, &value, 8));
		assert_memory_equal(&value, "the last", 8);
		assert_false(inspect_read_user(inspect, pgd, address + 0xff9, &value, 8));
		assert_false(inspect_read_user(inspect, pgd, address - 1, &value, 8));
		assert_false(inspect_read_user(inspect, pgd + 0x2000000000, address, &value, 8));
		/* The kernel's addresses are no process's, though its tables have them. */
		assert_false(
			inspect_read_user(inspect, GUEST_TEXT + GUEST_TOP, GUEST_TEXT, &value, 8));
		inspect_close(inspect);
		guest_free(guest);
	}
}

static void the_notes_words(void **state)
{
	struct guest_sample *guest = guest_new(GUEST_6_4, false);
	struct inspect *inspect = open_it(guest);
	uint64_t offset;
	size_t size;

	(void)state;
	assert_true(inspect_kaslr_offset(inspect, &offset));
	assert_int_equal(offset, GUEST_TEXT - 0xffffffff81000000);
	assert_non_null(strstr(inspect_vmcoreinfo(inspect, &size), "PAGESIZE=4096\n"));
	assert_int_equal(size, strlen(inspect_vmcoreinfo(inspect, &size)));
	inspect_close(inspect);
	/* Before the kernel has written it. */
	guest_put(guest, GUEST_DATA + 8, 0, 8);
	inspect = open_it(guest);
	assert_false(inspect_kaslr_offset(inspect, &offset));
	assert_null(inspect_vmcoreinfo(inspect, &size));
	inspect_close(inspect);
	/* Larger than it can be. */
	guest_vmcoreinfo(guest);
	guest_put(guest, GUEST_DATA, 1ull << 40, 8);
	inspect = open_it(guest);
	assert_null(inspect_vmcoreinfo(inspect, &size));
	inspect_close(inspect);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_all_sizes),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(vcpus_without_paging),
		cmocka_unit_test(every_layout),
		cmocka_unit_test(per_cpu),
		cmocka_unit_test(per_cpu_without_smp),
		cmocka_unit_test(every_padding),
		cmocka_unit_test(one_marker_too_many),
		cmocka_unit_test(symbols_out_of_order),
		cmocka_unit_test(broken_tables),
		cmocka_unit_test(another_kernels_tables),
		cmocka_unit_test(without_isolation),
		cmocka_unit_test(the_second_vcpu),
		cmocka_unit_test(without_any_cr3),
		cmocka_unit_test(by_the_note_alone),
		cmocka_unit_test(no_kernel),
		cmocka_unit_test(the_user_wants_out),
		cmocka_unit_test(only_its_own_time_counts),
		cmocka_unit_test(no_time),
		cmocka_unit_test(reading),
		cmocka_unit_test(reading_a_process),
		cmocka_unit_test(the_notes_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
