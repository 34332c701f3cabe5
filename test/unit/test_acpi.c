/* Do the ACPI tables say what the topology says, does iasl take them, and are they bounded? */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/x86/acpi.h"

static struct memory_range ranges[MEMORY_MAX_RANGES];
static bool pm_timer; /* what build() asks for */

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static uint8_t sum(const uint8_t *p, size_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *p++);
	return total;
}

/* 512 MiB a node, the range that would cross the hole in two. */
static size_t make_ranges(const struct topology *t)
{
	uint64_t gpa = 0;
	size_t nr = 0;

	for (unsigned int node = 0; node < topology_nodes(t); node++) {
		uint64_t left = 512ull << 20;

		if (gpa < LAYOUT_HOLE_START && gpa + left > LAYOUT_HOLE_START) {
			uint64_t low = LAYOUT_HOLE_START - gpa;

			ranges[nr++] = (struct memory_range){ gpa, low, node };
			left -= low;
			gpa = LAYOUT_HOLE_END;
		} else if (gpa == LAYOUT_HOLE_START) {
			gpa = LAYOUT_HOLE_END;
		}
		ranges[nr++] = (struct memory_range){ gpa, left, node };
		gpa += left;
	}
	return nr;
}

static struct acpi_tables *build(const char *spec, struct topology *t, size_t *nr_ranges)
{
	struct acpi_tables *tables = malloc(sizeof(*tables));
	struct error err = { "" };

	assert_non_null(tables);
	memset(tables, 0xa5, sizeof(*tables)); /* what was there must not show through */
	assert_int_equal(topology_parse(spec, t, &err), 0);
	*nr_ranges = make_ranges(t);
	assert_int_equal(acpi_build(t, ranges, *nr_ranges, pm_timer, tables, &err), 0);
	return tables;
}

static const uint8_t *find(const struct acpi_tables *tables, const char *signature, uint32_t *size)
{
	for (size_t i = 0; i < tables->nr_tables; i++) {
		if (!strcmp(tables->tables[i].signature, signature)) {
			*size = tables->tables[i].size;
			return tables->image + tables->tables[i].offset;
		}
	}
	fail_msg("no table %s", signature);
	return NULL;
}

/* From the RSDP, as a guest goes: every table is reached, whole, inside, and sums to 0. */
static void walk(const struct acpi_tables *tables)
{
	const uint8_t *rsdp = tables->image, *xsdt, *facp, *dsdt;
	uint32_t size, dsdt_size;

	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_int_equal(rsdp[15], 2);
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, 36), 0);
	assert_int_equal(get(rsdp + 20, 4), 36);

	xsdt = find(tables, "XSDT", &size);
	assert_int_equal(get(rsdp + 24, 8), LAYOUT_ACPI + (xsdt - tables->image));
	static const char *const order[] = { "FACP", "APIC", "SRAT", "SLIT" };
	const size_t nr = tables->nr_tables - 2; /* but for the XSDT itself and the DSDT */

	assert_int_equal(size, 36 + nr * 8);
	for (size_t i = 0; i < nr; i++) {
		uint32_t table_size;
		const uint8_t *table = find(tables, order[i], &table_size);

		assert_int_equal(get(xsdt + 36 + 8 * i, 8), LAYOUT_ACPI + (table - tables->image));
	}
	facp = find(tables, "FACP", &size);
	dsdt = find(tables, "DSDT", &dsdt_size);
	assert_int_equal(get(facp + 140, 8), LAYOUT_ACPI + (dsdt - tables->image));

	assert_true(tables->nr_tables == 6 || tables->nr_tables == 5);
	for (size_t i = 0; i < tables->nr_tables; i++) {
		const struct acpi_table *table = &tables->tables[i];
		const uint8_t *p = tables->image + table->offset;

		assert_true(table->offset >= 36 && table->offset % 16 == 0);
		assert_true((uint64_t)table->offset + table->size <= tables->used);
		assert_memory_equal(p, table->signature, 4);
		assert_int_equal(get(p + 4, 4), table->size);
		assert_int_equal(sum(p, table->size), 0);
	}
	assert_true(tables->used <= LAYOUT_ACPI_SIZE);
}

static void check_fadt(const struct acpi_tables *tables)
{
	uint32_t size;
	const uint8_t *p = find(tables, "FACP", &size);
	/* One byte wide, system I/O, byte access, at the port. */
	const uint8_t control[12] = {
		1, 8, 0, 1, LAYOUT_SLEEP_CONTROL & 0xff, LAYOUT_SLEEP_CONTROL >> 8
	};
	const uint8_t status[12] = {
		1, 8, 0, 1, LAYOUT_SLEEP_STATUS & 0xff, LAYOUT_SLEEP_STATUS >> 8
	};
	const uint8_t reset[12] = { 1, 8, 0, 1, LAYOUT_RESET_PORT & 0xff, LAYOUT_RESET_PORT >> 8 };

	/* The same in both forms, or in none. */
	const uint8_t timer[12] = { 1, 32, 0, 3, LAYOUT_PM_TIMER & 0xff, LAYOUT_PM_TIMER >> 8 };
	const uint8_t none[12] = { 0 };

	assert_int_equal(size, 276);
	assert_int_equal(get(p + 76, 4), pm_timer ? LAYOUT_PM_TIMER : 0);
	assert_int_equal(p[91], pm_timer ? 4 : 0);
	assert_memory_equal(p + 208, pm_timer ? timer : none, 12);
	assert_int_equal(p[108], 0x32);
	assert_int_equal(p[8], 6);
	assert_int_equal(get(p + 109, 2), 1 << 2 | 1 << 5);
	assert_true(get(p + 112, 4) & 1 << 20);
	assert_true(get(p + 112, 4) & 1 << 10);
	assert_memory_equal(p + 116, reset, 12);
	assert_int_equal(p[128], LAYOUT_RESET_VALUE);
	assert_memory_equal(p + 244, control, 12);
	assert_memory_equal(p + 256, status, 12);
}

static void check_madt(const struct acpi_tables *tables, const struct topology *t)
{
	unsigned int cpu = 0, ioapics = 0, nmis = 0, x2apic_nmis = 0, x2apics = 0;
	uint32_t size, at = 44;
	const uint8_t *p = find(tables, "APIC", &size);

	assert_int_equal(get(p + 36, 4), 0xfee00000);
	while (at < size) {
		const uint8_t *e = p + at;
		uint32_t id;

		assert_true(e[1] >= 2 && at + e[1] <= size);
		switch (e[0]) {
		case 0:
			id = topology_apic_id(t, cpu);
			assert_int_equal(e[1], 8);
			assert_int_equal(e[2], cpu);
			assert_true(id < 255);
			assert_int_equal(e[3], id);
			assert_int_equal(get(e + 4, 4), 1);
			cpu++;
			break;
		case 9:
			id = topology_apic_id(t, cpu);
			assert_int_equal(e[1], 16);
			assert_true(id >= 255);
			assert_int_equal(get(e + 4, 4), id);
			assert_int_equal(get(e + 8, 4), 1);
			assert_int_equal(get(e + 12, 4), cpu);
			cpu++;
			x2apics++;
			break;
		case 1:
			assert_int_equal(e[1], 12);
			assert_int_equal(e[2], 0);
			assert_int_equal(get(e + 4, 4), 0xfec00000);
			assert_int_equal(get(e + 8, 4), 0);
			ioapics++;
			break;
		case 4:
			assert_int_equal(e[1], 6);
			assert_int_equal(e[2], 0xff);
			assert_int_equal(e[5], 1);
			nmis++;
			break;
		case 10:
			assert_int_equal(e[1], 12);
			assert_int_equal(get(e + 4, 4), 0xffffffff);
			assert_int_equal(e[8], 1);
			x2apic_nmis++;
			break;
		default:
			fail_msg("MADT entry of type %d", e[0]);
		}
		at += e[1];
	}
	assert_int_equal(at, size);
	assert_int_equal(cpu, topology_cpus(t));
	assert_int_equal(ioapics, 1);
	assert_int_equal(nmis, 1);
	assert_int_equal(x2apic_nmis, x2apics > 0);
}

static void check_srat(const struct acpi_tables *tables, const struct topology *t, size_t nr_ranges)
{
	unsigned int cpu = 0;
	uint32_t size, at = 48;
	const uint8_t *p = find(tables, "SRAT", &size);
	size_t range = 0;

	assert_int_equal(p[8], 3);
	assert_int_equal(get(p + 36, 4), 1);
	while (at < size) {
		const uint8_t *e = p + at;

		assert_true(e[1] >= 2 && at + e[1] <= size);
		switch (e[0]) {
		case 0:
			assert_int_equal(e[1], 16);
			assert_int_equal(e[2] | get(e + 9, 3) << 8, topology_place(t, cpu).node);
			assert_true(topology_apic_id(t, cpu) < 255);
			assert_int_equal(e[3], topology_apic_id(t, cpu));
			assert_int_equal(get(e + 4, 4), 1);
			cpu++;
			break;
		case 1:
			assert_int_equal(e[1], 40);
			assert_true(range < nr_ranges);
			assert_int_equal(get(e + 2, 4), ranges[range].node);
			assert_int_equal(get(e + 8, 8), ranges[range].gpa);
			assert_int_equal(get(e + 16, 8), ranges[range].size);
			assert_int_equal(get(e + 28, 4), 1);
			range++;
			break;
		case 2:
			assert_int_equal(e[1], 24);
			assert_int_equal(get(e + 4, 4), topology_place(t, cpu).node);
			assert_true(topology_apic_id(t, cpu) >= 255);
			assert_int_equal(get(e + 8, 4), topology_apic_id(t, cpu));
			assert_int_equal(get(e + 12, 4), 1);
			cpu++;
			break;
		default:
			fail_msg("SRAT entry of type %d", e[0]);
		}
		at += e[1];
	}
	assert_int_equal(cpu, topology_cpus(t));
	assert_int_equal(range, nr_ranges);
}

static void check_slit(const struct acpi_tables *tables, const struct topology *t)
{
	size_t n = topology_nodes(t);
	const uint8_t *p;
	uint32_t size;

	/* Without one Linux takes the same distances. */
	if (n > 255) {
		assert_int_equal(tables->nr_tables, 5);
		return;
	}
	p = find(tables, "SLIT", &size);

	assert_int_equal(size, 44 + n * n);
	assert_int_equal(get(p + 36, 8), n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			assert_int_equal(p[44 + i * n + j], i == j ? 10 : 20);
}

/* All that tells of CPUs, nodes and memory, from the RSDP on. */
static void check_machine(const struct acpi_tables *tables, const struct topology *t,
			  size_t nr_ranges)
{
	walk(tables);
	check_madt(tables, t);
	check_srat(tables, t, nr_ranges);
	check_slit(tables, t);
}

/* Run iasl with @arguments in @dir; it must neither fail nor complain. */
static void iasl(const char *dir, const char *arguments)
{
	char command[256], text[16384];
	size_t used = 0, n;
	FILE *pipe;

	snprintf(command, sizeof(command), "cd '%s' && iasl %s 2>&1", dir, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (used < sizeof(text) - 1 &&
	       (n = fread(text + used, 1, sizeof(text) - 1 - used, pipe)) > 0)
		used += n;
	text[used] = '\0';
	if (pclose(pipe) != 0)
		fail_msg("iasl %s failed: %s", arguments, text);
	if (strstr(text, "0 Errors, 0 Warnings"))
		return;
	if (strcasestr(text, "error") || strcasestr(text, "warning") ||
	    strcasestr(text, "invalid") || strcasestr(text, "incorrect"))
		fail_msg("iasl %s complains: %s", arguments, text);
}

static size_t read_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, size, file);
	fclose(file);
	return n;
}

static void expect_in_file(const char *dir, const char *name, const char *const *words)
{
	char text[65536];

	text[read_file(dir, name, text, sizeof(text) - 1)] = '\0';
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("no '%s' in %s: %s", *words, name, text);
}

/* Compiled again, the AML is byte for byte ours: then all its lengths are right. */
static void expect_same_when_compiled(const char *dir)
{
	char ours[256], theirs[256];
	size_t size = read_file(dir, "dsdt.aml", ours, sizeof(ours));

	iasl(dir, "-p again dsdt.dsl");
	assert_int_equal(read_file(dir, "again.aml", theirs, sizeof(theirs)), size);
	assert_true(size > 36 && size < sizeof(ours));
	assert_memory_equal(ours + 36, theirs + 36, size - 36);
}

static void remove_dir(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void dump_and_disassemble(const struct acpi_tables *tables)
{
	static const char *const commands[] = { "-d xsdt.aml", "-d facp.aml", "-d dsdt.aml",
						"-d apic.aml", "-d srat.aml", "-d slit.aml" };
	static const char *const dsdt[] = { "_S5",	     "0x05",	"Scope (_SB)",
					    "Device (COM1)", "PNP0501", "0x03F8",
					    "IRQNoFlags",    "{4}",	NULL };
	static const char *const facp[] = { "Hardware Reduced (V5) : 1",
					    "Reset Register Supported (V2) : 1",
					    "8042 Present on ports 60/64 (V2) : 0",
					    "VGA Not Present (V4) : 1",
					    "CMOS RTC Not Present (V5) : 1",
					    NULL };
	char dir[] = "/tmp/test_acpi.XXXXXX";
	struct error err = { "" };

	assert_non_null(mkdtemp(dir));
	assert_int_equal(rmdir(dir), 0); /* acpi_dump makes it */
	assert_int_equal(acpi_dump(tables, dir, &err), 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		iasl(dir, commands[i]);
	expect_in_file(dir, "dsdt.dsl", dsdt);
	expect_in_file(dir, "facp.dsl", facp);
	expect_same_when_compiled(dir);

	/* A second time: nothing is written over. */
	assert_int_equal(acpi_dump(tables, dir, &err), -EEXIST);
	assert_non_null(strstr(err.text, dir));
	remove_dir(dir);
}

static void tables_are_right(void **state)
{
	static const char *const specs[] = { "1n1l2c1t", "2n4l2c1t", "1n14l9c2t", "1n127l2c1t",
					     "1n1l1c1t", "7n7l3c3t", "1n14l18c1t" };

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct acpi_tables *tables;
		struct topology t;
		size_t nr_ranges;

		pm_timer = i % 2;
		tables = build(specs[i], &t, &nr_ranges);
		check_machine(tables, &t, nr_ranges);
		check_fadt(tables);
		if (i < 4)
			dump_and_disassemble(tables);
		free(tables);
	}
}

static void odd_machines_are_told(void **state)
{
	static const uint8_t expected[] = {
		10, 15, 20, 20, /**/ 15, 10, 20, 40, /**/ 20, 20, 10, 20, /**/ 20, 40, 20, 10,
	};
	static const char *const specs[] = { "1n:4c2t+2c1t", "2n1l4c1t", "2n2l1c1t+3m",
					     "1n:512c1t+2c1t+1m" };
	struct acpi_tables *tables;
	struct topology t;
	size_t nr_ranges;
	uint32_t size;
	const uint8_t *slit;

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		tables = build(specs[i], &t, &nr_ranges);
		check_machine(tables, &t, nr_ranges);
		free(tables);
	}
	tables = build("3n3l1c1t+1m@0-1=15,1-3=40", &t, &nr_ranges);
	walk(tables);
	check_srat(tables, &t, nr_ranges);
	dump_and_disassemble(tables);
	slit = find(tables, "SLIT", &size);
	assert_int_equal(size, 44 + sizeof(expected));
	assert_memory_equal(slit + 44, expected, sizeof(expected));
	free(tables);
}

static void large_machines_fit(void **state)
{
	/* Of 1020 and more CPUs; ids up to 3071; the most nodes with distances, and the most of
	 * all. */
	static const char *const specs[] = { "1n1l256c1t",    "1n2l128c1t",  "1024n1024l1c1t",
					     "255n1020l1c1t", "1n1l1024c1t", "1n1l1c1024t",
					     "2n12l5c17t",    "256n512l1c2t" };

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct acpi_tables *tables;
		struct topology t;
		size_t nr_ranges;

		tables = build(specs[i], &t, &nr_ranges);
		check_machine(tables, &t, nr_ranges);
		free(tables);
	}
}

static void too_much_is_refused(void **state)
{
	const struct topology t = TOPOLOGY(254, 254, 1, 1);
	struct acpi_tables *tables = malloc(sizeof(*tables));
	struct memory_range *many = calloc(4096, sizeof(*many));
	struct error err = { "" };
	unsigned int fitted = 0;

	(void)state;
	assert_non_null(tables);
	assert_non_null(many);
	assert_int_equal(acpi_build(&t, many, 4096, true, tables, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "131072"));
	/* Wherever the end falls, in SRAT, SLIT or XSDT, nothing is written past it. */
	for (size_t nr = 1200; nr < 1600; nr++) {
		int ret = acpi_build(&t, many, nr, true, tables, NULL);

		assert_true(ret == 0 || ret == -ENOSPC);
		assert_true(tables->used <= LAYOUT_ACPI_SIZE);
		fitted += !ret;
		if (!ret)
			walk(tables);
	}
	assert_true(fitted > 0 && fitted < 400);
	free(many);
	free(tables);
}

static void a_bad_folder_is_named(void **state)
{
	struct acpi_tables *tables;
	struct error err = { "" };
	struct topology t;
	size_t nr_ranges;

	(void)state;
	tables = build("1n1l1c1t", &t, &nr_ranges);
	assert_int_equal(acpi_dump(tables, "/nonexistent/a/b", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/a/b"));
	assert_int_equal(acpi_dump(tables, "/dev/null", &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "/dev/null"));
	free(tables);
}

/* What cannot be written whole is not left behind. */
static void a_full_disk_leaves_no_part(void **state)
{
	char dir[] = "/tmp/test_acpi.XXXXXX", path[64];
	struct acpi_tables *tables;
	struct topology t;
	size_t nr_ranges;
	int status;
	pid_t pid;

	(void)state;
	tables = build("1n1l1c1t", &t, &nr_ranges);
	assert_non_null(mkdtemp(dir));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = { 50, 50 }; /* the first table is larger */

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(acpi_dump(tables, dir, NULL) == -EFBIG ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/dsdt.aml", dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0);
	free(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_right),
		cmocka_unit_test(odd_machines_are_told),
		cmocka_unit_test(large_machines_fit),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(a_bad_folder_is_named),
		cmocka_unit_test(a_full_disk_leaves_no_part),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
