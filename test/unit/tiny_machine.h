/* A machine of two vCPUs whose kernel is a few instructions, under this host's KVM. */
#ifndef KTSTR_TEST_TINY_MACHINE_H
#define KTSTR_TEST_TINY_MACHINE_H

#include <elf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../guest/protocol.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"

#define TINY_CODE_GPA	 0x1000000ull
#define TINY_COUNTER_GPA 0x1800000ull /* zero at first */
#define TINY_OTHER_AT	 64	      /* in the kernel: the other vCPU's code */
#define TINY_MEMORY_MIB	 64ull

static inline struct kernel_image *tiny_kernel(const uint8_t *code, size_t size,
					       const uint8_t *other, size_t other_size)
{
	static struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		uint8_t code[2 * TINY_OTHER_AT];
	} elf = { .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					   ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_entry = TINY_CODE_GPA,
			      .e_phoff = sizeof(Elf64_Ehdr),
			      .e_ehsize = sizeof(Elf64_Ehdr),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 1 },
		  .segment = { .p_type = PT_LOAD,
			       .p_offset = offsetof(__typeof__(elf), code),
			       .p_vaddr = 0xffffffff80000000 + TINY_CODE_GPA,
			       .p_paddr = TINY_CODE_GPA,
			       .p_filesz = sizeof(elf.code),
			       .p_memsz = sizeof(elf.code) } };
	struct kernel_image *kernel;
	struct error err = { "" };

	memset(elf.code, 0xf4, sizeof(elf.code)); /* hlt */
	memcpy(elf.code, code, size);
	if (other)
		memcpy(elf.code + TINY_OTHER_AT, other, other_size);
	if (kernel_image_from_memory("tiny", (const uint8_t *)&elf, sizeof(elf), &kernel, &err))
		fail_msg("%s", err.text);
	return kernel;
}

/* As Linux would, but at once: it goes on where the boot processor is, and a bit further on. */
static inline void tiny_start_other(struct vmm *vmm)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs sregs, own;
	struct kvm_regs regs;
	int boot = vmm->vcpus[0].fd, other = vmm->vcpus[1].fd;

	assert_int_equal(ioctl(boot, KVM_GET_REGS, &regs), 0);
	assert_int_equal(ioctl(boot, KVM_GET_SREGS, &sregs), 0);
	assert_int_equal(ioctl(other, KVM_GET_SREGS, &own), 0);
	sregs.apic_base = own.apic_base;
	regs.rip += TINY_OTHER_AT;
	assert_int_equal(ioctl(other, KVM_SET_SREGS, &sregs), 0);
	assert_int_equal(ioctl(other, KVM_SET_REGS, &regs), 0);
	assert_int_equal(ioctl(other, KVM_SET_MP_STATE, &runnable), 0);
}

/* @other: what the second vCPU runs; NULL: nobody starts it. @prepare: or NULL */
static inline struct vmm *tiny_create(const uint8_t *code, size_t size, const uint8_t *other,
				      size_t other_size, void (*prepare)(struct vmm *vmm))
{
	struct kernel_image *kernel = tiny_kernel(code, size, other, other_size);
	const struct vmm_config config = { .kernel = kernel,
					   .topology = TOPOLOGY(1, 1, 2, 1),
					   .memory_mib = TINY_MEMORY_MIB,
					   .cmdline = "" };
	struct error err = { "" };
	struct vmm *vmm;

	if (vmm_create(&config, &vmm, &err))
		fail_msg("%s", err.text);
	kernel_image_close(kernel);
	if (other)
		tiny_start_other(vmm);
	if (prepare)
		prepare(vmm);
	return vmm;
}

static inline enum vmm_end tiny_to_the_end(struct vmm *vmm, const struct vmm_owner *owner)
{
	struct vmm_result result = { 0 };
	struct error err = { "" };

	if (vmm_run(vmm, owner, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(vmm->state, VMM_ENDED);
	if (*result.detail)
		print_message("%s\n", result.detail);
	return result.end;
}

static inline enum vmm_end tiny_run(const uint8_t *code, size_t size, const uint8_t *other,
				    size_t other_size, const struct vmm_owner *owner,
				    void (*prepare)(struct vmm *vmm))
{
	struct vmm *vmm = tiny_create(code, size, other, other_size, prepare);
	enum vmm_end end = tiny_to_the_end(vmm, owner);

	vmm_destroy(vmm);
	return end;
}

static inline void tiny_console(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count)
{
	(void)data, (void)vmm, (void)bytes, (void)count;
}

static inline int tiny_frame(void *data, struct vmm *vmm, uint16_t type, const void *payload,
			     uint32_t length, struct error *err)
{
	(void)data, (void)vmm, (void)type, (void)payload, (void)length, (void)err;
	return 0;
}

static inline struct vmm_owner tiny_owner(void *data,
					  bool (*tick)(void *data, struct vmm *vmm, uint64_t ns))
{
	return (struct vmm_owner){ .data = data,
				   .console = tiny_console,
				   .frame = tiny_frame,
				   .tick = tick,
				   .cancel_fd = -1 };
}

static inline void tiny_skip_without_kvm(void)
{
	size_t run_size;
	struct error err = { "" };
	int fd = kvm_open(&run_size, &err);

	if (fd < 0) {
		print_message("no KVM here: %s\n", err.text);
		skip();
	}
	close(fd);
}

#endif
