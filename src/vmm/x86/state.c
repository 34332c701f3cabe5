/* What does KVM know of a paused machine? See state.h. */
#include "vmm/x86/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/state_parts.h"

/*
 * In which order a vCPU is told. CPUID decides what the others may hold. The mode of the local APIC
 * (in SREGS2) decides what its page is like, and IA32_TSC_DEADLINE needs both. REGS drop an
 * exception that VCPU_EVENTS have. (Documentation/virt/kvm/api.rst.)
 */
static const enum state_type load_order[] = {
	STATE_CPUID, STATE_SREGS2,	STATE_REGS,	STATE_XSAVE,
	STATE_XCRS,  STATE_DEBUGREGS,	STATE_MSRS,	STATE_REGISTERS,
	STATE_LAPIC, STATE_VCPU_EVENTS, STATE_MP_STATE,
};

/* And in which it is asked: KVM takes a pending INIT or SIPI into account when asked for MP_STATE.
 */
static const enum state_type save_order[] = {
	STATE_MP_STATE, STATE_VCPU_EVENTS, STATE_CPUID, STATE_SREGS2,	 STATE_REGS,  STATE_XSAVE,
	STATE_XCRS,	STATE_DEBUGREGS,   STATE_MSRS,	STATE_REGISTERS, STATE_LAPIC,
};

/* The ones for which one ioctl is enough. */
struct part {
	enum state_type type;
	uint32_t size; /* bytes */
	unsigned long get, set;
	const char *name;
};

static const struct part parts[] = {
	{ STATE_SREGS2, sizeof(struct kvm_sregs2), KVM_GET_SREGS2, KVM_SET_SREGS2, "SREGS2" },
	{ STATE_REGS, sizeof(struct kvm_regs), KVM_GET_REGS, KVM_SET_REGS, "REGS" },
	{ STATE_XCRS, sizeof(struct kvm_xcrs), KVM_GET_XCRS, KVM_SET_XCRS, "XCRS" },
	{ STATE_DEBUGREGS, sizeof(struct kvm_debugregs), KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS,
	  "DEBUGREGS" },
	{ STATE_LAPIC, sizeof(struct kvm_lapic_state), KVM_GET_LAPIC, KVM_SET_LAPIC, "LAPIC" },
	{ STATE_VCPU_EVENTS, sizeof(struct kvm_vcpu_events), KVM_GET_VCPU_EVENTS,
	  KVM_SET_VCPU_EVENTS, "VCPU_EVENTS" },
	{ STATE_MP_STATE, sizeof(struct kvm_mp_state), KVM_GET_MP_STATE, KVM_SET_MP_STATE,
	  "MP_STATE" },
};

#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static const struct kvm_need needs[] = {
	/* For KVM_VCPU_TSC_OFFSET, which was the first that x86 had. */
	{ KVM_CAP_VCPU_ATTRIBUTES, "KVM_CAP_VCPU_ATTRIBUTES" },
	{ KVM_CAP_ADJUST_CLOCK, "KVM_CAP_ADJUST_CLOCK" },
	{ KVM_CAP_GET_TSC_KHZ, "KVM_CAP_GET_TSC_KHZ" },
	{ KVM_CAP_SREGS2, "KVM_CAP_SREGS2" },
	{ KVM_CAP_XSAVE2, "KVM_CAP_XSAVE2" },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS" },
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
};
#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

/* With these there is more to be saved. */
static const int optional[] = { KVM_CAP_XCRS, KVM_CAP_ONE_REG };
#define NR_OPTIONAL (sizeof(optional) / sizeof(optional[0]))

static_assert(NR_NEEDS + NR_OPTIONAL == STATE_NR_CAPABILITIES, "each has its answer");

const char *state_lacks(int kvm_fd)
{
	return kvm_first_lacking(kvm_fd, needs, NR_NEEDS);
}

void state_capabilities(int kvm_fd, int answers[STATE_NR_CAPABILITIES])
{
	for (size_t i = 0; i < NR_NEEDS; i++)
		*answers++ = ioctl(kvm_fd, KVM_CHECK_EXTENSION, needs[i].capability);
	for (size_t i = 0; i < NR_OPTIONAL; i++)
		*answers++ = ioctl(kvm_fd, KVM_CHECK_EXTENSION, optional[i]);
}

/* What all vCPUs of a machine have in common. */
struct common {
	uint32_t xsave_size; /* bytes */
	bool xcrs;	     /* the host has them */
	bool registers;	     /* KVM has registers with names of their own, since Linux 6.18 */
	struct kvm_msr_list *msrs;
};

static int look(const struct state_kvm *kvm, struct common *common, struct error *err)
{
	/* Of the VM's descriptor: what this process may have guests use is in it. */
	int size = ioctl(kvm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);

	if (size <= 0)
		return error_set(err, -ENOTSUP, "/dev/kvm: lacks KVM_CAP_XSAVE2");
	common->xsave_size = (uint32_t)size < STATE_XSAVE_MIN ? STATE_XSAVE_MIN : (uint32_t)size;
	common->xcrs = ioctl(kvm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0;
	common->registers = ioctl(kvm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ONE_REG) > 0;
	return 0;
}

static int vcpu_ioctl(int fd, unsigned int index, unsigned long request, const void *arg,
		      const char *verb, const char *name, struct error *err)
{
	int ret;

	if (ioctl(fd, request, arg) >= 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "vCPU %u: KVM_%s_%s: %s", index, verb, name, strerror(-ret));
}

static const struct part *find_part(enum state_type type)
{
	for (size_t i = 0; i < NR_PARTS; i++)
		if (parts[i].type == type)
			return &parts[i];
	return NULL;
}

static int save_part(int fd, unsigned int index, const struct part *part, struct records *out,
		     struct error *err)
{
	uint64_t room[sizeof(struct kvm_lapic_state) / sizeof(uint64_t)] = { 0 };
	int ret;

	if (part->size > sizeof(room))
		return error_set(err, -ENOTSUP, "vCPU %u: %s have %u bytes", index, part->name,
				 part->size);
	ret = vcpu_ioctl(fd, index, part->get, room, "GET", part->name, err);
	if (!ret)
		records_add(out, part->type, index, room, part->size);
	return ret;
}

static int save_cpuid(int fd, unsigned int index, struct records *out, struct error *err)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_MAX_ENTRIES * sizeof(cpuid->entries[0]));
	int ret;

	if (!cpuid)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its CPUID", index);
	cpuid->nent = CPUID_MAX_ENTRIES;
	ret = vcpu_ioctl(fd, index, KVM_GET_CPUID2, cpuid, "GET", "CPUID2", err);
	if (!ret)
		records_add(out, STATE_CPUID, index, cpuid,
			    (uint32_t)(sizeof(*cpuid) + cpuid->nent * sizeof(cpuid->entries[0])));
	free(cpuid);
	return ret;
}

static int save_xsave(int fd, unsigned int index, uint32_t size, struct records *out,
		      struct error *err)
{
	void *area = calloc(1, size);
	int ret;

	if (!area)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its XSAVE area", index);
	ret = vcpu_ioctl(fd, index, KVM_GET_XSAVE2, area, "GET", "XSAVE2", err);
	if (!ret)
		records_add(out, STATE_XSAVE, index, area, size);
	free(area);
	return ret;
}

/* One that is neither in a structure nor an MSR. Its value is handed over by address. */
static int access_register(int fd, unsigned int index, unsigned long request,
			   struct state_register *reg, struct error *err)
{
	struct kvm_one_reg one = { .id = reg->id, .addr = (uint64_t)(uintptr_t)&reg->value };

	if ((reg->id & KVM_REG_SIZE_MASK) != KVM_REG_SIZE_U64)
		return error_set(err, -ENOTSUP, "vCPU %u: KVM's register %#llx is not of 64 bits",
				 index, (unsigned long long)reg->id);
	return vcpu_ioctl(fd, index, request, &one, request == KVM_GET_ONE_REG ? "GET" : "SET",
			  "ONE_REG", err);
}

static int save_registers(int fd, unsigned int index, struct records *out, struct error *err)
{
	union {
		struct kvm_reg_list list;
		uint64_t room[1 + STATE_MAX_REGISTERS];
	} ids = { .list.n = STATE_MAX_REGISTERS };
	struct state_register registers[STATE_MAX_REGISTERS];
	int ret;

	ret = vcpu_ioctl(fd, index, KVM_GET_REG_LIST, &ids, "GET", "REG_LIST", err);
	for (uint64_t i = 0; !ret && i < ids.list.n; i++) {
		registers[i] = (struct state_register){ .id = ids.list.reg[i] };
		ret = access_register(fd, index, KVM_GET_ONE_REG, &registers[i], err);
	}
	if (!ret)
		records_add(out, STATE_REGISTERS, index, registers,
			    (uint32_t)(ids.list.n * sizeof(registers[0])));
	return ret;
}

static int load_registers(int fd, unsigned int index, const uint8_t *bytes, uint32_t size,
			  struct error *err)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < size; i += sizeof(struct state_register)) {
		struct state_register reg;

		memcpy(&reg, bytes + i, sizeof(reg));
		ret = access_register(fd, index, KVM_SET_ONE_REG, &reg, err);
	}
	return ret;
}

static int save_vcpu(int fd, unsigned int index, const struct common *common, struct records *out,
		     struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(save_order) / sizeof(save_order[0]); i++) {
		switch (save_order[i]) {
		case STATE_CPUID:
			ret = save_cpuid(fd, index, out, err);
			break;
		case STATE_XSAVE:
			ret = save_xsave(fd, index, common->xsave_size, out, err);
			break;
		case STATE_MSRS:
			ret = state_save_msrs(fd, index, common->msrs, out, err);
			break;
		case STATE_REGISTERS:
			if (common->registers)
				ret = save_registers(fd, index, out, err);
			break;
		case STATE_XCRS:
			if (!common->xcrs)
				break;
			/* fall through */
		default:
			ret = save_part(fd, index, find_part(save_order[i]), out, err);
		}
	}
	return ret;
}

int state_save(const struct state_kvm *kvm, struct records *out, struct error *err)
{
	struct common common = { 0 };
	int ret;

	/* The time first: what all the rest takes is then none of the guest's. */
	ret = state_save_time(kvm, out, err);
	if (!ret)
		ret = look(kvm, &common, err);
	if (!ret)
		ret = state_list_msrs(kvm->kvm_fd, &common.msrs, err);
	for (unsigned int i = 0; !ret && i < kvm->nr_vcpus; i++)
		ret = save_vcpu(kvm->vcpu_fds[i], i, &common, out, err);
	free(common.msrs);
	return ret;
}

static int load_vcpu(int fd, unsigned int index, const struct state_vcpu *vcpu, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(load_order) / sizeof(load_order[0]); i++) {
		enum state_type type = load_order[i];
		const struct part *part = find_part(type);
		const void *bytes = vcpu->bytes[type - STATE_FIRST_TYPE];
		uint32_t size = vcpu->size[type - STATE_FIRST_TYPE];

		if (type == STATE_CPUID)
			ret = vcpu_ioctl(fd, index, KVM_SET_CPUID2, bytes, "SET", "CPUID2", err);
		else if (type == STATE_XSAVE)
			ret = vcpu_ioctl(fd, index, KVM_SET_XSAVE, bytes, "SET", "XSAVE", err);
		else if (type == STATE_MSRS)
			ret = state_load_msrs(fd, index, bytes, size, err);
		else if (type == STATE_REGISTERS)
			ret = load_registers(fd, index, bytes, size, err);
		else if (bytes)
			ret = vcpu_ioctl(fd, index, part->set, bytes, "SET", part->name, err);
	}
	return ret;
}

/* KVM reads as much of an XSAVE area as its own is long. */
static int check_vcpu(const struct state_vcpu *vcpu, unsigned int index,
		      const struct common *common, struct error *err)
{
	uint32_t size = vcpu->size[STATE_XSAVE - STATE_FIRST_TYPE];

	if (size != common->xsave_size)
		return error_set(err, -ENOTSUP,
				 "saved state: an XSAVE area of %u bytes for vCPU %u, this host's "
				 "has %u",
				 size, index, common->xsave_size);
	if (!vcpu->bytes[STATE_XCRS - STATE_FIRST_TYPE] == common->xcrs)
		return error_set(err, -ENOTSUP,
				 "saved state: of a host with%s XSAVE, this one is with%s",
				 common->xcrs ? "out" : "", common->xcrs ? "" : "out");
	return 0;
}

int state_load(const struct state *state, const struct state_kvm *kvm, struct error *err)
{
	struct common common = { 0 };
	int ret;

	if (kvm->nr_vcpus != state->clock.nr_vcpus)
		return error_set(err, -ENOTSUP, "saved state: of %u vCPUs, this VM has %u",
				 state->clock.nr_vcpus, kvm->nr_vcpus);
	ret = state_check_frequency(state, kvm, err);
	if (!ret)
		ret = look(kvm, &common, err);
	for (unsigned int i = 0; !ret && i < kvm->nr_vcpus; i++)
		ret = check_vcpu(&state->vcpus[i], i, &common, err);
	for (unsigned int i = 0; !ret && i < kvm->nr_vcpus; i++)
		ret = load_vcpu(kvm->vcpu_fds[i], i, &state->vcpus[i], err);
	return ret;
}
