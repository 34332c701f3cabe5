/* Are these bytes the state of a machine? See state_parse in state.h; nothing here asks KVM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/x86/cpuid.h"
#include "vmm/x86/state_parts.h"

/* More than any KVM lists, with the MTRRs and the machine check banks. */
#define MAX_MSRS 2048u

/* What KVM could ever want for XSAVE; the host's own size is compared when it is loaded. */
#define MAX_XSAVE (1u << 20)

/* A vCPU's local APIC alone takes as much: no count of vCPUs can be larger than the bytes allow.
 */
#define LEAST_VCPU_SIZE sizeof(struct kvm_lapic_state)

static int damaged(struct error *err, const struct record *record, const char *why)
{
	return error_set(err, -EPROTO, "saved state: record %#x of vCPU %u, %u bytes: %s",
			 record->type, record->index, record->size, why);
}

static bool is_cpuid(const struct record *record)
{
	struct kvm_cpuid2 head;

	if (record->size < sizeof(head))
		return false;
	memcpy(&head, record->bytes, sizeof(head));
	return head.nent <= CPUID_MAX_ENTRIES &&
	       record->size == sizeof(head) + head.nent * sizeof(struct kvm_cpuid_entry2);
}

static bool is_msrs(const struct record *record)
{
	const uint8_t *at = record->bytes;
	struct kvm_msr_entry entry;

	if (record->size % sizeof(entry) || record->size / sizeof(entry) > MAX_MSRS)
		return false;
	for (uint32_t i = 0; i < record->size; i += sizeof(entry)) {
		memcpy(&entry, at + i, sizeof(entry));
		if (entry.reserved || !state_keeps_msr(entry.index))
			return false;
	}
	return true;
}

static bool is_whole(const struct record *record)
{
	switch (record->type) {
	case STATE_CLOCK:
		return record->size == sizeof(struct state_clock);
	case STATE_TIMER:
		return record->size == sizeof(struct state_timer);
	case STATE_CPUID:
		return is_cpuid(record);
	case STATE_SREGS2:
		return record->size == sizeof(struct kvm_sregs2);
	case STATE_REGS:
		return record->size == sizeof(struct kvm_regs);
	case STATE_XSAVE:
		return record->size >= STATE_XSAVE_MIN && record->size <= MAX_XSAVE;
	case STATE_XCRS:
		return record->size == sizeof(struct kvm_xcrs);
	case STATE_DEBUGREGS:
		return record->size == sizeof(struct kvm_debugregs);
	case STATE_MSRS:
		return is_msrs(record);
	case STATE_REGISTERS:
		return record->size % sizeof(struct state_register) == 0 &&
		       record->size <= STATE_MAX_REGISTERS * sizeof(struct state_register);
	case STATE_LAPIC:
		return record->size == sizeof(struct kvm_lapic_state);
	case STATE_VCPU_EVENTS:
		return record->size == sizeof(struct kvm_vcpu_events);
	case STATE_MP_STATE:
		return record->size == sizeof(struct kvm_mp_state);
	default:
		return false;
	}
}

static int take(struct state *state, const struct record *record, struct error *err)
{
	uint32_t type = record->type - STATE_FIRST_TYPE;
	struct state_vcpu *vcpu;

	if (!is_whole(record))
		return damaged(err, record, "of no such size or content");
	if (record->type == STATE_CLOCK)
		return damaged(err, record, "the clock comes once, before all others");
	if (record->index >= state->clock.nr_vcpus)
		return damaged(err, record, "there is no such vCPU");
	vcpu = &state->vcpus[record->index];
	if (vcpu->bytes[type])
		return damaged(err, record, "it is there twice");
	vcpu->bytes[type] = record->bytes;
	vcpu->size[type] = record->size;
	if (record->type == STATE_TIMER)
		memcpy(&vcpu->timer, record->bytes, sizeof(vcpu->timer));
	return 0;
}

/* The next record of ours. As records_next. */
static int next(struct record_reader *reader, struct record *record, struct error *err)
{
	int ret;

	do {
		ret = records_next(reader, record, err);
	} while (ret == 1 && (record->type < STATE_FIRST_TYPE || record->type > STATE_LAST_TYPE));
	return ret;
}

static int check_complete(const struct state *state, struct error *err)
{
	for (unsigned int i = 0; i < state->clock.nr_vcpus; i++)
		for (unsigned int type = STATE_TIMER; type < STATE_END; type++)
			if (!STATE_IS_OPTIONAL(type) &&
			    !state->vcpus[i].bytes[type - STATE_FIRST_TYPE])
				return error_set(err, -EPROTO,
						 "saved state: record %#x of vCPU %u is absent",
						 type, i);
	return 0;
}

/* The clock says how many vCPUs there are. */
static int begin(struct record_reader *reader, unsigned int nr_vcpus, struct state **out,
		 struct error *err)
{
	struct record record = { 0 };
	struct state_clock clock;
	int ret = next(reader, &record, err);

	if (ret < 0)
		return ret;
	if (ret == 0 || record.type != STATE_CLOCK || !is_whole(&record))
		return error_set(err, -EPROTO, "saved state: it does not begin with the clock");
	memcpy(&clock, record.bytes, sizeof(clock));
	if (clock.nr_vcpus != nr_vcpus || nr_vcpus > reader->size / LEAST_VCPU_SIZE)
		return error_set(err, -EPROTO, "saved state: of %u vCPUs in %zu bytes, not of %u",
				 clock.nr_vcpus, reader->size, nr_vcpus);
	if (!clock.tsc_khz)
		return error_set(err, -EPROTO, "saved state: a TSC of 0 kHz");
	*out = calloc(1, sizeof(**out) + nr_vcpus * sizeof((*out)->vcpus[0]));
	if (!*out)
		return error_set(err, -ENOMEM, "no memory for the state of %u vCPUs", nr_vcpus);
	(*out)->clock = clock;
	return 0;
}

int state_parse(const void *bytes, size_t size, unsigned int nr_vcpus, struct state **out,
		struct error *err)
{
	struct state *state = NULL;
	struct record record;
	struct record_reader reader;
	int ret;

	ret = records_read(&reader, bytes, size, err);
	if (!ret)
		ret = begin(&reader, nr_vcpus, &state, err);
	if (ret)
		return ret;
	while ((ret = next(&reader, &record, err)) == 1) {
		ret = take(state, &record, err);
		if (ret)
			break;
	}
	if (!ret)
		ret = check_complete(state, err);
	if (ret) {
		free(state);
		return ret;
	}
	*out = state;
	return 0;
}

void state_free(struct state *state)
{
	free(state);
}
