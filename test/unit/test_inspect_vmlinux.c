/* Does a vmlinux help where the kernel's own symbols do not do, and only one that is the kernel's?
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "inspect/inspect.h"
#include "test/unit/guest_sample.h"

#define LINKED	      0xffffffff81000000ull
#define BANNER_OFFSET 0x10000u /* from _text on */
#define BANNER	      "Linux version 6.99.0-sample (me@here) #1 SMP Sun Nov 29 2026\n"

/* A vmlinux with what the tests ask for. */
struct file {
	Elf64_Ehdr head;
	Elf64_Shdr sections[4]; /* none, .rodata, .symtab, .strtab */
	Elf64_Sym symbols[10];
	char strings[128], rodata[256];
};

static void add_symbol(struct file *file, unsigned int i, const char *name, uint64_t value,
		       unsigned int type, uint16_t section)
{
	static const size_t room = sizeof(file->strings);
	size_t at = 1;

	while (file->strings[at])
		at += strlen(file->strings + at) + 1;
	assert_true(at + strlen(name) + 1 < room);
	strcpy(file->strings + at, name);
	file->symbols[i] = (Elf64_Sym){ .st_name = (uint32_t)at,
					.st_info = (uint8_t)type,
					.st_shndx = section,
					.st_value = value };
}

static struct file make_file(void)
{
	struct file file = { .head = { .e_machine = EM_X86_64,
				       .e_shoff = offsetof(struct file, sections),
				       .e_shentsize = sizeof(Elf64_Shdr),
				       .e_shnum = 4 } };

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_ident[EI_DATA] = ELFDATA2LSB;
	file.sections[1] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
					 .sh_addr = LINKED + BANNER_OFFSET - 16,
					 .sh_offset = offsetof(struct file, rodata),
					 .sh_size = sizeof(file.rodata) };
	file.sections[2] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
					 .sh_link = 3,
					 .sh_offset = offsetof(struct file, symbols),
					 .sh_size = sizeof(file.symbols) };
	file.sections[3] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
					 .sh_offset = offsetof(struct file, strings),
					 .sh_size = sizeof(file.strings) };
	strcpy(file.rodata + 16, BANNER);
	add_symbol(&file, 1, "_text", LINKED, STT_NOTYPE, 1);
	add_symbol(&file, 2, "linux_banner", LINKED + BANNER_OFFSET, STT_OBJECT, 1);
	add_symbol(&file, 3, "init_top_pgt", LINKED + GUEST_TOP, STT_OBJECT, 1);
	add_symbol(&file, 4, "static_data", LINKED + 0x54000, STT_OBJECT, 1);
	add_symbol(&file, 5, "percpu_data", 0x2340, STT_OBJECT, SHN_ABS);
	add_symbol(&file, 6, "elsewhere", LINKED, STT_OBJECT, SHN_UNDEF);
	add_symbol(&file, 7, "kernel/sched/core.c", LINKED, STT_FILE, 1);
	add_symbol(&file, 8, "_end", LINKED + GUEST_IMAGE, STT_NOTYPE, 1);
	add_symbol(&file, 9, "nr_cpu_ids", LINKED + GUEST_DATA + 16, STT_OBJECT, 1);
	return file;
}

static int open_with(struct guest_sample *guest, const struct file *file, size_t size,
		     struct inspect **inspect, struct error *err)
{
	char path[] = "/tmp/test_inspect_vmlinux.XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, size), size);
	close(fd);
	ret = inspect_open_vmlinux(&guest->source, path, 60000, inspect, err);
	unlink(path);
	return ret;
}

static struct guest_sample *guest_with_banner(enum guest_layout layout)
{
	struct guest_sample *guest = guest_new(layout, false);

	strcpy((char *)guest_at(guest, BANNER_OFFSET), BANNER);
	return guest;
}

static void assert_files_symbols(struct inspect *inspect)
{
	uint64_t address;

	assert_true(inspect_symbol(inspect, "static_data", &address));
	assert_int_equal(address, GUEST_TEXT + 0x54000);
	assert_true(inspect_symbol(inspect, "percpu_data", &address));
	assert_int_equal(address, 0x2340);
	assert_false(inspect_symbol(inspect, "elsewhere", &address));
	assert_false(inspect_symbol(inspect, "kernel/sched/core.c", &address));
}

static void beside_the_kernels_own(void **state)
{
	struct guest_sample *guest = guest_with_banner(GUEST_7_0);
	char name[INSPECT_SYMBOL_SIZE];
	struct error err = { "" };
	uint64_t offset, size;
	struct inspect *inspect;
	struct file file = make_file();

	(void)state;
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), 0);
	assert_files_symbols(inspect);
	assert_true(inspect_symbol_at(inspect, GUEST_TEXT + 0x1044, name, &offset, &size));
	assert_string_equal(name, "func_1");
	inspect_close(inspect);
	guest_free(guest);
}

/* By a vCPU's page tables, and by VMCOREINFO where there are none. */
static void without_kallsyms(void **state)
{
	struct file file = make_file();

	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct guest_sample *guest = guest_with_banner(GUEST_6_4);
		char name[INSPECT_SYMBOL_SIZE];
		struct error err = { "" };
		uint64_t offset, size;
		struct inspect *inspect;

		guest->lost = lost;
		memset(guest_at(guest, GUEST_KALLSYMS), 0, GUEST_TOP - GUEST_KALLSYMS);
		assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), 0);
		assert_int_equal(inspect_text_base(inspect), GUEST_TEXT);
		assert_files_symbols(inspect);
		assert_true(inspect_symbol_at(inspect, GUEST_TEXT + 0x54010, name, &offset, &size));
		assert_string_equal(name, "static_data");
		assert_int_equal(offset, 0x10);
		inspect_close(inspect);
		guest_free(guest);
	}
}

static void another_kernels(void **state)
{
	struct guest_sample *guest = guest_with_banner(GUEST_6_4);
	struct error err = { "" };
	struct inspect *inspect;
	struct file file = make_file();

	(void)state;
	/* A day later. */
	file.rodata[16 + sizeof(BANNER) - 7] = '8';
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -ESTALE);
	assert_null(inspect);
	assert_non_null(strstr(err.text, "another kernel's"));
	memset(guest_at(guest, GUEST_KALLSYMS), 0, GUEST_TOP - GUEST_KALLSYMS);
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -ENOENT);
	guest_free(guest);
}

static void no_vmlinux(void **state)
{
	struct guest_sample *guest = guest_with_banner(GUEST_6_4);
	struct file whole = make_file(), file = whole;
	struct error err = { "" };
	struct inspect *inspect;

	(void)state;
	assert_int_equal(
		inspect_open_vmlinux(&guest->source, "/nowhere/vmlinux", 60000, &inspect, &err),
		-ENOENT);
	assert_non_null(strstr(err.text, "vmlinux '/nowhere/vmlinux': cannot be read: No such"));
	assert_int_equal(inspect_open_vmlinux(&guest->source, "/tmp", 60000, &inspect, &err),
			 -EINVAL);
	/* Cut off anywhere before its last part has all that counts. */
	for (size_t size = 0; size < offsetof(struct file, rodata); size += 8)
		assert_int_equal(open_with(guest, &whole, size, &inspect, &err), -EINVAL);
	file.head.e_machine = EM_AARCH64;
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not an ELF file of x86-64"));
	file = whole;
	file.sections[2].sh_type = SHT_NOBITS;
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -EINVAL);
	assert_non_null(strstr(err.text, "give one that is not stripped"));
	file = whole;
	file.sections[2].sh_link = 4;
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -EINVAL);
	file = whole;
	file.strings[sizeof(file.strings) - 1] = 'x';
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -EINVAL);
	file = whole;
	file.sections[2].sh_size = ~0ull;
	assert_int_equal(open_with(guest, &file, sizeof(file), &inspect, &err), -EINVAL);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beside_the_kernels_own),
		cmocka_unit_test(without_kallsyms),
		cmocka_unit_test(another_kernels),
		cmocka_unit_test(no_vmlinux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
