/*
 * Does what stands in for blazesym name addresses as nm and /proc/kallsyms do? Those of this
 * kernel, of this process and of small programs that are compiled here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <blazesym.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../third_party/wprof/symbolize/kallsyms.h"
#include "../../third_party/wprof/symbolize/maps.h"
#include "../../third_party/wprof/symbolize/name_pool.h"

#define BUILD_ID "0123456789abcdef0123456789abcdef"

ssize_t demangle_symbol(const char *mangled, char *out, size_t len);
int a_global_function(int x);

static char dir[] = "/tmp/test_symbolize.XXXXXX";

__attribute__((noinline)) int a_global_function(int x)
{
	__asm__ volatile("" ::: "memory");
	return x * 3 + getppid();
}

__attribute__((noinline)) static int a_static_function(int x)
{
	__asm__ volatile("" ::: "memory");
	return x * 5 - getppid();
}

/* What is asked about a process by default: everything on. */
#define PROCESS(...)                                                                               \
	(&(struct blaze_symbolize_src_process){                                                    \
		.type_size = sizeof(struct blaze_symbolize_src_process), __VA_ARGS__ })
#define KERNEL(...)                                                                                \
	(&(struct blaze_symbolize_src_kernel){                                                     \
		.type_size = sizeof(struct blaze_symbolize_src_kernel), __VA_ARGS__ })

static blaze_symbolizer *symbolizer_new(const char *debug_dir)
{
	struct blaze_symbolizer_opts opts = { .type_size = sizeof(opts) };
	blaze_symbolizer *symbolizer;

	if (debug_dir) {
		opts.debug_dirs = &debug_dir;
		opts.debug_dirs_len = 1;
	}
	symbolizer = blaze_symbolizer_new_opts(&opts);
	assert_non_null(symbolizer);
	assert_int_equal(blaze_err_last(), BLAZE_ERR_OK);
	return symbolizer;
}

static struct blaze_sym one(const struct blaze_syms *syms)
{
	struct blaze_sym sym;

	assert_non_null(syms);
	assert_int_equal(syms->cnt, 1);
	sym = syms->syms[0];
	assert_null(sym.inlined);
	assert_int_equal(sym.inlined_cnt, 0);
	assert_null(sym.code_info.file);
	assert_int_equal(!sym.name, sym.reason != BLAZE_SYMBOLIZE_REASON_SUCCESS);
	blaze_syms_free(syms);
	return sym;
}

/* One address, by a symbolizer of its own. Names outlive both it and the result. */
static struct blaze_sym in_process(const struct blaze_symbolize_src_process *src, uint64_t address)
{
	blaze_symbolizer *symbolizer = symbolizer_new(dir);
	const struct blaze_syms *syms;

	syms = blaze_symbolize_process_abs_addrs(symbolizer, src, &address, 1);
	blaze_symbolizer_free(symbolizer);
	return one(syms);
}

static const char *path_of(const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(path_of(name), "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

/* A list of symbols as another program prints it. */
struct listed {
	uint64_t start, size;
	char type;
	char name[256];
	char module[64];
};

struct list {
	struct listed *all;
	size_t count;
};

static struct listed *list_add(struct list *list)
{
	if (list->count % 4096 == 0) {
		list->all = realloc(list->all, (list->count + 4096) * sizeof(*list->all));
		assert_non_null(list->all);
	}
	memset(&list->all[list->count], 0, sizeof(*list->all));
	return &list->all[list->count++];
}

static void list_destroy(struct list *list)
{
	free(list->all);
	memset(list, 0, sizeof(*list));
}

/* "name type value [size]" */
static struct list nm(const char *options, const char *path)
{
	struct list list = { 0 };
	char command[4352], line[8192];
	FILE *f;

	snprintf(command, sizeof(command), "nm -P %s '%s' 2>/dev/null", options, path);
	f = popen(command, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct listed *l = list_add(&list);
		int n = sscanf(line, "%255s %c %" SCNx64 " %" SCNx64, l->name, &l->type, &l->start,
			       &l->size);

		if (n < 3)
			list.count--;
	}
	pclose(f);
	return list;
}

static const struct listed *by_name(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->all[i].name, name))
			return &list->all[i];
	return NULL;
}

static bool has(const struct list *list, const char *name, uint64_t start)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].start == start && !strcmp(list->all[i].name, name))
			return true;
	return false;
}

static void assert_named(const struct blaze_sym *sym, const char *name, uint64_t start,
			 size_t offset)
{
	assert_non_null(sym->name);
	assert_string_equal(sym->name, name);
	assert_int_equal(sym->addr, start);
	assert_int_equal(sym->offset, offset);
}

static void assert_nameless(struct blaze_sym sym, int reason)
{
	if (sym.name)
		fail_msg("named %s", sym.name);
	assert_int_equal(sym.reason, reason);
	assert_null(sym.module);
}

/* The kernel, in comparison with what the file says, read line by line. */
static struct list read_kallsyms(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	struct list list = { 0 };
	char line[1024];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct listed *l = list_add(&list);

		if (sscanf(line, "%" SCNx64 " %c %255s [%63[^]]]", &l->start, &l->type, l->name,
			   l->module) < 3)
			list.count--;
	}
	fclose(f);
	return list;
}

static void check_kernel(const struct list *list, const struct listed *l, struct blaze_sym sym,
			 uint64_t offset)
{
	uint64_t next = UINT64_MAX;
	const char *module = "";

	for (size_t i = 0; i < list->count; i++) {
		if (list->all[i].start > l->start && list->all[i].start < next) {
			next = list->all[i].start;
			module = list->all[i].module;
		}
	}
	if (!sym.name || !has(list, sym.name, l->start))
		fail_msg("%s+%" PRIu64 ": named %s", l->name, offset,
			 sym.name ? sym.name : "nothing");
	assert_int_equal(sym.addr, l->start);
	assert_int_equal(sym.offset, offset);
	assert_int_equal(sym.size, next == UINT64_MAX || strcmp(module, l->module) != 0
					   ? -1
					   : (ptrdiff_t)(next - l->start));
	assert_string_equal(sym.module ? sym.module : "", l->module);
}

static void kernel_addresses(void **state)
{
	struct list list = read_kallsyms();
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const struct blaze_syms *syms;
	uint64_t addresses[3];
	size_t functions = 0, nonzero = 0, step;

	(void)state;
	for (size_t i = 0; i < list.count; i++)
		nonzero += list.all[i].start && strchr("tT", list.all[i].type);
	if (!nonzero) {
		syms = blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(), addresses, 0);
		assert_null(syms);
		list_destroy(&list);
		blaze_symbolizer_free(symbolizer);
		print_message("/proc/kallsyms shows no addresses to this user\n");
		skip();
	}
	step = list.count / 100 + 1;
	for (size_t i = 0; i < list.count; i++) {
		const struct listed *l = &list.all[i];

		/* Every hundredth, and all that modules have. */
		if (!strchr("tT", l->type) || strstr(l->name, "_e") || (i % step && !*l->module) ||
		    functions > 500)
			continue;
		addresses[0] = l->start;
		addresses[1] = l->start + 1;
		syms = blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(), addresses, 1);
		assert_non_null(syms);
		addresses[2] = l->start + (syms->syms[0].size > 0 ? syms->syms[0].size / 2 : 1);
		blaze_syms_free(syms);
		syms = blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(), addresses, 3);
		assert_non_null(syms);
		assert_int_equal(syms->cnt, 3);
		for (size_t k = 0; k < 3; k++)
			check_kernel(&list, l, syms->syms[k], addresses[k] - l->start);
		blaze_syms_free(syms);
		functions++;
	}
	assert_true(functions > 50);
	addresses[0] = 4096;
	assert_nameless(one(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = ""),
							     addresses, 1)),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	addresses[0] = UINT64_MAX;
	assert_nameless(one(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(), addresses, 1)),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	blaze_symbolizer_free(symbolizer);
	list_destroy(&list);
}

/* One address in a file of these lines; NULL and the error where the file is refused. */
static struct blaze_sym in_kallsyms(const char *text, uint64_t address)
{
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const char *path = path_of("kallsyms");
	const struct blaze_syms *syms;
	struct blaze_sym refused = { .size = blaze_err_last() };

	write_file("kallsyms", text, strlen(text));
	syms = blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = path), &address, 1);
	blaze_symbolizer_free(symbolizer);
	if (syms)
		return one(syms);
	refused.size = blaze_err_last();
	return refused;
}

static void kallsyms_texts(void **state)
{
	static const char usual[] = "ffffffff81000300 t third\n"
				    "ffffffff81000100 T first\n"
				    "ffffffff81000200 W second\n"
				    "ffffffff81000400 D some_data\n"
				    "ffffffff81000500 t local_alias\n"
				    "ffffffff81000500 W weak\n"
				    "ffffffff81000500 T __sched_text_start\n"
				    "ffffffff81000500 T longer_name\n"
				    "ffffffff81000500 T short_b\n"
				    "ffffffff81000500 T short_a\n"
				    "ffffffff81000500 D data_alias\n"
				    "ffffffff81000600 T __sched_text_end\n"
				    "ffffffff81000700 T _etext\n"
				    "ffffffffc0000000 t of_module\t[one]\n"
				    "ffffffffc0000100 t last_of_module\t[one]\n"
				    "ffffffffc0002000 t of_another\t[another]\n";
	struct blaze_sym sym;
	char *text;

	(void)state;
	sym = in_kallsyms(usual, 0xffffffff81000100);
	assert_named(&sym, "first", 0xffffffff81000100, 0);
	assert_int_equal(sym.size, 0x100);
	assert_null(sym.module);
	sym = in_kallsyms(usual, 0xffffffff810002ff);
	assert_named(&sym, "second", 0xffffffff81000200, 0xff);
	sym = in_kallsyms(usual, 0xffffffff810003ff);
	assert_named(&sym, "third", 0xffffffff81000300, 0xff);
	sym = in_kallsyms(usual, 0xffffffff81000501);
	assert_named(&sym, "short_a", 0xffffffff81000500, 1);
	sym = in_kallsyms(usual, 0xffffffffc0000010);
	assert_named(&sym, "of_module", 0xffffffffc0000000, 0x10);
	assert_string_equal(sym.module, "one");
	assert_int_equal(sym.size, 0x100);
	sym = in_kallsyms(usual, 0xffffffffc0000110);
	assert_named(&sym, "last_of_module", 0xffffffffc0000100, 0x10);
	assert_int_equal(sym.size, -1);
	sym = in_kallsyms(usual, 0xffffffffc0002000 + KALLSYMS_TAIL_BYTES - 1);
	assert_named(&sym, "of_another", 0xffffffffc0002000, KALLSYMS_TAIL_BYTES - 1);
	assert_string_equal(sym.module, "another");
	/* Before the first, data, behind the text, and behind a module. */
	assert_nameless(in_kallsyms(usual, 0xffffffff810000ff),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	assert_nameless(in_kallsyms(usual, 0xffffffff81000400),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	assert_nameless(in_kallsyms(usual, 0xffffffff81000700),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	assert_nameless(in_kallsyms(usual, 0xffffffff90000000),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	assert_nameless(in_kallsyms(usual, 0xffffffffc0002000 + KALLSYMS_TAIL_BYTES),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);

	/* What is no line is passed over; the last one may be a part of one. */
	sym = in_kallsyms("1000 T good\n\n1001\n1002 T\n1003 T \n 1004 T x\n1005\tT x\nzz T x\n"
			  "00000000000001006 T x\n1007 TT x\n1008  x\n-1 T x\n0x1009 T x\n"
			  "2000 T next\n1800 T cut_o",
			  0x1900);
	assert_named(&sym, "good", 0x1000, 0x900);
	assert_int_equal(sym.size, 0x1000);

	/* Nothing to see. */
	assert_int_equal(in_kallsyms("0 T a\n0 t b\n0000000000000000 D c\n", 0).size,
			 BLAZE_ERR_PERMISSION_DENIED);
	assert_int_equal(in_kallsyms("0 T a\n0 t b\n1 D c\n", 0).size, BLAZE_ERR_PERMISSION_DENIED);
	assert_int_equal(in_kallsyms("", 0).size, BLAZE_ERR_NOT_FOUND);
	assert_int_equal(in_kallsyms("1000 D only_data\n", 0).size, BLAZE_ERR_NOT_FOUND);

	/* A name without an end is cut where names are cut. */
	text = malloc(100000);
	assert_non_null(text);
	memset(text, 'x', 100000);
	memcpy(text, "1000 T ", 7);
	memcpy(text + 99990, "\n2000 T y\n", 10);
	text[99999] = '\0';
	text[99998] = '\n';
	sym = in_kallsyms(text, 0x1001);
	assert_int_equal(strlen(sym.name), NAME_MAX_BYTES);
	free(text);
}

static void kallsyms_is_read_once(void **state)
{
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const char *path = path_of("kallsyms"), *other = path_of("other");
	uint64_t address = 0x1000;
	struct blaze_sym sym;

	(void)state;
	write_file("kallsyms", "1000 T before\n2000 T end\n", 25);
	write_file("other", "1000 T in_other\n2000 T end\n", 27);
	sym = one(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = path), &address,
						   1));
	assert_string_equal(sym.name, "before");
	write_file("kallsyms", "1000 T after\n2000 T end\n", 24);
	sym = one(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = path), &address,
						   1));
	assert_string_equal(sym.name, "before");
	sym = one(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = other), &address,
						   1));
	assert_string_equal(sym.name, "in_other");
	blaze_symbolizer_free(symbolizer);

	/* What is not there, and what must not be opened: it would wait for a writer for ever. */
	symbolizer = symbolizer_new(NULL);
	assert_null(blaze_symbolize_kernel_abs_addrs(symbolizer, KERNEL(.kallsyms = "/no/such"),
						     &address, 1));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_NOT_FOUND);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_null(blaze_symbolize_kernel_abs_addrs(
		symbolizer, KERNEL(.kallsyms = path_of("fifo")), &address, 1));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
	blaze_symbolizer_free(symbolizer);
}

/* This process. */
static int first_object(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uint64_t *)base = info->dlpi_addr;
	return 1;
}

static const char *own_path(void)
{
	static char path[4096];

	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	return path;
}

static void own_functions(void **state)
{
	uint64_t addresses[] = { (uint64_t)a_static_function, (uint64_t)a_global_function,
				 (uint64_t)a_static_function + 1, (uint64_t)own_functions + 7 };
	const char *names[] = { "a_static_function", "a_global_function", "a_static_function",
				"own_functions" };
	struct list list = nm("--defined-only", own_path());
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const struct blaze_syms *syms;
	uint64_t base = 0;

	(void)state;
	assert_true(list.count > 0);
	dl_iterate_phdr(first_object, &base);
	/* Neither sorted nor, with the next call, unique. */
	for (unsigned int round = 0; round < 3; round++) {
		syms = blaze_symbolize_process_abs_addrs(
			symbolizer,
			PROCESS(.pid = round == 1 ? (uint32_t)getpid() : 0,
				.no_map_files = round == 2),
			addresses, 4);
		assert_non_null(syms);
		assert_int_equal(syms->cnt, 4);
		for (size_t i = 0; i < 4; i++) {
			const struct listed *l = by_name(&list, names[i]);

			assert_non_null(l);
			assert_named(&syms->syms[i], names[i], l->start,
				     addresses[i] - base - l->start);
			assert_int_equal(syms->syms[i].size, l->size);
			assert_string_equal(syms->syms[i].module, own_path());
		}
		blaze_syms_free(syms);
	}
	blaze_symbolizer_free(symbolizer);
	list_destroy(&list);
}

/* Each function that nm lists, at its start, in its middle and at its last byte. */
static void every_function(void **state)
{
	struct list list = nm("--defined-only", own_path());
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const struct blaze_syms *syms;
	uint64_t *addresses, base = 0;
	size_t count = 0;

	(void)state;
	dl_iterate_phdr(first_object, &base);
	addresses = calloc(list.count * 3, sizeof(*addresses));
	assert_non_null(addresses);
	for (size_t i = 0; i < list.count; i++) {
		const struct listed *l = &list.all[i];

		if (!strchr("tT", l->type) || !l->size)
			continue;
		addresses[count++] = base + l->start;
		addresses[count++] = base + l->start + l->size / 2;
		addresses[count++] = base + l->start + l->size - 1;
	}
	assert_true(count > 100);
	syms = blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses, count);
	assert_non_null(syms);
	assert_int_equal(syms->cnt, count);
	for (size_t i = 0; i < count; i++) {
		const struct blaze_sym *sym = &syms->syms[i];

		if (!sym->name || !has(&list, sym->name, sym->addr) ||
		    sym->addr + sym->offset != addresses[i] - base ||
		    (ptrdiff_t)sym->offset >= sym->size)
			fail_msg("%#" PRIx64 ": %s", addresses[i] - base,
				 sym->name ? sym->name : "nothing");
	}
	blaze_syms_free(syms);
	blaze_symbolizer_free(symbolizer);
	free(addresses);
	list_destroy(&list);
}

static void libc_functions(void **state)
{
	static const char *const names[] = { "qsort_r", "strtoull", "regcomp", "getenv",
					     "vfprintf" };
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	struct list list;
	Dl_info info;

	(void)state;
	assert_non_null(libc);
	assert_true(dladdr(dlsym(libc, "regcomp"), &info));
	list = nm("-D --defined-only --without-symbol-versions", info.dli_fname);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t address = (uint64_t)dlsym(libc, names[i]);
		struct blaze_sym sym = in_process(PROCESS(), address + 2);
		const struct listed *l = by_name(&list, names[i]);

		assert_non_null(l);
		assert_non_null(sym.name);
		assert_true(has(&list, sym.name, l->start));
		assert_int_equal(sym.addr, l->start);
		assert_int_equal(sym.addr, address - (uint64_t)info.dli_fbase);
		assert_int_equal(sym.offset, 2);
		assert_int_equal(sym.size, l->size);
		assert_non_null(strstr(sym.module, "libc"));
	}
	list_destroy(&list);
	dlclose(libc);
}

/* What was read of one file is not taken for another's. */
static void several_files(void **state)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	uint64_t regcomp = (uint64_t)dlsym(libc, "regcomp");
	uint64_t own = (uint64_t)a_static_function;
	uint64_t addresses[] = { own, regcomp, own + 1, regcomp + 1, own };
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	const struct blaze_syms *syms;

	(void)state;
	syms = blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses, 5);
	assert_non_null(syms);
	for (size_t i = 0; i < 5; i++) {
		assert_non_null(syms->syms[i].name);
		assert_non_null(
			strstr(syms->syms[i].name, i % 2 ? "regcomp" : "a_static_function"));
	}
	blaze_syms_free(syms);
	blaze_symbolizer_free(symbolizer);
	dlclose(libc);
}

static void the_vdso(void **state)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	struct blaze_sym sym;
	uint64_t address;

	(void)state;
	if (!vdso) {
		print_message("this process has no vDSO\n");
		skip();
	}
	address = (uint64_t)dlsym(vdso, "__vdso_clock_gettime");
	assert_true(address);
	sym = in_process(PROCESS(.pid = (uint32_t)getpid()), address + 3);
	assert_non_null(sym.name);
	assert_string_equal(sym.name, "__vdso_clock_gettime");
	assert_string_equal(sym.module, "[vdso]");
	assert_int_equal(sym.offset, 3);
	assert_true(sym.size > 3);
	assert_nameless(in_process(PROCESS(.no_vdso = true), address),
			BLAZE_SYMBOLIZE_REASON_UNSUPPORTED);
	dlclose(vdso);
}

/* Mappings without names. */
static uint64_t map_file(const char *name, const void *bytes, size_t size)
{
	int fd;
	void *at;

	write_file(name, bytes, size);
	fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	close(fd);
	return (uint64_t)at;
}

static void nameless_addresses(void **state)
{
	unsigned char elf[8192] = { 0 };
	FILE *self = fopen("/proc/self/exe", "re");
	uint64_t at;
	int local;

	(void)state;
	assert_non_null(self);
	assert_int_equal(fread(elf, 1, sizeof(elf), self), sizeof(elf));
	fclose(self);
	assert_nameless(in_process(PROCESS(), 0), BLAZE_SYMBOLIZE_REASON_UNMAPPED);
	assert_nameless(in_process(PROCESS(), 0x1000), BLAZE_SYMBOLIZE_REASON_UNMAPPED);
	assert_nameless(in_process(PROCESS(), UINT64_MAX), BLAZE_SYMBOLIZE_REASON_UNMAPPED);
	assert_nameless(in_process(PROCESS(), 0xffffffff81000000), BLAZE_SYMBOLIZE_REASON_UNMAPPED);
	assert_nameless(in_process(PROCESS(), (uint64_t)&local),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	at = (uint64_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_nameless(in_process(PROCESS(), at), BLAZE_SYMBOLIZE_REASON_MISSING_COMPONENT);
	munmap((void *)at, 4096);

	at = map_file("text", "not an ELF file", 15);
	assert_nameless(in_process(PROCESS(), at), BLAZE_SYMBOLIZE_REASON_MISSING_SYMS);
	munmap((void *)at, 4096);
	/* Its head is whole, its sections are not: first in the file, then cut under us. */
	at = map_file("cut", elf, sizeof(elf));
	assert_null(in_process(PROCESS(), at).name);
	assert_int_equal(truncate(path_of("cut"), 80), 0);
	assert_null(in_process(PROCESS(), at).name);
	assert_int_equal(truncate(path_of("cut"), 0), 0);
	assert_nameless(in_process(PROCESS(), at), BLAZE_SYMBOLIZE_REASON_MISSING_SYMS);
	munmap((void *)at, 4096);
	elf[EI_CLASS] = ELFCLASS32;
	at = map_file("elf32", elf, sizeof(elf));
	assert_nameless(in_process(PROCESS(), at), BLAZE_SYMBOLIZE_REASON_UNSUPPORTED);
	munmap((void *)at, 4096);
}

/* Other programs. */
static const char program[] =
	"#include <stdio.h>\n"
	"#include <unistd.h>\n"
	"int visible(int x);\n"
	"__attribute__((noinline)) int visible(int x) { __asm__(\"\"); return x * 3; }\n"
	"__attribute__((noinline)) static int hidden(int x) { __asm__(\"\"); return x * 5; }\n"
	"int alias_with_a_longer_name(int x) __attribute__((alias(\"visible\")));\n"
	"static int b(int x) __attribute__((used, alias(\"visible\")));\n"
	"int a(int x) __attribute__((weak, alias(\"visible\")));\n"
	"__asm__(\".text\\n.globl untyped\\nuntyped: nop; nop; local_label: nop; ret\\n\");\n"
	"extern char untyped[];\n"
	"int main(void)\n"
	"{\n"
	"	printf(\"%p %p %p\\n\", (void *)visible, (void *)hidden, (void *)untyped);\n"
	"	fflush(stdout);\n"
	"	sleep(visible(10) + hidden(10));\n"
	"	return 0;\n"
	"}\n";

static bool have_compiler;

/* @options: the compiler's, and behind a '|' what the shell does with @name afterwards. */
static void build(const char *name, const char *options, const char *then)
{
	if (!have_compiler) {
		print_message("no C compiler here ($CC, gcc)\n");
		skip();
	}
	assert_int_equal(shell("cd %s && ${CC:-gcc} -O1 -o %s program.c %s && %s", dir, name,
			       options, then ? then : ":"),
			 0);
}

struct child {
	pid_t pid;
	uint64_t visible, hidden, untyped;
};

static struct child start(const char *name)
{
	struct child child;
	char line[128] = "";
	int fds[2];
	FILE *f;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		dup2(fds[1], 1);
		execl(path_of(name), name, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	f = fdopen(fds[0], "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &child.visible,
				&child.hidden, &child.untyped),
			 3);
	return child;
}

static void stop(const struct child *child)
{
	kill(child->pid, SIGKILL);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void check_child(const char *name, const char *built_as)
{
	struct list list = nm("--defined-only", path_of(built_as));
	struct child child = start(name);
	struct blaze_sym sym = in_process(PROCESS(.pid = (uint32_t)child.pid), child.visible + 1);
	const struct listed *l = by_name(&list, "visible");

	/* A global name before a weak and a local one, and the shorter of two. */
	assert_non_null(l);
	assert_named(&sym, "visible", l->start, 1);
	assert_int_equal(sym.size, l->size);
	assert_string_equal(sym.module, path_of(name));
	l = by_name(&list, "hidden");
	assert_non_null(l);
	sym = in_process(PROCESS(.pid = (uint32_t)child.pid), child.hidden);
	assert_named(&sym, "hidden", l->start, 0);
	/* Without type and size, it has what is there until the next; a local label is no function.
	 */
	l = by_name(&list, "untyped");
	assert_non_null(l);
	sym = in_process(PROCESS(.pid = (uint32_t)child.pid), child.untyped + 3);
	assert_named(&sym, "untyped", l->start, 3);
	assert_int_equal(sym.size, -1);
	stop(&child);
	list_destroy(&list);
}

static void position_independent(void **state)
{
	(void)state;
	build("pie", "-fPIE -pie", NULL);
	check_child("pie", "pie");
	/* Segments that share pages of the file, so that offsets and addresses differ. */
	build("packed", "-fPIE -pie -Wl,-z,noseparate-code", NULL);
	check_child("packed", "packed");
}

static void position_dependent(void **state)
{
	(void)state;
	build("exec", "-fno-pie -no-pie", NULL);
	check_child("exec", "exec");
	build("static", "-static", NULL);
	check_child("static", "static");
}

static void deleted_executable(void **state)
{
	struct child child;
	struct blaze_sym sym;

	(void)state;
	build("kept", "", "cp kept gone");
	child = start("gone");
	assert_int_equal(unlink(path_of("gone")), 0);
	/* Another one in its place is not looked at. */
	assert_int_equal(shell("cp %s %s", path_of("kept"), path_of("gone")), 0);
	sym = in_process(PROCESS(.pid = (uint32_t)child.pid), child.hidden);
	if (!sym.name && geteuid() != 0) {
		stop(&child);
		print_message("this user may not use map_files\n");
		skip();
	}
	assert_non_null(sym.name);
	assert_string_equal(sym.name, "hidden");
	assert_string_equal(sym.module, path_of("gone"));
	assert_nameless(
		in_process(PROCESS(.pid = (uint32_t)child.pid, .no_map_files = true), child.hidden),
		BLAZE_SYMBOLIZE_REASON_MISSING_SYMS);
	stop(&child);
}

static void stripped_with_dynsym(void **state)
{
	struct child child;
	struct blaze_sym sym;

	(void)state;
	build("dynsym", "-rdynamic -s", NULL);
	child = start("dynsym");
	sym = in_process(PROCESS(.pid = (uint32_t)child.pid), child.visible);
	assert_non_null(sym.name);
	assert_string_equal(sym.name, "visible");
	/* Not the name of what is before it. */
	assert_nameless(in_process(PROCESS(.pid = (uint32_t)child.pid), child.hidden),
			BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR);
	stop(&child);
}

static void debug_file(void **state)
{
	struct child child;
	struct blaze_sym sym;

	(void)state;
	build("whole", "-Wl,--build-id=0x" BUILD_ID,
	      "mkdir -p .build-id/01 && cp whole split && strip split && "
	      "objcopy --only-keep-debug whole .build-id/01/23456789abcdef0123456789abcdef.debug");
	child = start("split");
	sym = in_process(PROCESS(.pid = (uint32_t)child.pid, .debug_syms = true), child.hidden + 1);
	assert_non_null(sym.name);
	assert_string_equal(sym.name, "hidden");
	assert_int_equal(sym.offset, 1);
	assert_string_equal(sym.module, path_of("split"));
	assert_null(in_process(PROCESS(.pid = (uint32_t)child.pid), child.hidden).name);
	/* That of another build. */
	build("other_build", "-Wl,--build-id=0x1123456789abcdef0123456789abcdef",
	      "cp other_build .build-id/01/23456789abcdef0123456789abcdef.debug");
	assert_null(
		in_process(PROCESS(.pid = (uint32_t)child.pid, .debug_syms = true), child.hidden)
			.name);
	stop(&child);
}

static void a_process_that_is_gone(void **state)
{
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	uint64_t address = (uint64_t)a_global_function;
	pid_t pid = fork();
	siginfo_t info;

	(void)state;
	if (!pid)
		_exit(0);
	assert_true(pid > 0);
	/* First it has no memory any longer, then no number. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	for (int i = 0; i < 2; i++) {
		assert_null(blaze_symbolize_process_abs_addrs(
			symbolizer, PROCESS(.pid = (uint32_t)pid), &address, 1));
		assert_int_equal(blaze_err_last(), BLAZE_ERR_NOT_FOUND);
		if (!i)
			assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(.pid = UINT32_MAX),
						      &address, 1));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_NOT_FOUND);
	blaze_symbolizer_free(symbolizer);
}

static void maps_texts(void **state)
{
	static const char text[] =
		"2000-3000 r-xp 00001000 08:01 17                         /usr/lib/a b.so\n"
		"1000-2000 r--p 00000000 00:00 0 \n"
		"4000-4000 r-xp 00000000 00:00 0 \n"
		"5000-4000 r-xp 00000000 00:00 0 \n"
		"6000-7000 r-xp\n6000-7000\n6000\n\nx-y r-xp 0 0:0 0\n6000-7000 r-xp x 00:00 0\n"
		"7000-8000 --xs 00000000 00:01 5                          /memfd:jit (deleted)\n"
		"8000-9000 r-xp 00000000 00:00 0                          [vdso]\n"
		"9000-a000 r-xp 00000000 00:00 0                          [cut";
	struct process_maps *maps;
	const struct mapping *m;

	(void)state;
	assert_int_equal(process_maps_parse(strdup(text), strlen(text), &maps), 0);
	assert_int_equal(maps->count, 4);
	m = process_maps_find(maps, 0x2fff);
	assert_non_null(m);
	assert_string_equal(m->name, "/usr/lib/a b.so");
	assert_int_equal(m->offset, 0x1000);
	assert_true(m->executable);
	assert_false(m->deleted);
	m = process_maps_find(maps, 0x1000);
	assert_non_null(m);
	assert_string_equal(m->name, "");
	assert_false(m->executable);
	m = process_maps_find(maps, 0x7000);
	assert_non_null(m);
	assert_string_equal(m->name, "/memfd:jit");
	assert_true(m->deleted);
	assert_null(process_maps_find(maps, 0xfff));
	assert_null(process_maps_find(maps, 0x3000));
	assert_null(process_maps_find(maps, 0x9000));
	process_maps_free(maps);
}

/* What the caller says, and what it may leave out. */
static void arguments(void **state)
{
	struct blaze_symbolizer_opts opts = { .type_size = 0 };
	struct blaze_symbolize_src_process src = { .type_size = 12, .no_vdso = true };
	struct blaze_symbolize_src_process cut = { .type_size = 7 };
	blaze_symbolizer *symbolizer = symbolizer_new(NULL);
	uint64_t address = (uint64_t)a_global_function;
	const struct blaze_syms *syms;
	void *vdso;

	(void)state;
	assert_null(blaze_symbolizer_new_opts(NULL));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
	assert_null(blaze_symbolizer_new_opts(&opts));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
	assert_null(blaze_symbolize_process_abs_addrs(NULL, PROCESS(), &address, 1));
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, NULL, &address, 1));
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), NULL, 1));
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, &cut, &address, 1));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
	assert_null(blaze_symbolize_kernel_abs_addrs(symbolizer, NULL, &address, 1));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
	syms = blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), NULL, 0);
	assert_non_null(syms);
	assert_int_equal(blaze_err_last(), BLAZE_ERR_OK);
	assert_int_equal(syms->cnt, 0);
	blaze_syms_free(syms);
	blaze_syms_free(NULL);
	/* What is beyond the size that is given counts as zero. */
	vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	if (vdso) {
		address = (uint64_t)dlsym(vdso, "__vdso_clock_gettime");
		assert_non_null(in_process(&src, address).name);
		dlclose(vdso);
	}
	blaze_symbolizer_free(symbolizer);
	blaze_symbolizer_free(NULL);
	assert_non_null(blaze_err_str(BLAZE_ERR_OK));
	assert_non_null(blaze_err_str(-12345));
	assert_string_not_equal(blaze_err_str(BLAZE_ERR_NOT_FOUND),
				blaze_err_str(BLAZE_ERR_OUT_OF_MEMORY));
}

static void demangler(void **state)
{
	char out[64] = "unchanged";

	(void)state;
	assert_int_equal(demangle_symbol("_ZN3foo3barEv", out, sizeof(out)), -2);
	assert_int_equal(demangle_symbol("main", out, 1), -2);
	assert_int_equal(demangle_symbol(NULL, out, sizeof(out)), -22);
	assert_int_equal(demangle_symbol("main", NULL, sizeof(out)), -22);
	assert_int_equal(demangle_symbol("main", out, 0), -22);
	assert_string_equal(out, "unchanged");
}

/* wprof frees no result. */
static void memory_is_bounded(void **state)
{
	uint64_t addresses[] = { (uint64_t)a_static_function, (uint64_t)a_global_function };
	struct blaze_sym first = in_process(PROCESS(), addresses[0]), again;
	size_t before, room;
	blaze_symbolizer *symbolizer;

	(void)state;
	in_process(PROCESS(), addresses[1]);
	before = result_memory_used();
	for (int i = 0; i < 50; i++) {
		again = in_process(PROCESS(), addresses[i % 2]);
		if (i % 2 == 0)
			assert_ptr_equal(first.name, again.name);
		assert_ptr_equal(first.module, again.module);
	}
	assert_int_equal(result_memory_used(), before);

	symbolizer = symbolizer_new(NULL);
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses,
						      RESULT_MAX_BYTES / 64));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_OUT_OF_MEMORY);
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses, SIZE_MAX));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_OUT_OF_MEMORY);
	/* All but what one result of one address takes: a new name has no room then. */
	room = RESULT_MAX_BYTES - before - 150;
	assert_true(result_memory_take(room));
	again = one(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses, 1));
	assert_ptr_equal(again.name, first.name);
	write_file("kallsyms", "1000 T in_no_result_yet\n2000 T end\n", 35);
	addresses[0] = 0x1000;
	again = one(blaze_symbolize_kernel_abs_addrs(
		symbolizer, KERNEL(.kallsyms = path_of("kallsyms")), addresses, 1));
	assert_nameless(again, BLAZE_SYMBOLIZE_REASON_MISSING_SYMS);
	assert_null(blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), addresses, 2));
	assert_int_equal(blaze_err_last(), BLAZE_ERR_OUT_OF_MEMORY);
	result_memory_release(room);
	assert_int_equal(result_memory_used(), before);
	blaze_symbolizer_free(symbolizer);
}

static void *symbolize_often(void *name)
{
	uint64_t address = (uint64_t)a_static_function;
	struct blaze_symbolizer_opts opts = { .type_size = sizeof(opts) };
	const struct blaze_syms *syms;
	blaze_symbolizer *symbolizer;
	const char *kept;
	char text[32];

	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 100; k++) {
			snprintf(text, sizeof(text), "name-%d", i * 100 + k);
			kept = name_pool_intern(text);
			if (!kept || strcmp(kept, text) != 0)
				return NULL;
		}
		symbolizer = blaze_symbolizer_new_opts(&opts);
		syms = blaze_symbolize_process_abs_addrs(symbolizer, PROCESS(), &address, 1);
		if (!syms)
			return NULL;
		*(const char **)name = syms->syms[0].name;
		blaze_syms_free(syms);
		blaze_symbolizer_free(symbolizer);
		/* An error is the thread's own. */
		if (blaze_err_last() != BLAZE_ERR_OK)
			return NULL;
	}
	return name;
}

static void two_threads(void **state)
{
	const char *names[2] = { "a", "b" };
	pthread_t threads[2];
	void *ret;

	(void)state;
	assert_null(blaze_symbolizer_new_opts(NULL));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, symbolize_often, &names[i]), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &ret), 0);
		assert_non_null(ret);
	}
	assert_string_equal(names[0], "a_static_function");
	assert_ptr_equal(names[0], names[1]);
	assert_int_equal(blaze_err_last(), BLAZE_ERR_INVALID_INPUT);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	write_file("program.c", program, strlen(program));
	have_compiler = !shell("command -v ${CC:-gcc} >/dev/null 2>&1");
	/* Called, so that they are there; the sum is zero. */
	return a_static_function(0) + a_global_function(0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_addresses),
		cmocka_unit_test(kallsyms_texts),
		cmocka_unit_test(kallsyms_is_read_once),
		cmocka_unit_test(own_functions),
		cmocka_unit_test(every_function),
		cmocka_unit_test(libc_functions),
		cmocka_unit_test(several_files),
		cmocka_unit_test(the_vdso),
		cmocka_unit_test(nameless_addresses),
		cmocka_unit_test(position_independent),
		cmocka_unit_test(position_dependent),
		cmocka_unit_test(deleted_executable),
		cmocka_unit_test(stripped_with_dynsym),
		cmocka_unit_test(debug_file),
		cmocka_unit_test(a_process_that_is_gone),
		cmocka_unit_test(maps_texts),
		cmocka_unit_test(arguments),
		cmocka_unit_test(demangler),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(two_threads),
	};

	return cmocka_run_group_tests_name("symbolize", tests, set_up, tear_down);
}
