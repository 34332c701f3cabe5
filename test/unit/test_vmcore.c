/*
 * Is a machine that stands still a core that readers of kdump's take, with all of its memory and
 * registers in it? And is the kernel's VMCOREINFO told from what only looks like it?
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiny_machine.h"
#include "vmcore/info.h"
#include "vmcore/vmcore.h"

#define INFO_GPA 0x2345000ull
#define INFO_TEXT                                                                                  \
	"OSRELEASE=6.1.0\nSYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=-4096\nKERNELOFFSET=0\n"

/* mov $COUNTER,%ebx; 1: incq (%rbx); jmp 1b. */
static const uint8_t counts[] = { 0xbb, 0x00, 0x00, 0x80, 0x01, 0x48, 0xff, 0x03, 0xeb, 0xfb };

static void put_info(uint8_t *page, const char *text)
{
	const Elf64_Nhdr header = { .n_namesz = 11, .n_descsz = (Elf64_Word)strlen(text) };

	memset(page, 0, VMCORE_INFO_MAX);
	memcpy(page, &header, sizeof(header));
	memcpy(page + sizeof(header), "VMCOREINFO", 11);
	memcpy(page + 24, text, strlen(text));
}

/* --- VMCOREINFO ------------------------------------------------------------------------------- */

static void a_note_is_taken_whole_and_nothing_else_is(void **state)
{
	/* Each a byte of the note that is wrong. */
	static const size_t places[] = { 0, 8, 12, 22, 24, 34 };
	uint8_t page[VMCORE_INFO_MAX];
	Elf64_Nhdr header;
	size_t text = 0, size = 0;

	(void)state;
	put_info(page, INFO_TEXT);
	assert_true(vmcore_info_find(page, &text, &size));
	assert_int_equal(text, 24);
	assert_int_equal(size, strlen(INFO_TEXT));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		put_info(page, INFO_TEXT);
		page[places[i]] ^= 0x80;
		assert_false(vmcore_info_find(page, &text, &size));
	}
	/* A size that is the guest's: up to the page's end, and no further. */
	put_info(page, INFO_TEXT);
	memcpy(&header, page, sizeof(header));
	header.n_descsz = VMCORE_INFO_MAX - 24;
	memcpy(page, &header, sizeof(header));
	assert_true(vmcore_info_find(page, &text, &size));
	assert_int_equal(text + size, VMCORE_INFO_MAX);
	header.n_descsz++;
	memcpy(page, &header, sizeof(header));
	assert_false(vmcore_info_find(page, &text, &size));
	header.n_descsz = UINT32_MAX;
	memcpy(page, &header, sizeof(header));
	assert_false(vmcore_info_find(page, &text, &size));
	header.n_descsz = 0;
	memcpy(page, &header, sizeof(header));
	assert_false(vmcore_info_find(page, &text, &size));
}

static bool number(const char *text, const char *key, int base, uint64_t *value)
{
	return vmcore_info_number(text, strlen(text), key, base, value);
}

static void numbers_are_read_from_whole_lines(void **state)
{
	uint64_t value = 5;

	(void)state;
	assert_true(number("a=1\nb=-17\nc=ff", "b=", 10, &value));
	assert_int_equal((int64_t)value, -17);
	assert_true(number("a=1\nb=-17\nc=ff", "c=", 16, &value));
	assert_int_equal(value, 0xff);
	assert_false(number("a=1\nb=-17\nc=ff", "d=", 10, &value));
	assert_false(number("a=1\nb=-17\nc=ff", "=", 10, &value));
	assert_false(number("xa=1", "a=", 10, &value));
	assert_false(number("a=", "a=", 10, &value));
	assert_false(number("a=1x", "a=", 10, &value));
	assert_false(number("a=x", "a=", 10, &value));
	assert_false(number("a=99999999999999999999999", "a=", 10, &value));
	assert_false(number("", "a=", 10, &value));
	/* Not a byte behind its end. */
	assert_true(vmcore_info_number("a=123", 4, "a=", 10, &value));
	assert_int_equal(value, 12);
}

/* --- the file --------------------------------------------------------------------------------- */

static const uint8_t *core;
static uint64_t core_size;
static bool core_has_info;

static void write_it(struct vmm *vmm)
{
	struct error err = { "" };
	struct stat st;
	int fd = memfd_create("core", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (vmcore_write(vmm, fd, &core_has_info, &err))
		fail_msg("%s", err.text);
	assert_int_equal(fstat(fd, &st), 0);
	core_size = (uint64_t)st.st_size;
	/* What the guest has not touched is not there. */
	assert_true((uint64_t)st.st_blocks * 512 < 8 << 20);
	core = mmap(NULL, core_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(core != MAP_FAILED);
	close(fd);
}

static const void *at(uint64_t offset, uint64_t size)
{
	assert_true(offset <= core_size && size <= core_size - offset);
	return core + offset;
}

static const Elf64_Phdr *segment(unsigned int index)
{
	const Elf64_Ehdr *header = at(0, sizeof(*header));

	assert_memory_equal(header->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(header->e_type, ET_CORE);
	assert_int_equal(header->e_machine, EM_X86_64);
	assert_true(index < header->e_phnum);
	return at(header->e_phoff + index * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
}

/* The next note at *offset of the first segment. */
static const void *next_note(uint64_t *offset, const char *name, uint32_t type, uint32_t *size)
{
	const Elf64_Phdr *notes = segment(0);
	const Elf64_Nhdr *note = at(notes->p_offset + *offset, sizeof(*note));
	uint64_t name_size = (note->n_namesz + 3) & ~3u;
	const void *text =
		at(notes->p_offset + *offset + sizeof(*note) + name_size, note->n_descsz);

	assert_int_equal(notes->p_type, PT_NOTE);
	assert_string_equal((const char *)(note + 1), name);
	assert_int_equal(note->n_namesz, strlen(name) + 1);
	assert_int_equal(note->n_type, type);
	*size = note->n_descsz;
	*offset += sizeof(*note) + name_size + ((note->n_descsz + 3) & ~3u);
	assert_true(*offset <= notes->p_filesz);
	return text;
}

static void prepare(struct vmm *vmm)
{
	uint8_t *page = guest_memory_at(&vmm->memory, INFO_GPA, VMCORE_INFO_MAX);

	put_info(page, INFO_TEXT);
	memset(guest_memory_at(&vmm->memory, (TINY_MEMORY_MIB << 20) - 4096, 4096), 0x5a, 4096);
	/* One like it that is none, before it. */
	put_info(guest_memory_at(&vmm->memory, INFO_GPA - 4096, VMCORE_INFO_MAX), "OSRELEASE=x");
}

static bool write_once_it_counts(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	unsigned int *nr_ticks = data;
	struct error err = { "" };

	(void)waited_ns;
	if (!*(volatile uint64_t *)guest_memory_at(&vmm->memory, TINY_COUNTER_GPA, 8))
		return ++*nr_ticks > 100;
	assert_int_equal(vmcore_write(vmm, -1, &core_has_info, &err), -EBUSY);
	if (vmm_pause(vmm, &err))
		fail_msg("%s", err.text);
	write_it(vmm);
	return true;
}

static void check_registers(void)
{
	const struct user_regs_struct *regs;
	struct elf_prstatus status;
	uint64_t offset = 0;
	uint32_t size;

	memcpy(&status, next_note(&offset, "CORE", NT_PRSTATUS, &size), sizeof(status));
	assert_int_equal(size, sizeof(status));
	regs = (const void *)&status.pr_reg;
	assert_int_equal(regs->rbx, TINY_COUNTER_GPA);
	assert_true(regs->rip - TINY_CODE_GPA < sizeof(counts));
	/* The other CPU never ran; it has its place all the same. */
	memcpy(&status, next_note(&offset, "CORE", NT_PRSTATUS, &size), sizeof(status));
	assert_int_equal(regs->rip, 0);
	assert_int_equal(regs->rsp, 0);
	assert_memory_equal(next_note(&offset, "VMCOREINFO", 0, &size), INFO_TEXT,
			    strlen(INFO_TEXT));
	assert_int_equal(size, strlen(INFO_TEXT));
	assert_int_equal(offset, segment(0)->p_filesz);
}

static void check_memory(struct vmm *vmm)
{
	const Elf64_Phdr *image = segment(1), *ram = segment(2);

	assert_int_equal(image->p_type, PT_LOAD);
	assert_int_equal(image->p_vaddr, 0xffffffff81000000);
	assert_int_equal(image->p_paddr, 0x1000000 - 4096);
	assert_int_equal(image->p_offset, ram->p_offset + image->p_paddr);
	assert_int_equal(image->p_filesz, (TINY_MEMORY_MIB << 20) - image->p_paddr);
	assert_int_equal(ram->p_type, PT_LOAD);
	assert_int_equal(ram->p_paddr, 0);
	assert_int_equal(ram->p_filesz, TINY_MEMORY_MIB << 20);
	assert_int_equal(ram->p_offset % 4096, 0);
	assert_memory_equal(at(ram->p_offset, ram->p_filesz), vmm->memory.host, vmm->memory.size);
}

static void a_core_holds_memory_registers_and_the_kernels_note(void **state)
{
	unsigned int nr_ticks = 0;
	const struct vmm_owner owner = tiny_owner(&nr_ticks, write_once_it_counts);
	struct vmm *vmm;

	(void)state;
	tiny_skip_without_kvm();
	core = NULL;
	vmm = tiny_create(counts, sizeof(counts), NULL, 0, prepare);
	assert_int_equal(tiny_to_the_end(vmm, &owner), VMM_END_STOPPED);
	assert_non_null(core);
	assert_true(core_has_info);
	check_registers();
	/* It stood still from then on. */
	check_memory(vmm);
	vmm_destroy(vmm);
}

/* Of a machine that has ended, as is every one here: no KVM is needed for its memory. */
static struct vmm *ended(uint64_t low_mib, uint64_t high_mib)
{
	static struct vmm vmm;
	struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct error err = { "" };

	memset(&vmm, 0, sizeof(vmm));
	vmm.state = VMM_ENDED;
	assert_int_equal(
		guest_memory_create(&vmm.memory, &topology, low_mib + high_mib, NULL, &err), 0);
	vmm.memory.low_size = low_mib << 20;
	return &vmm;
}

static void memory_above_the_hole_has_a_segment_of_its_own(void **state)
{
	struct vmm *vmm = ended(32, 32);
	const Elf64_Phdr *low, *high;

	(void)state;
	memset(vmm->memory.host + (31 << 20), 1, 2 << 20);
	write_it(vmm);
	assert_false(core_has_info);
	low = segment(1);
	high = segment(2);
	assert_int_equal(low->p_paddr, 0);
	assert_int_equal(low->p_filesz, 32 << 20);
	assert_int_equal(high->p_paddr, vmm->memory.high_gpa);
	assert_int_equal(high->p_filesz, 32 << 20);
	assert_memory_equal(at(low->p_offset, 32 << 20), vmm->memory.host, 32 << 20);
	assert_memory_equal(at(high->p_offset, 32 << 20), vmm->memory.host + (32 << 20), 32 << 20);
	guest_memory_destroy(&vmm->memory);
}

/* The kernel's own words may name a place that is no RAM: then there is no segment for it. */
static void a_note_that_lies_makes_no_segment(void **state)
{
	static const char *const lies[] = {
		"OSRELEASE=6\nSYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=9999999999999\n",
		"OSRELEASE=6\nSYMBOL(_stext)=1000000\nNUMBER(phys_base)=0\n",
		"OSRELEASE=6\nSYMBOL(_stext)=ffffffffff000000\nNUMBER(phys_base)=0\n",
		"OSRELEASE=6\nNUMBER(phys_base)=0\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct vmm *vmm = ended(64, 0);
		const Elf64_Ehdr *header;

		put_info(vmm->memory.host + INFO_GPA, lies[i]);
		write_it(vmm);
		assert_true(core_has_info);
		header = at(0, sizeof(*header));
		assert_int_equal(header->e_phnum, 2);
		assert_int_equal(segment(1)->p_paddr, 0);
		guest_memory_destroy(&vmm->memory);
	}
}

/* In a fork there are pages that nobody has touched in it, and that are not zero. */
static void what_is_only_in_a_forks_base_is_in_its_core(void **state)
{
	struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct extents extents = { 0 };
	struct memory_source source = { .fd = memfd_create("base", MFD_CLOEXEC),
					.extents = &extents };
	struct vmm *vmm = ended(64, 0);
	struct error err = { "" };
	const uint8_t *ram;
	char byte = 'b';

	(void)state;
	guest_memory_destroy(&vmm->memory);
	assert_int_equal(ftruncate(source.fd, 64 << 20), 0);
	assert_int_equal(pwrite(source.fd, &byte, 1, 5 << 20), 1);
	assert_int_equal(pwrite(source.fd, &byte, 1, 60 << 20), 1);
	assert_int_equal(extents_add(&extents, 5 << 20, 4096), 0);
	assert_int_equal(extents_add(&extents, 60 << 20, 4096), 0);
	assert_int_equal(guest_memory_create(&vmm->memory, &topology, 64, &source, &err), 0);
	extents_free(&extents);
	close(source.fd);
	vmm->memory.host[20 << 20] = 'f';
	write_it(vmm);
	ram = at(segment(1)->p_offset, 64 << 20);
	assert_int_equal(ram[5 << 20], 'b');
	assert_int_equal(ram[20 << 20], 'f');
	assert_int_equal(ram[60 << 20], 'b');
	guest_memory_destroy(&vmm->memory);
}

static void a_file_that_is_too_large_is_an_error_and_no_signal(void **state)
{
	struct rlimit small = { 1 << 20, RLIM_INFINITY }, old;
	struct vmm *vmm = ended(64, 0);
	struct error err = { "" };
	int fd = memfd_create("core", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(vmcore_write(vmm, fd, &core_has_info, &err), -EFBIG);
	assert_non_null(strstr(err.text, "a file of 64 MiB is over the limit"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	assert_true(vmcore_write(vmm, fd, &core_has_info, &err) < 0);
	close(fd);
	guest_memory_destroy(&vmm->memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_is_taken_whole_and_nothing_else_is),
		cmocka_unit_test(numbers_are_read_from_whole_lines),
		cmocka_unit_test(a_core_holds_memory_registers_and_the_kernels_note),
		cmocka_unit_test(memory_above_the_hole_has_a_segment_of_its_own),
		cmocka_unit_test(a_note_that_lies_makes_no_segment),
		cmocka_unit_test(what_is_only_in_a_forks_base_is_in_its_core),
		cmocka_unit_test(a_file_that_is_too_large_is_an_error_and_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
