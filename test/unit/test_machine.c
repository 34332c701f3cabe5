/*
 * Does a machine run, stand still, go on and end as it should? With a kernel of a few instructions,
 * under this host's KVM.
 */
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

#include "tiny_machine.h"
#include "vmm/x86/devices.h"

#define BELL	 (KTSTR_BELLS_GPA + KTSTR_READY_BELL)
#define MOV_BELL 0xbf, BELL & 0xff, BELL >> 8 & 0xff, BELL >> 16 & 0xff, BELL >> 24

/*
 * The boot processor, once the other one counts: mov $COUNTER,%ebx; 1: cmpl $0,(%rbx); je 1b;
 * mov $bell,%edi; mov %eax,(%rdi) ([ready]: a second time); jmp .
 */
#define MOV_COUNTER 0xbb, 0x00, 0x00, 0x80, 0x01
#define WAIT	    MOV_COUNTER, 0x83, 0x3b, 0x00, 0x74, 0xfb, MOV_BELL
static const uint8_t ready_once[] = { WAIT, 0x89, 0x07, 0xeb, 0xfe };
static const uint8_t ready_twice[] = { WAIT, 0x89, 0x07, 0x89, 0x07, 0xeb, 0xfe };

/* The other one: 1: incq (%rbx); jmp 1b. */
static const uint8_t counts[] = { MOV_COUNTER, 0x48, 0xff, 0x03, 0xeb, 0xfb };
/* Or: mov $0x3f8,%edx; out %al,(%dx); jmp . (the serial port). */
static const uint8_t speaks[] = { 0xba, 0xf8, 0x03, 0x00, 0x00, 0xee, 0xeb, 0xfe };

/* What the owner saw. */
struct life {
	unsigned int nr_ready, nr_ticks;
	uint64_t at_ready, still, resumed;
	int ready_returns;
	bool is_held; /* a vCPU does not come to stand still */
	unsigned int nr_pausing;
};

static uint64_t counter(struct vmm *vmm)
{
	return *(volatile uint64_t *)guest_memory_at(&vmm->memory, TINY_COUNTER_GPA, 8);
}

static int on_ready(void *data, struct vmm *vmm, struct error *err)
{
	struct life *life = data;

	assert_int_equal(vmm->state, VMM_PAUSED);
	life->nr_ready++;
	life->at_ready = counter(vmm);
	usleep(20000);
	life->still = counter(vmm);
	if (life->ready_returns < 0)
		return error_set(err, life->ready_returns, "not today");
	return life->ready_returns;
}

static bool on_tick(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct life *life = data;

	(void)waited_ns;
	life->resumed = counter(vmm);
	/* A first time may be right before the loop sees it. */
	life->nr_pausing += atomic_load(&vmm->pausing);
	if (life->is_held && life->nr_pausing > 1)
		return true;
	return (life->nr_ready && life->resumed > life->still) || ++life->nr_ticks > 100;
}

/* The serial port's, with the lock held: its vCPU is not let go, and the boot processor rings. */
static void hold(void *owner, uint8_t byte)
{
	struct vmm *vmm = owner;

	(void)byte;
	*(volatile uint64_t *)guest_memory_at(&vmm->memory, TINY_COUNTER_GPA, 8) = 1;
	while (!atomic_load(&vmm->stopping))
		pthread_cond_wait(&vmm->console_room, &vmm->lock);
}

static struct vmm_result run_both(const uint8_t *code, size_t size, const uint8_t *other,
				  size_t other_size, struct life *life, int expected)
{
	struct vmm *vmm = tiny_create(code, size, other, other_size, NULL);
	struct vmm_owner owner = tiny_owner(life, on_tick);
	struct vmm_result result = { 0 };
	struct error err = { "" };

	owner.ready = on_ready;
	if (life->is_held)
		vmm->devices->serial.output = hold;
	if (vmm_run(vmm, &owner, &result, &err) != expected)
		fail_msg("%s", err.text);
	assert_int_equal(vmm->state, VMM_ENDED);
	vmm_destroy(vmm);
	return result;
}

static struct vmm_result run(const uint8_t *code, size_t size, struct life *life, int expected)
{
	return run_both(code, size, counts, sizeof(counts), life, expected);
}

static void it_stands_still_at_its_ready_point_and_goes_on(void **state)
{
	struct life life = { 0 };
	struct vmm_result result;

	(void)state;
	tiny_skip_without_kvm();
	result = run(ready_once, sizeof(ready_once), &life, 0);
	assert_int_equal(result.end, VMM_END_STOPPED);
	assert_int_equal(life.nr_ready, 1);
	assert_true(life.at_ready > 0);
	assert_true(life.still == life.at_ready);
	assert_true(life.resumed > life.still);
}

/* A guest that does not stand still is waited for no longer than its owner wants to. */
static void the_owner_may_end_it_before_it_stands_still(void **state)
{
	struct life life = { .is_held = true };
	struct vmm_result result;

	(void)state;
	tiny_skip_without_kvm();
	result = run_both(ready_once, sizeof(ready_once), speaks, sizeof(speaks), &life, 0);
	assert_int_equal(result.end, VMM_END_STOPPED);
	assert_int_equal(life.nr_ready, 0);
}

static void a_second_ready_point_is_the_guests_end(void **state)
{
	struct life life = { 0 };
	struct vmm_result result;

	(void)state;
	tiny_skip_without_kvm();
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
	tiny_skip_without_kvm();
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
		cmocka_unit_test(it_stands_still_at_its_ready_point_and_goes_on),
		cmocka_unit_test(the_owner_may_end_it_before_it_stands_still),
		cmocka_unit_test(a_second_ready_point_is_the_guests_end),
		cmocka_unit_test(the_owner_may_end_it_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
