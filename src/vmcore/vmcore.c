/* How does a machine that stands still become a file that crash and drgn open? See vmcore.h. */
#include "vmcore/vmcore.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <unistd.h>

#include "util/file.h"
#include "vmcore/info.h"

#define PAGE 4096ull

/*
 * Linux, Documentation/arch/x86/x86_64/mm.rst: the kernel's image is mapped from here on, and at
 * the most for so long.
 */
#define IMAGE_START 0xffffffff80000000ull
#define IMAGE_SIZE  (1ull << 30)
#define LARGE_PAGE  (2ull << 20)

/* NOTES, the kernel's image, RAM. */
#define MAX_SEGMENTS (2 + VMM_MAX_RAM)

/* A note: header and name, both ending at multiples of 4. */
struct note {
	Elf64_Nhdr header;
	char name[12];
};

struct writing {
	struct vmm *vmm;
	int fd;
	struct vmm_ram ram[VMM_MAX_RAM];
	size_t nr_ram;
	uint64_t data_at; /* where RAM begins in the file */
	/* Pages that follow each other and are to be written. */
	const uint8_t *run;
	uint64_t run_size, run_at;
	uint8_t info[VMCORE_INFO_MAX]; /* the kernel's VMCOREINFO, info_size bytes; 0: none yet */
	size_t info_size;
	struct error *err;
};

static int write_at(struct writing *writing, const void *bytes, size_t size, uint64_t at)
{
	int ret = file_write_at(writing->fd, bytes, size, at);

	return ret ? error_set(writing->err, ret, "writing %zu bytes at %" PRIu64 ": %s", size, at,
			       strerror(-ret))
		   : 0;
}

static int write_run(struct writing *writing)
{
	int ret = writing->run_size
			  ? write_at(writing, writing->run, writing->run_size, writing->run_at)
			  : 0;

	writing->run_size = 0;
	return ret;
}

static uint64_t place_of(const struct writing *writing, uint64_t gpa)
{
	uint64_t at = writing->data_at;

	for (size_t i = 0; i < writing->nr_ram; i++) {
		if (gpa - writing->ram[i].gpa < writing->ram[i].size)
			return at + (gpa - writing->ram[i].gpa);
		at += writing->ram[i].size;
	}
	return at;
}

static int add_page(void *data, uint64_t gpa, const void *bytes)
{
	struct writing *writing = data;
	uint64_t at = place_of(writing, gpa);
	size_t text, size;
	int ret = 0;

	if (!writing->info_size && vmcore_info_find(bytes, &text, &size)) {
		memcpy(writing->info, (const uint8_t *)bytes + text, size);
		writing->info_size = size;
	}
	if (!writing->run_size || at != writing->run_at + writing->run_size ||
	    bytes != writing->run + writing->run_size) {
		ret = write_run(writing);
		writing->run = bytes;
		writing->run_at = at;
	}
	writing->run_size += PAGE;
	return ret;
}

/* Registers that were lost are zeroes: the readers count notes, and the N-th is CPU N's. */
static void fill_status(const struct inspect_source *source, unsigned int cpu,
			struct elf_prstatus *status)
{
	struct inspect_regs regs;
	struct user_regs_struct user = { 0 };

	if (source->regs(source->data, cpu, &regs)) {
		user = (struct user_regs_struct){ .rax = regs.gpr[INSPECT_RAX],
						  .rcx = regs.gpr[INSPECT_RCX],
						  .rdx = regs.gpr[INSPECT_RDX],
						  .rbx = regs.gpr[INSPECT_RBX],
						  .rsp = regs.gpr[INSPECT_RSP],
						  .rbp = regs.gpr[INSPECT_RBP],
						  .rsi = regs.gpr[INSPECT_RSI],
						  .rdi = regs.gpr[INSPECT_RDI],
						  .r8 = regs.gpr[INSPECT_R8],
						  .r9 = regs.gpr[INSPECT_R9],
						  .r10 = regs.gpr[INSPECT_R10],
						  .r11 = regs.gpr[INSPECT_R11],
						  .r12 = regs.gpr[INSPECT_R12],
						  .r13 = regs.gpr[INSPECT_R13],
						  .r14 = regs.gpr[INSPECT_R14],
						  .r15 = regs.gpr[INSPECT_R15],
						  .rip = regs.rip,
						  .eflags = regs.rflags,
						  .cs = regs.cs,
						  .gs_base = regs.gs_base };
	}
	_Static_assert(sizeof(status->pr_reg) == sizeof(user), "the registers of a note");
	memcpy(&status->pr_reg, &user, sizeof(user));
}

static struct note note_of(const char *name, uint32_t type, size_t size)
{
	struct note note = { .header = { .n_namesz = (uint32_t)strlen(name) + 1,
					 .n_descsz = (uint32_t)size,
					 .n_type = type } };

	memcpy(note.name, name, strlen(name));
	return note;
}

/* Behind the headers: one for each CPU, then the kernel's own. Returns their size in @size. */
static int write_notes(struct writing *writing, const struct inspect_source *source, uint64_t at,
		       uint64_t *size)
{
	/* "CORE" takes 8 of the 12 bytes that the other name needs. */
	const size_t core_size = offsetof(struct note, name) + 8;
	struct note note = note_of("CORE", NT_PRSTATUS, sizeof(struct elf_prstatus));
	uint64_t begin = at;
	int ret = 0;

	for (unsigned int cpu = 0; !ret && cpu < source->nr_vcpus; cpu++) {
		struct elf_prstatus status = { 0 };

		fill_status(source, cpu, &status);
		ret = write_at(writing, &note, core_size, at);
		if (!ret)
			ret = write_at(writing, &status, sizeof(status), at + core_size);
		at += core_size + sizeof(status);
	}
	if (!ret && writing->info_size) {
		note = note_of("VMCOREINFO", 0, writing->info_size);
		ret = write_at(writing, &note, sizeof(note), at);
		if (!ret)
			ret = write_at(writing, writing->info, writing->info_size,
				       at + sizeof(note));
		at += sizeof(note) + ((writing->info_size + 3) & ~3ull);
	}
	*size = at - begin;
	return ret;
}

/* With room for all segments that there may be. */
#define HEADERS_SIZE (sizeof(Elf64_Ehdr) + MAX_SEGMENTS * sizeof(Elf64_Phdr))

/* Where RAM begins in the file: behind the headers and the largest notes that there can be. */
static uint64_t find_data(unsigned int cpus)
{
	uint64_t notes = (uint64_t)cpus * (sizeof(struct note) + sizeof(struct elf_prstatus)) +
			 sizeof(struct note) + VMCORE_INFO_MAX;

	return (HEADERS_SIZE + notes + PAGE - 1) / PAGE * PAGE;
}

static Elf64_Phdr memory_segment(uint64_t offset, uint64_t virtual, uint64_t gpa, uint64_t size)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD,
			     .p_flags = PF_R | PF_W | PF_X,
			     .p_offset = offset,
			     .p_vaddr = virtual,
			     .p_paddr = gpa,
			     .p_filesz = size,
			     .p_memsz = size };
}

/*
 * Where the kernel's image is mapped, as its VMCOREINFO has it: a reader needs its page tables
 * before it can translate anything. The same bytes of the file as RAM's. False: it does not say.
 */
static bool image_segment(const struct writing *writing, Elf64_Phdr *segment)
{
	const char *info = (const char *)writing->info;
	uint64_t text, phys_base, gpa, size;

	if (!vmcore_info_number(info, writing->info_size, "SYMBOL(_stext)=", 16, &text) ||
	    !vmcore_info_number(info, writing->info_size, "NUMBER(phys_base)=", 10, &phys_base) ||
	    text < IMAGE_START || text - IMAGE_START >= IMAGE_SIZE)
		return false;
	text &= ~(LARGE_PAGE - 1);
	gpa = text - IMAGE_START + phys_base;
	for (size_t i = 0; i < writing->nr_ram; i++) {
		const struct vmm_ram *ram = &writing->ram[i];

		if (gpa < ram->gpa || gpa - ram->gpa >= ram->size)
			continue;
		size = ram->size - (gpa - ram->gpa);
		if (size > IMAGE_START + IMAGE_SIZE - text)
			size = IMAGE_START + IMAGE_SIZE - text;
		*segment = memory_segment(place_of(writing, gpa), text, gpa, size);
		return true;
	}
	return false;
}

static int write_headers(struct writing *writing, uint64_t notes_size)
{
	Elf64_Phdr segments[MAX_SEGMENTS] = { { .p_type = PT_NOTE,
						.p_offset = HEADERS_SIZE,
						.p_filesz = notes_size,
						.p_memsz = notes_size } };
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					   ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_CORE,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_phoff = sizeof(header),
			      .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr) };
	size_t count = 1;
	int ret;

	if (image_segment(writing, &segments[count]))
		count++;
	/* Where RAM is mapped is in the page tables. */
	for (size_t i = 0; i < writing->nr_ram; i++)
		segments[count++] = memory_segment(place_of(writing, writing->ram[i].gpa), 0,
						   writing->ram[i].gpa, writing->ram[i].size);
	header.e_phnum = (Elf64_Half)count;
	ret = write_at(writing, &header, sizeof(header), 0);
	return ret ? ret : write_at(writing, segments, count * sizeof(segments[0]), sizeof(header));
}

/* RAM in its length: what is not written to is a hole. */
static int make_room(struct writing *writing)
{
	uint64_t size = writing->data_at;
	struct rlimit limit;

	for (size_t i = 0; i < writing->nr_ram; i++)
		size += writing->ram[i].size;
	/* Growing past the limit would be a signal. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < size)
		return error_set(writing->err, -EFBIG,
				 "a file of %" PRIu64 " MiB is over the limit for files of "
				 "%" PRIu64 " MiB; raise that (ulimit -f)",
				 size >> 20, (uint64_t)limit.rlim_cur >> 20);
	if (ftruncate(writing->fd, (off_t)size) == 0)
		return 0;
	return error_set(writing->err, -errno, "a file of %" PRIu64 " MiB: %s", size >> 20,
			 strerror(errno));
}

int vmcore_write(struct vmm *vmm, int fd, bool *has_info, struct error *err)
{
	struct writing *writing;
	struct inspect_source source;
	uint64_t notes_size;
	int ret = vmm_source(vmm, &source, err);

	if (ret)
		return ret;
	writing = calloc(1, sizeof(*writing));
	if (!writing)
		return error_set(err, -ENOMEM, "no memory to write it");
	writing->vmm = vmm;
	writing->fd = fd;
	writing->err = err;
	writing->nr_ram = vmm_ram(vmm, writing->ram);
	writing->data_at = find_data(source.nr_vcpus);
	ret = make_room(writing);
	if (!ret)
		ret = vmm_pages(vmm, add_page, writing, err);
	if (!ret)
		ret = write_run(writing);
	if (!ret)
		ret = write_notes(writing, &source, HEADERS_SIZE, &notes_size);
	if (!ret)
		ret = write_headers(writing, notes_size);
	*has_info = writing->info_size;
	free(writing);
	return ret;
}
