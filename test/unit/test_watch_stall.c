/*
 * Is a vCPU that spins with interrupts off found, and no other? By what it tells of itself, and
 * with a vCPU of this host's KVM that does it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run/watch_stall.h"
#include "tiny_machine.h"

#define MS 1000000ull

static struct watch_stall stall;
static struct vmm_sample sample;

static int set_up(void **state)
{
	(void)state;
	memset(&stall, 0, sizeof(stall));
	stall.limit_ns = 5000 * MS;
	sample = (struct vmm_sample){ .cpu_ns = 77 * MS, .exits = 3, .timer = 9, .rip = 1 };
	return 0;
}

/* It has run for @ms more. */
static uint64_t after(unsigned int ms)
{
	sample.nr++;
	sample.cpu_ns += ms * MS;
	return watch_stall_add(&stall, 5, &sample);
}

static void spin(unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i += 500)
		assert_int_equal(after(500), 0);
}

static void one_that_spins_is_found_when_it_has_run_for_so_long(void **state)
{
	(void)state;
	assert_int_equal(after(0), 0);
	spin(4500);
	assert_int_equal(after(500), 5000 * MS);
	/* And others are not. */
	assert_int_equal(watch_stall_add(&stall, 4, &sample), 0);
}

/* The host's clock is of no account: no run time, no stall; and an old sample is none. */
static void a_vcpu_that_the_host_does_not_run_is_not_stuck(void **state)
{
	(void)state;
	assert_int_equal(after(0), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(after(4), 0);
	sample.cpu_ns += 60000 * MS;
	assert_int_equal(watch_stall_add(&stall, 5, &sample), 0);
}

/* Few samples that happen to be alike prove nothing, however far they lie apart. */
static void it_takes_several_samples(void **state)
{
	(void)state;
	assert_int_equal(after(0), 0);
	for (unsigned int i = 2; i < WATCH_STALL_SAMPLES; i++)
		assert_int_equal(after(60000), 0);
	assert_true(after(60000) > 0);
}

static void any_sign_of_progress_begins_anew(void **state)
{
	(void)state;
	for (int sign = 0; sign < 4; sign++) {
		set_up(state);
		assert_int_equal(after(0), 0);
		spin(4500);
		switch (sign) {
		case 0:
			sample.takes_interrupts = true;
			break;
		case 1:
			sample.in_user = true;
			break;
		case 2:
			sample.exits++;
			break;
		default:
			sample.timer++;
			break;
		}
		assert_int_equal(after(500), 0);
		sample.takes_interrupts = sample.in_user = false;
		spin(4500);
	}
}

/* One sample is chance; two of one vCPU are enough to leave its locks alone. */
static void what_may_be_stuck_is_suspected_before_it_is_certain(void **state)
{
	(void)state;
	assert_int_equal(after(0), 0);
	assert_false(watch_stall_suspects(&stall));
	assert_int_equal(after(1), 0);
	assert_true(watch_stall_suspects(&stall));
	sample.timer++;
	assert_int_equal(after(500), 0);
	assert_false(watch_stall_suspects(&stall));
}

/* --- a real one ------------------------------------------------------------------------------- */

/* jmp . ; interrupts are off from the start. And: sti; jmp . */
static const uint8_t spins[] = { 0xeb, 0xfe };
static const uint8_t spins_open[] = { 0xfb, 0xeb, 0xfe };

struct looks {
	struct watch_stall stall;
	unsigned int ticks, samples[2];
	uint64_t stuck[2], ran;
};

static bool look(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct looks *looks = data;
	struct vmm_sample last;

	(void)waited_ns;
	for (unsigned int i = 0; i < vmm_nr_vcpus(vmm); i++) {
		vmm_last_sample(vmm, i, &last);
		looks->samples[i] = (unsigned int)last.nr;
		if (last.nr)
			assert_true(last.rip - TINY_CODE_GPA < 2 * TINY_OTHER_AT);
		looks->stuck[i] += watch_stall_add(&looks->stall, i, &last);
	}
	looks->ran = vmm_sample(vmm);
	return looks->stuck[0] || ++looks->ticks > 200;
}

static void a_vcpu_that_spins_with_interrupts_off_is_seen_by_kvm(void **state)
{
	static struct looks looks;
	const struct vmm_owner owner = tiny_owner(&looks, look);

	(void)state;
	tiny_skip_without_kvm();
	looks = (struct looks){ .stall.limit_ns = 300 * MS };
	assert_int_equal(
		tiny_run(spins, sizeof(spins), spins_open, sizeof(spins_open), &owner, NULL),
		VMM_END_STOPPED);
	assert_in_range(looks.stuck[0], 300 * MS, 60000 * MS);
	assert_true(looks.samples[1] > 1);
	assert_int_equal(looks.stuck[1], 0);
	assert_true(looks.ran >= looks.stuck[0]);
}

static const uint8_t halts[] = { 0xfb, 0xf4, 0xeb, 0xfd };

static void one_that_sleeps_is_left_alone(void **state)
{
	static struct looks looks;
	const struct vmm_owner owner = tiny_owner(&looks, look);

	(void)state;
	tiny_skip_without_kvm();
	looks = (struct looks){ .stall.limit_ns = 300 * MS, .ticks = 190 };
	tiny_run(halts, sizeof(halts), NULL, 0, &owner, NULL);
	/* What it ran until it slept may have been enough for one. */
	assert_true(looks.samples[0] <= 1);
	assert_int_equal(looks.samples[1], 0);
	assert_int_equal(looks.stuck[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_that_spins_is_found_when_it_has_run_for_so_long, set_up),
		cmocka_unit_test_setup(a_vcpu_that_the_host_does_not_run_is_not_stuck, set_up),
		cmocka_unit_test_setup(it_takes_several_samples, set_up),
		cmocka_unit_test_setup(any_sign_of_progress_begins_anew, set_up),
		cmocka_unit_test_setup(what_may_be_stuck_is_suspected_before_it_is_certain, set_up),
		cmocka_unit_test(a_vcpu_that_spins_with_interrupts_off_is_seen_by_kvm),
		cmocka_unit_test(one_that_sleeps_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
