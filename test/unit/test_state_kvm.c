/*
 * Is state kept with KVMs that are not like this host's: with a steady TSC or without, with MSRs
 * that are not taken back, with registers of their own? The module is included, with a KVM of our
 * own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include <cmocka.h>

#include <linux/kvm.h>

#define VCPUS	  3
#define KVM_FD	  70
#define VM_FD	  71
#define VCPU_FD	  80 /* and two more */
#define KHZ	  2500000
#define MAX_MSRS  600
#define SSP	  0x2030000300000000ull /* KVM_X86_REG_KVM(KVM_REG_GUEST_SSP) */
#define CALL_TIME 2000			/* cycles that an ioctl takes, and a reading of the TSC */

struct fake_msr {
	uint32_t index;
	uint64_t value[VCPUS];
	bool listed;
	bool feature;	/* in the other list */
	bool hidden;	/* KVM_GET_MSRS refuses it */
	bool read_only; /* KVM_SET_MSRS does */
};

/* One machine, and the host's KVM. */
static struct fake {
	uint64_t host_tsc;
	bool steady; /* KVM tells the host's TSC with the clock */
	bool stuck;  /* it does not heed offsets */
	int khz;     /* or a negative errno */
	int64_t clock_offset_ns;
	uint64_t tsc_offset[VCPUS];
	uint64_t deadline[VCPUS];
	bool offset_set[VCPUS];
	bool deadline_set[VCPUS];
	struct fake_msr msrs[MAX_MSRS];
	size_t nr_msrs;
	int xsave_size;
	bool xcrs, registers;
	uint64_t ssp[VCPUS];
	unsigned int writes; /* MSRs written */
	unsigned long sets[256];
	size_t nr_sets; /* what vCPU 0 was told, in this order */
} fake;

static uint64_t fake_rdtsc(void)
{
	return fake.host_tsc += CALL_TIME;
}

static uint64_t fake_clock_ns(void)
{
	return (uint64_t)((int64_t)(fake.host_tsc * 1000000 / KHZ) + fake.clock_offset_ns);
}

static struct fake_msr *fake_find(uint32_t index)
{
	for (size_t i = 0; i < fake.nr_msrs; i++)
		if (fake.msrs[i].index == index)
			return &fake.msrs[i];
	return NULL;
}

static int fake_refuse(int error)
{
	errno = error;
	return -1;
}

static int fake_list(struct kvm_msr_list *list, bool features)
{
	uint32_t room = list->nmsrs;

	list->nmsrs = 0;
	for (size_t i = 0; i < fake.nr_msrs; i++) {
		if (features ? !fake.msrs[i].feature : !fake.msrs[i].listed)
			continue;
		if (list->nmsrs < room)
			list->indices[list->nmsrs] = fake.msrs[i].index;
		list->nmsrs++;
	}
	return list->nmsrs > room ? fake_refuse(E2BIG) : 0;
}

static bool fake_access_msr(unsigned int vcpu, bool set, struct kvm_msr_entry *entry)
{
	struct fake_msr *msr = fake_find(entry->index);

	if (entry->index == 0x10 && !set) {
		entry->data = fake.host_tsc + (fake.stuck ? 0 : fake.tsc_offset[vcpu]);
		return true;
	}
	if (entry->index == 0x6e0) {
		if (set) {
			assert_true(fake.offset_set[vcpu]);
			fake.deadline[vcpu] = entry->data;
			fake.deadline_set[vcpu] = true;
		}
		entry->data = fake.deadline[vcpu];
		return true;
	}
	if (!msr || (set ? msr->read_only : msr->hidden))
		return false;
	if (set) {
		msr->value[vcpu] = entry->data;
		fake.writes++;
	}
	entry->data = msr->value[vcpu];
	return true;
}

static int fake_msrs(unsigned int vcpu, bool set, struct kvm_msrs *msrs)
{
	if (msrs->nmsrs >= 256)
		return fake_refuse(E2BIG);
	for (uint32_t i = 0; i < msrs->nmsrs; i++)
		if (!fake_access_msr(vcpu, set, &msrs->entries[i]))
			return (int)i;
	return (int)msrs->nmsrs;
}

static int fake_attr(unsigned int vcpu, bool set, const struct kvm_device_attr *attr)
{
	uint64_t *value = (uint64_t *)(uintptr_t)attr->addr;

	assert_int_equal(attr->group, KVM_VCPU_TSC_CTRL);
	assert_int_equal(attr->attr, KVM_VCPU_TSC_OFFSET);
	if (set) {
		fake.tsc_offset[vcpu] = *value;
		fake.offset_set[vcpu] = true;
		fake.deadline_set[vcpu] = false;
	}
	*value = fake.tsc_offset[vcpu];
	return 0;
}

static int fake_one_reg(unsigned int vcpu, bool set, const struct kvm_one_reg *reg)
{
	uint64_t *value = (uint64_t *)(uintptr_t)reg->addr;

	if (reg->id != SSP)
		return fake_refuse(EINVAL);
	if (set)
		fake.ssp[vcpu] = *value;
	*value = fake.ssp[vcpu];
	return 0;
}

static int fake_vm_ioctl(unsigned long request, void *arg)
{
	struct kvm_clock_data *clock = arg;

	if (request == KVM_CHECK_EXTENSION) {
		assert_int_equal((uintptr_t)arg, KVM_CAP_XSAVE2);
		return fake.xsave_size;
	}
	if (request == KVM_SET_CLOCK) {
		assert_int_equal(clock->flags, 0);
		fake.clock_offset_ns += (int64_t)(clock->clock - fake_clock_ns());
	} else {
		assert_true(request == KVM_GET_CLOCK);
		clock->clock = fake_clock_ns();
		clock->host_tsc = fake.steady ? fake.host_tsc : 0xdead;
		clock->flags = fake.steady ? KVM_CLOCK_TSC_STABLE | KVM_CLOCK_HOST_TSC : 0;
	}
	fake.host_tsc += CALL_TIME;
	return 0;
}

static int fake_vcpu_ioctl(unsigned int vcpu, unsigned long request, void *arg)
{
	struct kvm_reg_list *list = arg;

	switch (request) {
	case KVM_GET_TSC_KHZ:
		return fake.khz < 0 ? fake_refuse(-fake.khz) : fake.khz;
	case KVM_GET_MSRS:
	case KVM_SET_MSRS:
		return fake_msrs(vcpu, request == KVM_SET_MSRS, arg);
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return fake_attr(vcpu, request == KVM_SET_DEVICE_ATTR, arg);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return fake_one_reg(vcpu, request == KVM_SET_ONE_REG, arg);
	case KVM_GET_REG_LIST:
		assert_true(fake.registers && list->n >= 1);
		list->n = 1;
		list->reg[0] = SSP;
		return 0;
	case KVM_GET_CPUID2:
		((struct kvm_cpuid2 *)arg)->nent = 2;
		return 0;
	case KVM_GET_XCRS:
	case KVM_SET_XCRS:
		return fake.xcrs ? 0 : fake_refuse(EINVAL);
	default:
		return 0;
	}
}

static int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	fake.host_tsc += CALL_TIME;
	if (fd == VM_FD)
		return fake_vm_ioctl(request, arg);
	if (fd == KVM_FD) {
		if (request == KVM_CHECK_EXTENSION)
			return (uintptr_t)arg == KVM_CAP_XCRS ? fake.xcrs : fake.registers;
		assert_true(request == KVM_GET_MSR_INDEX_LIST ||
			    request == KVM_GET_MSR_FEATURE_INDEX_LIST);
		return fake_list(arg, request == KVM_GET_MSR_FEATURE_INDEX_LIST);
	}
	assert_true(fd >= VCPU_FD && fd < VCPU_FD + VCPUS);
	if (fd == VCPU_FD && fake.nr_sets < sizeof(fake.sets) / sizeof(fake.sets[0]))
		fake.sets[fake.nr_sets++] = request;
	return fake_vcpu_ioctl((unsigned int)(fd - VCPU_FD), request, arg);
}

#define ioctl	fake_ioctl
#define __rdtsc fake_rdtsc
#include "../../src/vmm/x86/msr.c"
#include "../../src/vmm/x86/state.c"
#include "../../src/vmm/x86/state_msrs.c"
#include "../../src/vmm/x86/state_time.c"
#undef ioctl
#undef __rdtsc

static const int vcpu_fds[VCPUS] = { VCPU_FD, VCPU_FD + 1, VCPU_FD + 2 };
static const struct state_kvm fds = { KVM_FD, VM_FD, vcpu_fds, VCPUS };

static struct fake_msr *add_msr(uint32_t index, uint64_t value)
{
	struct fake_msr *msr = &fake.msrs[fake.nr_msrs++];

	*msr = (struct fake_msr){ .index = index, .listed = true };
	for (unsigned int i = 0; i < VCPUS; i++)
		msr->value[i] = value;
	return msr;
}

/* A new machine on a host of 2.5 GHz; what is in it has been there for a while. */
static void new_machine(bool steady)
{
	uint64_t host_tsc = fake.host_tsc;

	fake = (struct fake){ .host_tsc = host_tsc + 7000000000ull,
			      .steady = steady,
			      .khz = KHZ,
			      .xsave_size = 4096,
			      .xcrs = true };
	for (unsigned int i = 0; i < VCPUS; i++)
		fake.tsc_offset[i] = -fake.host_tsc;
	fake.clock_offset_ns = -(int64_t)(fake.host_tsc * 1000000 / KHZ);
	for (unsigned int i = 0; i < 10; i++)
		add_msr(0xc0000081 + i, 0);
}

static void save(struct records *records)
{
	struct error err = { "" };

	*records = (struct records){ 0 };
	if (state_save(&fds, records, &err) || records_end(records, &err))
		fail_msg("%s", err.text);
}

/* state_load and state_set_time of @records, which is freed. */
static int load(struct records *records, struct error *err)
{
	struct state *state = NULL;
	int ret;

	if (state_parse(records->bytes, records->size, VCPUS, &state, err))
		fail_msg("%s", err->text);
	ret = state_load(state, &fds, err);
	if (!ret)
		ret = state_set_time(state, &fds, err);
	state_free(state);
	records_free(records);
	return ret;
}

/* The guest's TSC on vCPU 0 when its kvmclock was 0: as the guest sees the two, to each other. */
static int64_t tsc_at_zero(void)
{
	return (int64_t)(fake.host_tsc + fake.tsc_offset[0]) -
	       (int64_t)(fake_clock_ns() * KHZ / 1000000);
}

static void clocks(void **unused)
{
	int64_t before, after, passed;
	uint64_t tsc, ns;
	struct records records;
	struct error err;

	(void)unused;
	for (int steady = 0; steady < 2; steady++) {
		new_machine(steady);
		/* The guest has set its TSCs, one of them to another time. */
		for (unsigned int i = 0; i < VCPUS; i++)
			fake.tsc_offset[i] += 123456789 + (i == 2 ? 1000 : 0);
		fake.deadline[1] = 999;
		fake.host_tsc += 5ull * KHZ * 1000;
		before = tsc_at_zero();
		tsc = fake.host_tsc + fake.tsc_offset[0];
		ns = fake_clock_ns();
		save(&records);

		new_machine(steady);
		assert_int_equal(load(&records, &err), 0);
		after = tsc_at_zero();
		/* To the nanosecond where KVM tells both at once, else to half of what a reading
		 * takes. */
		if (llabs(after - before) > (steady ? 2 * KHZ / 1000000 : CALL_TIME * 2))
			fail_msg("TSC at zero %lld, was %lld", (long long)after, (long long)before);
		/* A few calls, and not the years between. */
		passed = (int64_t)(fake.host_tsc + fake.tsc_offset[0] - tsc);
		assert_true(passed > 0 && passed < 200 * CALL_TIME);
		passed = (int64_t)(fake_clock_ns() - ns);
		assert_true(passed > 0 && passed < 200 * CALL_TIME * 1000000ll / KHZ);
		assert_int_equal(fake.tsc_offset[1], fake.tsc_offset[0]);
		assert_int_equal(fake.tsc_offset[2], fake.tsc_offset[0] + 1000);
		/* Timers after the last of the offsets. */
		for (unsigned int i = 0; i < VCPUS; i++)
			assert_true(fake.deadline_set[i]);
		assert_int_equal(fake.deadline[0], 0);
		assert_int_equal(fake.deadline[1], 999);
	}
}

static void unfit_clocks(void **unused)
{
	struct records records = { 0 };
	struct error err;

	(void)unused;
	new_machine(false);
	fake.khz = -EIO;
	assert_int_equal(state_save(&fds, &records, &err), -ENOTSUP);
	assert_string_equal(err.text, "KVM_GET_TSC_KHZ: KVM knows of no steady TSC on this host: "
				      "Input/output error");
	records_free(&records);

	new_machine(true);
	save(&records);
	new_machine(true);
	fake.khz = KHZ + 1;
	assert_int_equal(load(&records, &err), -ENOTSUP);
	assert_string_equal(err.text, "saved state: of a TSC of 2500000 kHz, KVM here gives guests "
				      "2500001 kHz");

	new_machine(false);
	save(&records);
	new_machine(false);
	fake.stuck = true;
	assert_int_equal(load(&records, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "KVM does not count the TSC from the offset"));
}

/* Some hundred, in more than one of KVM's batches; those it has and does not list; hidden ones. */
static void fill_msrs(uint64_t value)
{
	for (uint32_t i = 0; i < 300; i++) {
		struct fake_msr *msr = add_msr(0x1000 + i, i % 3 ? value + i : 0);

		msr->hidden = i % 50 == 49;
		msr->read_only = msr->hidden;
	}
	add_msr(0x179, 4)->listed = false;     /* MCG_CAP: 4 banks */
	add_msr(0x40f, value)->listed = false; /* MC3_MISC */
	add_msr(0x410, value)->listed = false; /* MC4_CTL, which is none */
	add_msr(0xfe, 0x102)->listed = false;  /* MTRR_CAP: 2 pairs, fixed ones */
	add_msr(0x203, value)->listed = false;
	add_msr(0x204, value)->listed = false; /* the third pair, which is none */
	add_msr(0x26f, value)->listed = false;
	add_msr(0x2ff, value)->listed = false;
	add_msr(0xc0011029, value)->feature = true;
	fake_find(0xc0011029)->listed = false;
	/* In both lists, and what is not kept. */
	add_msr(0x10a, 5)->feature = true;
	fake_find(0x10a)->read_only = true;
	add_msr(0x40000020, value);
	add_msr(0x4b564d00, value);
}

static void msrs(void **unused)
{
	struct records records;
	struct error err;

	(void)unused;
	new_machine(true);
	fill_msrs(77);
	save(&records);
	new_machine(true);
	fill_msrs(0);
	assert_int_equal(load(&records, &err), 0);
	for (uint32_t i = 0; i < 300; i++)
		if (i % 50 != 49)
			assert_int_equal(fake_find(0x1000 + i)->value[2], i % 3 ? 77 + i : 0);
	assert_int_equal(fake_find(0x40f)->value[2], 77);
	assert_int_equal(fake_find(0x203)->value[2], 77);
	assert_int_equal(fake_find(0x26f)->value[2], 77);
	assert_int_equal(fake_find(0x2ff)->value[2], 77);
	assert_int_equal(fake_find(0xc0011029)->value[2], 77);
	assert_int_equal(fake_find(0x204)->value[2], 0);
	assert_int_equal(fake_find(0x410)->value[2], 0);
	assert_int_equal(fake_find(0x40000020)->value[2], 0);
	assert_int_equal(fake_find(0x4b564d00)->value[2], 0);

	/* What a new vCPU has already is not written. */
	new_machine(true);
	fill_msrs(77);
	save(&records);
	fake.writes = 0;
	assert_int_equal(load(&records, &err), 0);
	assert_int_equal(fake.writes, 0);
}

static void msrs_that_are_refused(void **unused)
{
	struct records records;
	struct error err;

	(void)unused;
	new_machine(true);
	add_msr(0x1234, 0x99);
	save(&records);
	new_machine(true);
	add_msr(0x1234, 0)->read_only = true;
	assert_int_equal(load(&records, &err), -ENOTSUP);
	assert_string_equal(err.text,
			    "vCPU 0: KVM tells MSR 0x1234 as 0x99, and does not take it back");

	/* One that is not there any more matters only when it said anything. */
	for (uint64_t value = 0; value < 2; value++) {
		new_machine(true);
		add_msr(0x1234, value);
		save(&records);
		new_machine(true);
		assert_int_equal(load(&records, &err), value ? -ENOTSUP : 0);
	}
}

static void registers(void **unused)
{
	struct records records;
	struct error err;

	(void)unused;
	new_machine(true);
	fake.registers = true;
	fake.ssp[1] = 0x7fff1234;
	save(&records);
	new_machine(true);
	fake.registers = true;
	assert_int_equal(load(&records, &err), 0);
	assert_int_equal(fake.ssp[0], 0);
	assert_int_equal(fake.ssp[1], 0x7fff1234);
}

static void xsave(void **unused)
{
	struct records records;
	struct error err;

	(void)unused;
	new_machine(true);
	save(&records);
	new_machine(true);
	fake.xsave_size = 11008;
	assert_int_equal(load(&records, &err), -ENOTSUP);
	assert_string_equal(err.text, "saved state: an XSAVE area of 4096 bytes for vCPU 0, this "
				      "host's has 11008");
	new_machine(true);
	fake.xcrs = false;
	save(&records);
	assert_int_equal(load(&records, &err), 0);
	new_machine(true);
	save(&records);
	fake.xcrs = false;
	assert_int_equal(load(&records, &err), -ENOTSUP);
	assert_string_equal(err.text, "saved state: of a host with XSAVE, this one is without");
}

static void order(void **unused)
{
	static const unsigned long expected[] = {
		KVM_SET_CPUID2,	     KVM_SET_SREGS2,	KVM_SET_REGS,	     KVM_SET_XSAVE,
		KVM_SET_XCRS,	     KVM_SET_DEBUGREGS, KVM_SET_MSRS,	     KVM_SET_LAPIC,
		KVM_SET_VCPU_EVENTS, KVM_SET_MP_STATE,	KVM_SET_DEVICE_ATTR, KVM_SET_MSRS,
	};
	struct records records;
	struct error err;
	size_t at = 0;

	(void)unused;
	new_machine(true);
	add_msr(0x1234, 0x99);
	save(&records);
	new_machine(true);
	add_msr(0x1234, 0);
	assert_int_equal(load(&records, &err), 0);
	for (size_t i = 0; i < fake.nr_sets; i++) {
		if (fake.sets[i] == KVM_GET_MSRS || fake.sets[i] == KVM_GET_TSC_KHZ)
			continue;
		assert_true(at < sizeof(expected) / sizeof(expected[0]));
		if (fake.sets[i] != expected[at])
			fail_msg("call %zu is %#lx, not %#lx", at, fake.sets[i], expected[at]);
		at++;
	}
	assert_int_equal(at, sizeof(expected) / sizeof(expected[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks),    cmocka_unit_test(unfit_clocks),
		cmocka_unit_test(msrs),	     cmocka_unit_test(msrs_that_are_refused),
		cmocka_unit_test(registers), cmocka_unit_test(xsave),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
