/*
 * Does a machine run, stand still, go on and end as it should? With a kernel of a few instructions,
 * under this host's KVM.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/protocol.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"

#define CODE_GPA    0x1000000ull
#define COUNTER_GPA 0x1800000ull

#define BELL	 (KTSTR_BELLS_GPA + KTSTR_READY_BELL)
#define MOV_BELL 0xbf, BELL & 0xff, BELL >> 8 & 0xff, BELL >> 16 & 0xff, BELL >> 24

/*
 * The boot processor: mov $bell,%edi; mov %eax,(%rdi) ([ready]: a second time); mov $COUNTER,%ebx;
 * 1: incq (%rbx); jmp 1b. The other one waits to be started, for ever.
 */
static const uint8_t ready_once[] = { MOV_BELL, 0x89, 0x07, 0xbb, 0x00, 0x00, 0x80,
				      0x01,	0x48, 0xff, 0x03, 0xeb, 0xfb };
static const uint8_t ready_twice[] = { MOV_BELL, 0x89, 0x07, 0x89, 0x07, 0xeb, 0xfe };

static struct kernel_image *make_kernel(const uint8_t *code, size_t size)
{
	static struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		uint8_t code[64];
	} elf = { .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					   ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_entry = CODE_GPA,
			      .e_phoff = sizeof(Elf64_Ehdr),
			      .e_ehsize = sizeof(Elf64_Ehdr),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 1 },
		  .segment = { .p_type = PT_LOAD,
			       .p_offset = offsetof(__typeof__(elf), code),
			       .p_vaddr = 0xffffffff80000000 + CODE_GPA,
			       .p_paddr = CODE_GPA,
			       .p_filesz = sizeof(elf.code),
			       .p_memsz = sizeof(elf.code) } };
	struct kernel_image *kernel;
	struct error err = { "" };

	memset(elf.code, 0xf4, sizeof(elf.code)); /* hlt */
	memcpy(elf.code, code, size);
	if (kernel_image_from_memory("counter", (const uint8_t *)&elf, sizeof(elf), &kernel, &err))
		fail_msg("%s", err.text);
	return kernel;
}

/* What the owner saw. */
struct life {
	unsigned int nr_ready, nr_ticks;
	uint64_t at_ready, paused, still, resumed;
	int ready_returns;
};

static uint64_t counter(struct vmm *vmm)
{
	return *(volatile uint64_t *)guest_memory_at(&vmm->memory, COUNTER_GPA, 8);
}

static void on_console(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count)
{
	(void)data, (void)vmm, (void)bytes, (void)count;
}

static int on_frame(void *data, struct vmm *vmm, uint16_t type, const void *payload,
		    uint32_t length, struct error *err)
{
	(void)data, (void)vmm, (void)type, (void)payload, (void)length, (void)err;
	return 0;
}

static int on_ready(void *data, struct vmm *vmm, struct error *err)
{
	struct life *life = data;

	assert_int_equal(vmm->state, VMM_PAUSED);
	life->nr_ready++;
	life->at_ready = counter(vmm);
	if (life->ready_returns < 0)
		return error_set(err, life->ready_returns, "not today");
	return life->ready_returns;
}

static bool on_tick(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct life *life = data;
	struct error err;

	(void)waited_ns;
	if (!life->nr_ready)
		return ++life->nr_ticks > 100;
	if (!life->still && counter(vmm)) {
		assert_int_equal(vmm_pause(vmm, &err), 0);
		assert_int_equal(vmm->state, VMM_PAUSED);
		life->paused = counter(vmm);
		usleep(20000);
		life->still = counter(vmm);
		vmm_resume(vmm);
	}
	life->resumed = counter(vmm);
	return (life->still && life->resumed > life->still) || ++life->nr_ticks > 100;
}

static struct vmm_result run(const uint8_t *code, size_t size, struct life *life, int expected)
{
	struct kernel_image *kernel = make_kernel(code, size);
	const struct vmm_config config = {
		.kernel = kernel,
		.topology = { .numa_nodes = 1, .llcs = 1, .cores = 2, .threads = 1 },
		.memory_mib = 64,
		.cmdline = ""
	};
	const struct vmm_owner owner = { .data = life,
					 .console = on_console,
					 .frame = on_frame,
					 .ready = on_ready,
					 .tick = on_tick,
					 .cancel_fd = -1 };
	struct vmm_result result = { 0 };
	struct error err = { "" };
	struct vmm *vmm;

	if (vmm_create(&config, &vmm, &err))
		fail_msg("%s", err.text);
	kernel_image_close(kernel);
	if (vmm_run(vmm, &owner, &result, &err) != expected)
		fail_msg("%s", err.text);
	assert_int_equal(vmm->state, VMM_ENDED);
	vmm_destroy(vmm);
	return result;
}

static bool has_kvm(void)
{
	size_t run_size;
	struct error err = { "" };
	int fd = kvm_open(&run_size, &err);

	if (fd < 0)
		print_message("no KVM here: %s\n", err.text);
	else
		close(fd);
	return fd >= 0;
}

static void it_stands_still_at_its_ready_point_and_in_a_pause(void **state)
{
	struct life life = { 0 };
	struct vmm_result result;

	(void)state;
	if (!has_kvm())
		skip();
	result = run(ready_once, sizeof(ready_once), &life, 0);
	assert_int_equal(result.end, VMM_END_STOPPED);
	assert_int_equal(life.nr_ready, 1);
	assert_int_equal(life.at_ready, 0);
	assert_true(life.paused > 0);
	assert_true(life.still == life.paused);
	assert_true(life.resumed > life.still);
}

static void a_second_ready_point_is_the_guests_end(void **state)
{
	struct life life = { 0 };
	struct vmm_result result;

	(void)state;
	if (!has_kvm())
		skip();
	result = run(ready_twice, sizeof(ready_twice), &life, 0);
	assert_int_equal(result.end, VMM_END_PROTOCOL);
	assert_non_null(strstr(result.detail, "a second time"));
	assert_int_equal(life.nr_ready, 1);
}

static void the_owner_may_end_it_there(void **state)
{
	static const struct {
		int returned, expected;
		enum vmm_end end;
	} ways[] = { { 1, 0, VMM_END_STOPPED },
		     { -EPROTO, 0, VMM_END_PROTOCOL },
		     { -EIO, -EIO, 0 } };

	(void)state;
	if (!has_kvm())
		skip();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct life life = { .ready_returns = ways[i].returned };
		struct vmm_result result =
			run(ready_once, sizeof(ready_once), &life, ways[i].expected);

		assert_int_equal(result.end, ways[i].end);
		assert_int_equal(life.nr_ready, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_stands_still_at_its_ready_point_and_in_a_pause),
		cmocka_unit_test(a_second_ready_point_is_the_guests_end),
		cmocka_unit_test(the_owner_may_end_it_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
