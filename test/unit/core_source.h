/*
 * A stopped guest from a file: an ELF core whose PT_LOADs are its physical memory and whose notes
 * have the registers of each vCPU, control registers too, as QEMU's dump-guest-memory writes them
 * (note "QEMU": include/elf.h and target/i386/arch_dump.c there).
 */
#ifndef KTSTR_TEST_CORE_SOURCE_H
#define KTSTR_TEST_CORE_SOURCE_H

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/source.h"

#define CORE_VCPUS 64

struct core_segment {
	uint16_t selector_low, selector_high;
	uint32_t limit, flags, pad;
	uint64_t base;
};

/* QEMUCPUState of QEMU: version 1 */
struct core_cpu {
	uint32_t version, size;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8_to_r15[8], rip, rflags;
	struct core_segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
	uint64_t cr[5], kernel_gs_base;
};

struct core {
	const unsigned char *bytes;
	size_t size;
	struct core_cpu cpus[CORE_VCPUS];
	unsigned int nr_cpus;
	bool lost; /* the vCPUs show nothing */
	uint64_t end;
};

static bool core_read(void *data, uint64_t gpa, void *dst, size_t size)
{
	const struct core *core = data;
	const Elf64_Ehdr *head = (const void *)core->bytes;
	const Elf64_Phdr *parts = (const void *)(core->bytes + head->e_phoff);

	for (unsigned int i = 0; i < head->e_phnum; i++)
		if (parts[i].p_type == PT_LOAD && gpa >= parts[i].p_paddr &&
		    gpa - parts[i].p_paddr < parts[i].p_filesz &&
		    size <= parts[i].p_filesz - (gpa - parts[i].p_paddr)) {
			memcpy(dst, core->bytes + parts[i].p_offset + (gpa - parts[i].p_paddr),
			       size);
			return true;
		}
	return false;
}

static bool core_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	const struct core *core = data;
	const struct core_cpu *cpu = &core->cpus[vcpu];

	if (core->lost || vcpu >= core->nr_cpus)
		return false;
	*regs = (struct inspect_regs){
		.gpr = { cpu->rax, cpu->rcx, cpu->rdx, cpu->rbx, cpu->rsp, cpu->rbp, cpu->rsi,
			 cpu->rdi },
		.rip = cpu->rip,
		.rflags = cpu->rflags,
		.cr0 = cpu->cr[0],
		.cr3 = cpu->cr[3],
		.cr4 = cpu->cr[4],
		.efer = 1 << 10, /* the note has none; LMA */
		.gs_base = cpu->gs.base,
		.idt_base = cpu->idt.base,
		.cs = cpu->cs.selector_low,
	};
	memcpy(&regs->gpr[INSPECT_R8], cpu->r8_to_r15, sizeof(cpu->r8_to_r15));
	return true;
}

static void core_notes(struct core *core, const unsigned char *at, size_t size)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *note = (const void *)at;
		size_t name = (note->n_namesz + 3u) & ~3u, desc = (note->n_descsz + 3u) & ~3u;

		if (name + desc > size - sizeof(*note))
			return;
		if (note->n_namesz == 5 && memcmp(at + sizeof(*note), "QEMU", 5) == 0 &&
		    note->n_descsz >= sizeof(struct core_cpu) && core->nr_cpus < CORE_VCPUS)
			memcpy(&core->cpus[core->nr_cpus++], at + sizeof(*note) + name,
			       sizeof(struct core_cpu));
		at += sizeof(*note) + name + desc;
		size -= sizeof(*note) + name + desc;
	}
}

/* @core is to stay where it is while @source is used. Returns 0, or 1 with a word on stderr. */
static int core_open(struct core *core, const char *file, struct inspect_source *source)
{
	const Elf64_Ehdr *head;
	const Elf64_Phdr *parts;
	struct stat stat;
	void *bytes = MAP_FAILED;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	memset(core, 0, sizeof(*core));
	if (fd >= 0 && fstat(fd, &stat) == 0)
		bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED) {
		perror(file);
		return 1;
	}
	core->bytes = bytes;
	core->size = (size_t)stat.st_size;
	head = bytes;
	parts = (const void *)(core->bytes + head->e_phoff);
	for (unsigned int i = 0; i < head->e_phnum; i++) {
		if (parts[i].p_type == PT_NOTE)
			core_notes(core, core->bytes + parts[i].p_offset, parts[i].p_filesz);
		if (parts[i].p_type == PT_LOAD && parts[i].p_paddr + parts[i].p_filesz > core->end)
			core->end = parts[i].p_paddr + parts[i].p_filesz;
	}
	*source = (struct inspect_source){
		.data = core,
		.read = core_read,
		.regs = core_regs,
		.nr_vcpus = core->nr_cpus,
		.ram_end = core->end,
	};
	return 0;
}

#endif
