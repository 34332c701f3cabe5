/* Is saved state that is damaged, or of another machine, told from what is whole? Without any KVM.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/x86/state_parts.h"

#define VCPUS 2

/* One record that is left out, doubled, or of another size, of vCPU 1; none where it is 0. */
struct change {
	uint32_t leave_out;
	uint32_t twice;
	uint32_t resize;
	int by;
};

static void add(struct records *records, const struct change *change, uint32_t type, uint32_t vcpu,
		const void *bytes, size_t size)
{
	uint8_t room[8192] = { 0 };

	if (bytes)
		memcpy(room, bytes, size);
	if (vcpu == 1 && change->resize == type)
		size = (size_t)((int)size + change->by);
	if (vcpu != 1 || change->leave_out != type)
		records_add(records, type, vcpu, room, (uint32_t)size);
	if (vcpu == 1 && change->twice == type)
		records_add(records, type, vcpu, room, (uint32_t)size);
}

static void make(struct records *records, const struct change *change, uint32_t nr_vcpus,
		 uint32_t msr)
{
	struct state_clock clock = { .kvmclock_ns = 1, .tsc_khz = 1000, .nr_vcpus = nr_vcpus };
	struct state_timer timer = { .tsc_offset = 5, .tsc_deadline = 6 };
	struct kvm_msr_entry msrs[2] = { { .index = msr, .data = 1 },
					 { .index = 0x277, .data = 2 } };
	union {
		struct kvm_cpuid2 cpuid;
		uint8_t room[sizeof(struct kvm_cpuid2) + 3 * sizeof(struct kvm_cpuid_entry2)];
	} cpuid = { .cpuid.nent = 3 };

	*records = (struct records){ 0 };
	records_add(records, 1, 0, "another's", 9);
	records_add(records, STATE_CLOCK, 0, &clock, sizeof(clock));
	records_add(records, STATE_LAST_TYPE + 1, 99, "another's", 9);
	for (uint32_t i = 0; i < VCPUS; i++) {
		add(records, change, STATE_TIMER, i, &timer, sizeof(timer));
		add(records, change, STATE_CPUID, i, &cpuid, sizeof(cpuid));
		add(records, change, STATE_SREGS2, i, NULL, sizeof(struct kvm_sregs2));
		add(records, change, STATE_REGS, i, NULL, sizeof(struct kvm_regs));
		add(records, change, STATE_XSAVE, i, NULL, STATE_XSAVE_MIN);
		add(records, change, STATE_XCRS, i, NULL, sizeof(struct kvm_xcrs));
		add(records, change, STATE_DEBUGREGS, i, NULL, sizeof(struct kvm_debugregs));
		add(records, change, STATE_MSRS, i, msrs, sizeof(msrs));
		add(records, change, STATE_REGISTERS, i, NULL, 2 * sizeof(struct state_register));
		add(records, change, STATE_LAPIC, i, NULL, sizeof(struct kvm_lapic_state));
		add(records, change, STATE_VCPU_EVENTS, i, NULL, sizeof(struct kvm_vcpu_events));
		add(records, change, STATE_MP_STATE, i, NULL, sizeof(struct kvm_mp_state));
	}
	assert_int_equal(records_end(records, NULL), 0);
}

static const struct change none = { 0 };

/* The result of a parse of what @change makes, and its message. */
static int parse_changed(const struct change *change, unsigned int nr_vcpus, uint32_t msr,
			 struct error *err)
{
	struct state *state = NULL;
	struct records records;
	int ret;

	make(&records, change, VCPUS, msr);
	ret = state_parse(records.bytes, records.size, nr_vcpus, &state, err);
	if (ret)
		assert_null(state);
	state_free(state);
	records_free(&records);
	return ret;
}

static void whole(void **unused)
{
	struct state *state = NULL;
	struct records records;

	(void)unused;
	make(&records, &none, VCPUS, 0x174);
	assert_int_equal(state_parse(records.bytes, records.size, VCPUS, &state, NULL), 0);
	assert_int_equal(state->clock.tsc_khz, 1000);
	assert_int_equal(state->vcpus[1].timer.tsc_offset, 5);
	assert_int_equal(state->vcpus[1].timer.tsc_deadline, 6);
	assert_int_equal(state->vcpus[1].size[STATE_MSRS - STATE_FIRST_TYPE], 32);
	state_free(state);
	records_free(&records);
}

static void damaged(void **unused)
{
	struct error err;

	(void)unused;
	for (uint32_t type = STATE_TIMER; type < STATE_END; type++) {
		assert_int_equal(
			parse_changed(&(struct change){ .leave_out = type }, VCPUS, 0x174, &err),
			STATE_IS_OPTIONAL(type) ? 0 : -EPROTO);
		assert_int_equal(
			parse_changed(&(struct change){ .twice = type }, VCPUS, 0x174, &err),
			-EPROTO);
		assert_non_null(strstr(err.text, "twice"));
		assert_int_equal(parse_changed(&(struct change){ .resize = type, .by = -1 }, VCPUS,
					       0x174, &err),
				 -EPROTO);
		/* How long XSAVE's is, KVM says. */
		assert_int_equal(parse_changed(&(struct change){ .resize = type, .by = 8 }, VCPUS,
					       0x174, &err),
				 type == STATE_XSAVE ? 0 : -EPROTO);
	}
	/* MSRs that are never saved: the TSC itself, what makes KVM write memory, Hyper-V's. */
	assert_int_equal(parse_changed(&none, VCPUS, 0x10, &err), -EPROTO);
	assert_int_equal(parse_changed(&none, VCPUS, 0x4b564d00, &err), -EPROTO);
	assert_int_equal(parse_changed(&none, VCPUS, 0x40000020, &err), -EPROTO);
}

static void of_another_machine(void **unused)
{
	struct state_clock clock = { .tsc_khz = 1000, .nr_vcpus = 1u << 31 };
	struct state *state = NULL;
	struct records records = { 0 };
	struct error err;

	(void)unused;
	assert_int_equal(parse_changed(&none, VCPUS + 1, 0x174, &err), -EPROTO);
	assert_string_equal(err.text, "saved state: of 2 vCPUs in 13280 bytes, not of 3");
	assert_int_equal(parse_changed(&none, VCPUS - 1, 0x174, &err), -EPROTO);
	/* More than could be in it: no memory is asked for. */
	records_add(&records, STATE_CLOCK, 0, &clock, sizeof(clock));
	assert_int_equal(records_end(&records, NULL), 0);
	assert_int_equal(state_parse(records.bytes, records.size, 1u << 31, &state, &err), -EPROTO);
	records_free(&records);
	/* The clock is not the first. */
	records_add(&records, STATE_REGS, 0, &clock, sizeof(clock));
	assert_int_equal(records_end(&records, NULL), 0);
	assert_int_equal(state_parse(records.bytes, records.size, 1, &state, &err), -EPROTO);
	assert_string_equal(err.text, "saved state: it does not begin with the clock");
	records_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(damaged),
		cmocka_unit_test(of_another_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
