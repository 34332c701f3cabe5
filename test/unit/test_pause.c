/*
 * Can a machine be paused at any moment, be looked at, and go on as if nothing had been? And what
 * is there to see at its end? With kernels of a few instructions, under this host's KVM.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiny_machine.h"
#include "vmm/x86/devices.h"

#define MOV_COUNTER 0xbb, 0x00, 0x00, 0x80, 0x01
/* incq (%rbx); jmp back to it. */
static const uint8_t counts[] = { MOV_COUNTER, 0x48, 0xff, 0x03, 0xeb, 0xfb };
/* mov $0x3f8,%edx; 1: inc %al; out %al,(%dx); jmp 1b (the serial port). */
static const uint8_t speaks[] = { 0xba, 0xf8, 0x03, 0x00, 0x00, 0xfe, 0xc0, 0xee, 0xeb, 0xfb };
/* The same a kilobyte at a time, from memory: mov $COUNTER,%ebx; mov $0x3f8,%edx; 1: mov %ebx,%esi;
 * mov $1024,%ecx; rep outsb; jmp 1b. */
static const uint8_t speaks_a_lot[] = { MOV_COUNTER, 0xba, 0xf8, 0x03, 0x00, 0x00, 0x89, 0xde, 0xb9,
					0x00,	     0x04, 0x00, 0x00, 0xf3, 0x6e, 0xeb, 0xf5 };
/* mov $0x3f8,%edx; out %al,(%dx); jmp . */
static const uint8_t speaks_once[] = { 0xba, 0xf8, 0x03, 0x00, 0x00, 0xee, 0xeb, 0xfe };
/* No interrupt descriptors, which are 0 in fresh memory, and then an interrupt: lidt (%rbx); ud2.
 */
static const uint8_t faults[] = { MOV_COUNTER, 0x0f, 0x01, 0x1b, 0x0f, 0x0b };
/* mov $0xcf9 or 0x64... the reset that a PC's kernel tries: mov $0xfe,%al; out %al,$0x64; jmp . */
static const uint8_t resets[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe };
static const uint8_t halts[] = { 0xfa, 0xf4, 0xeb, 0xfc };
/* mov $bell,%edi; mov %eax,(%rdi); then it counts. */
#define BELL (KTSTR_BELLS_GPA + KTSTR_READY_BELL)
static const uint8_t ready_and_counts[] = { 0xbf,
					    BELL & 0xff,
					    BELL >> 8 & 0xff,
					    BELL >> 16 & 0xff,
					    BELL >> 24,
					    0x89,
					    0x07,
					    MOV_COUNTER,
					    0x48,
					    0xff,
					    0x03,
					    0xeb,
					    0xfb };

struct owner {
	unsigned int nr_ticks, nr_pauses, nr_ready, nr_console;
	uint64_t bytes;
	uint8_t next_byte;
	bool is_in_order;
	uint64_t before;
};

static uint64_t counter(struct vmm *vmm)
{
	return *(volatile uint64_t *)guest_memory_at(&vmm->memory, TINY_COUNTER_GPA, 8);
}

static struct inspect_source source_of(struct vmm *vmm)
{
	struct inspect_source source;
	struct error err = { "" };

	if (vmm_source(vmm, &source, &err))
		fail_msg("%s", err.text);
	return source;
}

/* Where the vCPU is, from the kernel's first byte on; the test fails where it has no registers. */
static uint64_t place_of(const struct inspect_source *source, unsigned int vcpu)
{
	struct inspect_regs regs;

	assert_true(source->regs(source->data, vcpu, &regs));
	assert_int_equal(regs.cs & 3, 0);
	assert_true(regs.cr0 >> 31 & 1);
	assert_true(regs.efer >> 10 & 1);
	return regs.rip - TINY_CODE_GPA;
}

static void stand_still(struct vmm *vmm, struct owner *owner)
{
	struct error err = { "" };

	if (vmm_pause(vmm, &err))
		fail_msg("%s", err.text);
	assert_int_equal(vmm->state, VMM_PAUSED);
	owner->nr_pauses++;
}

/* --- the counter stands still, and goes on ---------------------------------------------------- */

static bool look_at_the_counter(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct owner *owner = data;
	struct inspect_source source;
	struct inspect_regs regs;
	uint64_t seen, again;
	struct error err = { "" };

	(void)waited_ns;
	if (!counter(vmm))
		return ++owner->nr_ticks > 100;
	assert_true(counter(vmm) >= owner->before);
	assert_int_equal(vmm_source(vmm, &source, &err), -EBUSY);
	stand_still(vmm, owner);
	source = source_of(vmm);
	assert_true(source.read(source.data, TINY_COUNTER_GPA, &seen, sizeof(seen)));
	assert_true(place_of(&source, 0) < sizeof(counts));
	assert_int_equal(source.nr_vcpus, 2);
	/* The other one never ran, and there are no more. */
	assert_false(source.regs(source.data, 1, &regs));
	assert_false(source.regs(source.data, 2, &regs));
	usleep(5000);
	/* A pause within it ends nothing. */
	stand_still(vmm, owner);
	vmm_resume(vmm);
	usleep(5000);
	assert_true(source.regs(source.data, 0, &regs));
	assert_int_equal(regs.gpr[INSPECT_RBX], TINY_COUNTER_GPA);
	assert_true(source.read(source.data, TINY_COUNTER_GPA, &again, sizeof(again)));
	assert_int_equal(again, seen);
	vmm_resume(vmm);
	assert_int_equal(vmm->state, VMM_RUNNING);
	for (unsigned int i = 0; i < 2000 && counter(vmm) == seen; i++)
		usleep(1000);
	assert_true(counter(vmm) > seen);
	owner->before = counter(vmm);
	return owner->nr_pauses > 10;
}

static void a_pause_shows_a_machine_that_stands_still_and_goes_on(void **state)
{
	struct owner data = { 0 };
	const struct vmm_owner owner = tiny_owner(&data, look_at_the_counter);

	(void)state;
	tiny_skip_without_kvm();
	assert_int_equal(tiny_run(counts, sizeof(counts), NULL, 0, &owner, NULL), VMM_END_STOPPED);
	assert_true(data.nr_pauses > 10);
}

/* --- RAM and its holes ------------------------------------------------------------------------ */

static bool look_at_memory(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct inspect_source source;
	uint8_t bytes[16];

	(void)waited_ns;
	stand_still(vmm, data);
	source = source_of(vmm);
	assert_int_equal(source.ram_end, TINY_MEMORY_MIB << 20);
	assert_true(source.read(source.data, source.ram_end - 16, bytes, 16));
	assert_false(source.read(source.data, source.ram_end - 15, bytes, 16));
	assert_false(source.read(source.data, source.ram_end, bytes, 1));
	assert_false(source.read(source.data, UINT64_MAX - 7, bytes, 16));
	assert_false(source.read(source.data, 0, bytes, SIZE_MAX));
	/* Of a machine whose memory goes on above the hole, as guest_memory_create lays it out. */
	vmm->memory.size += 16 << 20;
	vmm->memory.low_size = 32 << 20;
	source = source_of(vmm);
	assert_int_equal(source.ram_end, vmm->memory.high_gpa + (48 << 20));
	vmm->memory.size -= 16 << 20;
	vmm->memory.low_size = vmm->memory.size;
	return true;
}

static void what_is_no_ram_is_not_read(void **state)
{
	struct owner data = { 0 };
	const struct vmm_owner owner = tiny_owner(&data, look_at_memory);

	(void)state;
	tiny_skip_without_kvm();
	tiny_run(counts, sizeof(counts), NULL, 0, &owner, NULL);
	assert_int_equal(data.nr_pauses, 1);
}

/* --- no byte of the console is lost or out of its turn ---------------------------------------- */

static bool tick_until_pauses(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct owner *owner = data;

	(void)waited_ns;
	/* What it says meanwhile comes before what it says later. */
	stand_still(vmm, owner);
	vmm_resume(vmm);
	return owner->nr_pauses >= 50 || ++owner->nr_ticks > 200;
}

static void pause_in_console(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count)
{
	struct owner *owner = data;

	for (size_t i = 0; i < count; i++) {
		owner->is_in_order &= bytes[i] == (uint8_t)(owner->next_byte + 1);
		owner->next_byte = bytes[i];
	}
	owner->bytes += count;
	if (owner->nr_pauses < 50 && vmm->state == VMM_RUNNING && !atomic_load(&vmm->stopping)) {
		stand_still(vmm, owner);
		vmm_resume(vmm);
	}
}

static void set_pattern(struct vmm *vmm)
{
	uint8_t *pattern = guest_memory_at(&vmm->memory, TINY_COUNTER_GPA, 1024);

	for (size_t i = 0; i < 1024; i++)
		pattern[i] = (uint8_t)(i + 1);
}

static void the_console_is_whole_and_in_order(const uint8_t *code, size_t size)
{
	struct owner data = { .is_in_order = true };
	struct vmm_owner owner = tiny_owner(&data, tick_until_pauses);

	owner.console = pause_in_console;
	/* The boot processor starts with 0 in RAX. */
	assert_int_equal(tiny_run(code, size, NULL, 0, &owner, set_pattern), VMM_END_STOPPED);
	assert_true(data.nr_pauses > 5);
	assert_true(data.bytes > 100);
	assert_true(data.is_in_order);
}

static void a_pause_in_the_consoles_callback_loses_no_byte(void **state)
{
	(void)state;
	tiny_skip_without_kvm();
	the_console_is_whole_and_in_order(speaks, sizeof(speaks));
	/* vCPUs that wait for room in the console's queue, with a part of an access to be done. */
	the_console_is_whole_and_in_order(speaks_a_lot, sizeof(speaks_a_lot));
}

/* --- one that does not stand still ------------------------------------------------------------ */

static atomic_bool is_held;

/* The serial port's, with the lock held. */
static void hold(void *owner, uint8_t byte)
{
	struct vmm *vmm = owner;

	(void)byte;
	atomic_store(&is_held, true);
	while (atomic_load(&is_held) && !atomic_load(&vmm->stopping))
		pthread_cond_wait(&vmm->console_room, &vmm->lock);
}

static void hold_serial(struct vmm *vmm)
{
	vmm->devices->serial.output = hold;
}

static bool look_at_one_that_is_held(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct owner *owner = data;
	struct error err = { "" };

	(void)waited_ns;
	if (!atomic_load(&is_held) || !counter(vmm))
		return ++owner->nr_ticks > 100;
	assert_int_equal(machine_stand_still(vmm, 500, NULL, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "1 of 2 vCPUs did not stand still within 0.5 s"));
	assert_int_equal(vmm->state, VMM_RUNNING);
	/* The one that stood still goes on. */
	owner->before = counter(vmm);
	for (unsigned int i = 0; i < 2000 && counter(vmm) == owner->before; i++)
		usleep(1000);
	assert_true(counter(vmm) > owner->before);
	atomic_store(&is_held, false);
	machine_wake_parked(vmm);
	stand_still(vmm, owner);
	/* Without a resume: the machine may as well end here. */
	return true;
}

static void one_that_does_not_stand_still_is_let_go(void **state)
{
	struct owner data = { 0 };
	const struct vmm_owner owner = tiny_owner(&data, look_at_one_that_is_held);

	(void)state;
	tiny_skip_without_kvm();
	atomic_store(&is_held, false);
	assert_int_equal(tiny_run(counts, sizeof(counts), speaks_once, sizeof(speaks_once), &owner,
				  hold_serial),
			 VMM_END_STOPPED);
	assert_int_equal(data.nr_pauses, 1);
}

/* --- the ready point -------------------------------------------------------------------------- */

static int pause_in_ready(void *data, struct vmm *vmm, struct error *err)
{
	struct owner *owner = data;

	(void)err;
	owner->nr_ready++;
	assert_int_equal(counter(vmm), 0);
	stand_still(vmm, owner);
	vmm_resume(vmm);
	assert_int_equal(vmm->state, VMM_PAUSED);
	usleep(5000);
	assert_int_equal(counter(vmm), 0);
	return 0;
}

static bool pause_before_ready(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct owner *owner = data;
	bool at_ready;

	(void)waited_ns;
	/* The first tick is before the loop has looked at anything. */
	for (unsigned int i = 0; !owner->nr_ready && i < 2000; i++) {
		pthread_mutex_lock(&vmm->lock);
		at_ready = vmm->at_ready;
		pthread_mutex_unlock(&vmm->lock);
		if (at_ready)
			break;
		usleep(1000);
	}
	if (!owner->nr_ready) {
		stand_still(vmm, owner);
		vmm_resume(vmm);
		usleep(5000);
		assert_int_equal(counter(vmm), 0);
	}
	return counter(vmm) || ++owner->nr_ticks > 100;
}

static void a_guest_at_its_ready_point_waits_there_whoever_paused_it(void **state)
{
	struct owner data = { 0 };
	struct vmm_owner owner = tiny_owner(&data, pause_before_ready);

	(void)state;
	tiny_skip_without_kvm();
	owner.ready = pause_in_ready;
	assert_int_equal(
		tiny_run(ready_and_counts, sizeof(ready_and_counts), NULL, 0, &owner, NULL),
		VMM_END_STOPPED);
	assert_int_equal(data.nr_ready, 1);
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool just_tick(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct owner *owner = data;

	(void)vmm, (void)waited_ns;
	return ++owner->nr_ticks > 100;
}

static void at_its_end_it_can_still_be_looked_at(void **state)
{
	struct owner data = { 0 };
	const struct vmm_owner owner = tiny_owner(&data, just_tick);
	struct vmm *vmm;
	struct inspect_source source;
	struct error err = { "" };

	(void)state;
	tiny_skip_without_kvm();
	vmm = tiny_create(resets, sizeof(resets), halts, sizeof(halts), NULL);
	assert_int_equal(vmm_pause(vmm, &err), -EBUSY);
	assert_int_equal(vmm_source(vmm, &source, &err), -EBUSY);
	assert_int_equal(tiny_to_the_end(vmm, &owner), VMM_END_RESET);
	assert_int_equal(vmm_pause(vmm, &err), 0);
	vmm_resume(vmm);
	source = source_of(vmm);
	assert_true(place_of(&source, 0) <= sizeof(resets));
	assert_true(place_of(&source, 1) - TINY_OTHER_AT <= sizeof(halts));
	vmm_destroy(vmm);
}

/* KVM on AMD resets the vCPU, on Intel it leaves it as it is: told apart, and never made up. */
static void after_a_triple_fault_registers_are_there_or_said_to_be_lost(void **state)
{
	struct owner data = { 0 };
	const struct vmm_owner owner = tiny_owner(&data, just_tick);
	struct vmm *vmm;
	struct inspect_source source;
	struct inspect_regs regs;
	struct kvm_sregs sregs;
	uint64_t word = 1;

	(void)state;
	tiny_skip_without_kvm();
	vmm = tiny_create(faults, sizeof(faults), NULL, 0, NULL);
	assert_int_equal(tiny_to_the_end(vmm, &owner), VMM_END_RESET);
	assert_true(vmm->vcpus[0].shut_down);
	source = source_of(vmm);
	if (source.regs(source.data, 0, &regs))
		assert_true(regs.rip - TINY_CODE_GPA < sizeof(faults));
	assert_true(source.read(source.data, TINY_COUNTER_GPA, &word, sizeof(word)));
	assert_int_equal(word, 0);
	/* As on AMD: what a vCPU is that nobody has started. */
	assert_int_equal(ioctl(vmm->vcpus[1].fd, KVM_GET_SREGS, &sregs), 0);
	assert_int_equal(ioctl(vmm->vcpus[0].fd, KVM_SET_SREGS, &sregs), 0);
	assert_false(source.regs(source.data, 0, &regs));
	vmm_destroy(vmm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_shows_a_machine_that_stands_still_and_goes_on),
		cmocka_unit_test(what_is_no_ram_is_not_read),
		cmocka_unit_test(a_pause_in_the_consoles_callback_loses_no_byte),
		cmocka_unit_test(one_that_does_not_stand_still_is_let_go),
		cmocka_unit_test(a_guest_at_its_ready_point_waits_there_whoever_paused_it),
		cmocka_unit_test(at_its_end_it_can_still_be_looked_at),
		cmocka_unit_test(after_a_triple_fault_registers_are_there_or_said_to_be_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
