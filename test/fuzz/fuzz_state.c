/*
 * Can saved state of a machine harm the one who reads it? It may lie in a cache file. The input is
 * once the records itself, and once a list of records that are put into one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/x86/state_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t sizes[STATE_TYPES] = {
	sizeof(struct state_clock),	sizeof(struct state_timer),
	sizeof(struct kvm_cpuid2),	sizeof(struct kvm_sregs2),
	sizeof(struct kvm_regs),	STATE_XSAVE_MIN,
	sizeof(struct kvm_xcrs),	sizeof(struct kvm_debugregs),
	sizeof(struct kvm_msr_entry),	sizeof(struct state_register),
	sizeof(struct kvm_lapic_state), sizeof(struct kvm_vcpu_events),
	sizeof(struct kvm_mp_state),
};

/* What state_load would hand to KVM lies in the records, and is as long as KVM takes it to be. */
static void check(const uint8_t *bytes, size_t size, const struct state *state)
{
	struct kvm_cpuid2 cpuid;

	for (unsigned int i = 0; i < state->clock.nr_vcpus; i++) {
		for (unsigned int type = STATE_TIMER - STATE_FIRST_TYPE; type < STATE_TYPES;
		     type++) {
			const uint8_t *at = state->vcpus[i].bytes[type];
			size_t length = state->vcpus[i].size[type];

			if (!at) {
				if (!STATE_IS_OPTIONAL(type + STATE_FIRST_TYPE))
					abort();
				continue;
			}
			if (at < bytes || length > size || at > bytes + (size - length))
				abort();
			if (length < sizes[type] && type != STATE_MSRS - STATE_FIRST_TYPE &&
			    type != STATE_REGISTERS - STATE_FIRST_TYPE)
				abort();
		}
		memcpy(&cpuid, state->vcpus[i].bytes[STATE_CPUID - STATE_FIRST_TYPE],
		       sizeof(cpuid));
		if (state->vcpus[i].size[STATE_CPUID - STATE_FIRST_TYPE] !=
		    sizeof(cpuid) + (uint64_t)cpuid.nent * sizeof(struct kvm_cpuid_entry2))
			abort();
	}
}

static void parse(const uint8_t *bytes, size_t size)
{
	for (unsigned int nr_vcpus = 0; nr_vcpus < 3; nr_vcpus++) {
		struct state *state = NULL;
		struct error err = { "" };

		if (state_parse(bytes, size, nr_vcpus, &state, &err)) {
			if (state || !*err.text)
				abort();
			continue;
		}
		check(bytes, size, state);
		state_free(state);
	}
}

/* Each record: type, index, how its size differs from what it should be, and its first bytes. */
static void put_together(const uint8_t *data, size_t size)
{
	static uint8_t room[STATE_XSAVE_MIN + 256];
	struct state_clock clock = { .tsc_khz = 1, .nr_vcpus = data[0] % 3 };
	struct records records = { 0 };

	records_add(&records, STATE_CLOCK, 0, &clock, sizeof(clock));
	/* Whole vCPUs, of which the records below then are a part too much, or what is absent. */
	for (uint32_t i = 0; i < clock.nr_vcpus; i++)
		for (uint32_t type = 1; type < STATE_TYPES; type++) {
			memset(room, 0, sizeof(room));
			if (data[1] == type && i == data[2] % 3)
				continue;
			records_add(&records, STATE_FIRST_TYPE + type, i, room, sizes[type]);
		}
	for (data += 3, size -= 3; size >= 4; data += 4, size -= 4) {
		uint32_t type = data[0] % (STATE_TYPES + 1), length;
		size_t have = size - 4 < 32 ? size - 4 : 32;

		length = (type < STATE_TYPES ? sizes[type] : 0) + data[2];
		memset(room, 0, sizeof(room));
		memcpy(room, data + 4, have);
		if (data[3] & 1)
			memset(room + 4, 0, 4);
		records_add(&records, STATE_FIRST_TYPE + type, data[1] % 4, room, length);
		data += have;
		size -= have;
	}
	if (!records_end(&records, NULL))
		parse(records.bytes, records.size);
	records_free(&records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size);
	if (size >= 3)
		put_together(data, size);
	return 0;
}
