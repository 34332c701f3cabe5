/*
 * What does src/inspect see in a core? For its developers:
 *   inspect CORE [open | symbols | vmcoreinfo | printk | names <ADDRESSES]
 * LOST=1: as if the vCPUs had no registers. It opens the core twice: the first time also brings in
 * the file's pages.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "inspect/inspect.h"
#include "inspect/names.h"
#include "inspect/printk.h"
#include "inspect/state.h"
#include "test/unit/core_source.h"

static void print_symbols(struct inspect *inspect)
{
	char name[INSPECT_SYMBOL_SIZE];

	for (uint32_t i = 0; i < inspect->symbols.nr; i++) {
		uint64_t address = symbols_get(&inspect->symbols, i, name, sizeof(name));

		printf("%016" PRIx64 " %s\n", address, name);
	}
}

/* From standard input, one hexadecimal number a line. */
static void print_names(struct inspect *inspect)
{
	struct module_symbols *modules = NULL;
	char line[64], name[NAMES_SIZE];
	struct error err = { "" };
	struct btf *btf = NULL;

	if (btf_open(inspect, &btf, &err) || module_symbols_open(inspect, btf, &modules, &err))
		fprintf(stderr, "%s\n", err.text);
	while (fgets(line, sizeof(line), stdin)) {
		names_of(inspect, modules, strtoull(line, NULL, 16), name);
		printf("%s\n", name);
	}
	module_symbols_close(modules);
	btf_close(btf);
}

/* As `dmesg -r` has it. */
static void print_printk(struct inspect *inspect)
{
	struct error err = { "" };
	struct btf *btf = NULL;
	struct printk_log log;

	if (btf_open(inspect, &btf, &err))
		fprintf(stderr, "%s\n", err.text);
	if (printk_read(inspect, btf, SIZE_MAX, &log, &err))
		fprintf(stderr, "%s\n", err.text);
	for (size_t i = 0; i < log.nr; i++) {
		char prefix[PRINTK_PREFIX_SIZE];

		printk_prefix(&log.records[i], prefix);
		printf("<%u>%s%s\n", log.records[i].level, prefix, log.records[i].text);
	}
	fprintf(stderr, "older %" PRIu64 " unfinished %" PRIu64 " broken %" PRIu64 "\n", log.older,
		log.unfinished, log.broken);
	printk_free(&log);
	btf_close(btf);
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* @took_ns: of CPU time */
static void print_open(struct inspect *inspect, uint64_t took_ns)
{
	uint64_t kaslr = 0, address;
	bool known = inspect_kaslr_offset(inspect, &kaslr);
	size_t size;

	printf("opened in %" PRIu64 " us of CPU time: _text %#" PRIx64 " at %#" PRIx64
	       ", KASLR %s%#" PRIx64 ", root %#" PRIx64
	       " of %d levels, %u symbols of form %d, VMCOREINFO %s\n",
	       took_ns / 1000, inspect_text_base(inspect), inspect_text_gpa(inspect),
	       known ? "" : "unknown ", kaslr, inspect->root.gpa, inspect->root.five_levels ? 5 : 4,
	       inspect->symbols.nr, inspect->symbols.kallsyms.form,
	       inspect_vmcoreinfo(inspect, &size) ? "there" : "absent");
	for (unsigned int cpu = 0; inspect_per_cpu(inspect, "runqueues", cpu, &address); cpu++)
		printf("runqueues of CPU %u at %#" PRIx64 "\n", cpu, address);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "open";
	struct inspect_source source;
	struct error err = { "" };
	struct inspect *inspect = NULL;
	static struct core core;
	uint64_t start;
	size_t size;

	if (argc < 2 || core_open(&core, argv[1], &source))
		return 1;
	core.lost = getenv("LOST");
	for (int i = 0; i < 2; i++) {
		inspect_close(inspect);
		start = cpu_ns();
		if (inspect_open(&source, 60000, &inspect, &err)) {
			fprintf(stderr, "%s: %s\n", argv[1], err.text);
			return 1;
		}
	}
	start = cpu_ns() - start;
	if (strcmp(what, "symbols") == 0)
		print_symbols(inspect);
	else if (strcmp(what, "vmcoreinfo") == 0)
		printf("%s", inspect_vmcoreinfo(inspect, &size));
	else if (strcmp(what, "printk") == 0)
		print_printk(inspect);
	else if (strcmp(what, "names") == 0)
		print_names(inspect);
	else
		print_open(inspect, start);
	inspect_close(inspect);
	return 0;
}
