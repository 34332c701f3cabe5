/* Which MSRs are part of a machine's state, and how are they told to another vCPU? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/x86/msr.h"
#include "vmm/x86/state_parts.h"

/* Intel SDM vol. 4, table 2-2. */
#define MSR_MTRR_CAP	    0xfe
#define MSR_MCG_CAP	    0x179
#define MSR_LASTBRANCH_FROM 0x1db /* and three more: to, and the same of the last exception */
#define MSR_LASTINT_TO	    0x1de
#define MSR_MTRR_PHYS_BASE0 0x200 /* base and mask in turns */
#define MSR_MC0_CTL2	    0x280
#define MSR_MC0_CTL	    0x400 /* and status, address, misc; then the next bank's */

#define MTRR_CAP_COUNT 0xff
#define MTRR_CAP_FIXED 0x100
#define MCG_CAP_COUNT  0xff
#define MCG_CAP_CMCI   0x400

/* Documentation/virt/kvm/x86/msr.rst. */
#define MSR_KVM_WALL_CLOCK_OLD 0x11
#define MSR_KVM_WALL_CLOCK     0x4b564d00

/* Hyper-V's (its Top Level Functional Specification, appendix "Synthetic MSRs"). */
#define MSR_HYPERV_FIRST 0x40000000
#define MSR_HYPERV_LAST	 0x400001ff

/* KVM takes fewer than 256 at once (MAX_IO_MSRS). */
#define BATCH 128u

/* Beyond these no KVM goes: 8 and 32 today. */
#define MAX_MTRR_PAIRS 32u
#define MAX_BANKS      32u

static const uint32_t fixed_mtrrs[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
					0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

#define NR_FIXED     (sizeof(fixed_mtrrs) / sizeof(fixed_mtrrs[0]))
#define MAX_UNLISTED (2 * MAX_MTRR_PAIRS + NR_FIXED + 1 + 5 * MAX_BANKS)

union batch {
	struct kvm_msrs msrs;
	uint8_t room[sizeof(struct kvm_msrs) + BATCH * sizeof(struct kvm_msr_entry)];
};

bool state_keeps_msr(uint32_t index)
{
	/* Set by state_set_time. */
	if (index == MSR_TSC || index == MSR_TSC_DEADLINE)
		return false;
	/* To write it is to have KVM write the time to memory, now; a guest writes it to read it.
	 */
	if (index == MSR_KVM_WALL_CLOCK_OLD || index == MSR_KVM_WALL_CLOCK)
		return false;
	/* What the processor jumped to last, which is nobody's to set. */
	if (index >= MSR_LASTBRANCH_FROM && index <= MSR_LASTINT_TO)
		return false;
	/* KVM lists them for guests of another kind. Some are clocks. */
	return index < MSR_HYPERV_FIRST || index > MSR_HYPERV_LAST;
}

static int get_list(int kvm_fd, unsigned long request, const char *name, struct kvm_msr_list **out,
		    struct error *err)
{
	struct kvm_msr_list count = { 0 }, *list;
	int ret;

	/* It fails, and tells how many there are. */
	ioctl(kvm_fd, request, &count);
	list = calloc(1, sizeof(*list) + count.nmsrs * sizeof(list->indices[0]));
	if (!list)
		return error_set(err, -ENOMEM, "no memory for a list of %u MSRs", count.nmsrs);
	list->nmsrs = count.nmsrs;
	if (ioctl(kvm_fd, request, list) == 0) {
		*out = list;
		return 0;
	}
	ret = -errno;
	free(list);
	return error_set(err, ret, "/dev/kvm: %s: %s", name, strerror(-ret));
}

static void add_kept(struct kvm_msr_list *to, const struct kvm_msr_list *from)
{
	for (uint32_t i = 0; i < from->nmsrs; i++) {
		bool there = false;

		for (uint32_t j = 0; j < to->nmsrs; j++)
			there = there || to->indices[j] == from->indices[i];
		if (!there && state_keeps_msr(from->indices[i]))
			to->indices[to->nmsrs++] = from->indices[i];
	}
}

int state_list_msrs(int kvm_fd, struct kvm_msr_list **out, struct error *err)
{
	struct kvm_msr_list *state = NULL, *features = NULL, *all = NULL;
	int ret;

	ret = get_list(kvm_fd, KVM_GET_MSR_INDEX_LIST, "KVM_GET_MSR_INDEX_LIST", &state, err);
	/* Some of what it calls features can be written by a guest: AMD's DE_CFG. */
	if (!ret)
		ret = get_list(kvm_fd, KVM_GET_MSR_FEATURE_INDEX_LIST,
			       "KVM_GET_MSR_FEATURE_INDEX_LIST", &features, err);
	if (!ret) {
		all = calloc(1, sizeof(*all) +
					(state->nmsrs + features->nmsrs) * sizeof(all->indices[0]));
		if (!all)
			ret = error_set(err, -ENOMEM, "no memory for a list of MSRs");
	}
	if (!ret) {
		add_kept(all, state);
		add_kept(all, features);
		*out = all;
	}
	free(state);
	free(features);
	return ret;
}

/* Those that KVM has and does not list, by what the vCPU says of itself. */
static size_t add_unlisted(int vcpu_fd, struct kvm_msr_entry *entries)
{
	uint64_t mtrr_cap = 0, mcg_cap = 0;
	uint32_t pairs, banks;
	size_t count = 0;

	if (msr_access(vcpu_fd, KVM_GET_MSRS, MSR_MTRR_CAP, &mtrr_cap) == 1) {
		pairs = mtrr_cap & MTRR_CAP_COUNT;
		for (uint32_t i = 0; i < 2 * pairs && i < 2 * MAX_MTRR_PAIRS; i++)
			entries[count++].index = MSR_MTRR_PHYS_BASE0 + i;
		for (size_t i = 0; mtrr_cap & MTRR_CAP_FIXED && i < NR_FIXED; i++)
			entries[count++].index = fixed_mtrrs[i];
		entries[count++].index = MSR_MTRR_DEF_TYPE;
	}
	if (msr_access(vcpu_fd, KVM_GET_MSRS, MSR_MCG_CAP, &mcg_cap) == 1) {
		banks = mcg_cap & MCG_CAP_COUNT;
		for (uint32_t i = 0; i < banks && i < MAX_BANKS; i++) {
			for (uint32_t j = 0; j < 4; j++)
				entries[count++].index = MSR_MC0_CTL + 4 * i + j;
			if (mcg_cap & MCG_CAP_CMCI)
				entries[count++].index = MSR_MC0_CTL2 + i;
		}
	}
	return count;
}

/*
 * Read @count MSRs into @entries; those that the vCPU does not have are left out, and the rest
 * moves up. @count: how many are left.
 */
static int read_msrs(int vcpu_fd, struct kvm_msr_entry *entries, size_t *count)
{
	size_t kept = 0, at = 0;
	union batch batch = { 0 };

	while (at < *count) {
		size_t now = *count - at < BATCH ? *count - at : BATCH;
		int ret;

		batch.msrs.nmsrs = (uint32_t)now;
		memcpy(batch.msrs.entries, entries + at, now * sizeof(entries[0]));
		ret = ioctl(vcpu_fd, KVM_GET_MSRS, &batch);
		if (ret < 0)
			return -errno;
		memcpy(entries + kept, batch.msrs.entries, (size_t)ret * sizeof(entries[0]));
		kept += (size_t)ret;
		at += (size_t)ret;
		/* KVM stopped at one that this vCPU does not have. */
		if ((size_t)ret < now)
			at++;
	}
	*count = kept;
	return 0;
}

int state_save_msrs(int vcpu_fd, unsigned int index, const struct kvm_msr_list *list,
		    struct records *out, struct error *err)
{
	struct kvm_msr_entry *entries = calloc(list->nmsrs + MAX_UNLISTED, sizeof(*entries));
	size_t count;
	int ret;

	if (!entries)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its MSRs", index);
	count = add_unlisted(vcpu_fd, entries);
	for (uint32_t i = 0; i < list->nmsrs; i++)
		entries[count++].index = list->indices[i];
	ret = read_msrs(vcpu_fd, entries, &count);
	if (ret)
		error_set(err, ret, "vCPU %u: KVM_GET_MSRS: %s", index, strerror(-ret));
	else
		records_add(out, STATE_MSRS, index, entries, (uint32_t)(count * sizeof(*entries)));
	free(entries);
	return ret;
}

static int write_msrs(int vcpu_fd, unsigned int index, const struct kvm_msr_entry *entries,
		      size_t count, struct error *err)
{
	union batch batch = { 0 };

	for (size_t at = 0; at < count;) {
		size_t now = count - at < BATCH ? count - at : BATCH;
		int ret;

		batch.msrs.nmsrs = (uint32_t)now;
		memcpy(batch.msrs.entries, entries + at, now * sizeof(entries[0]));
		ret = ioctl(vcpu_fd, KVM_SET_MSRS, &batch);
		if (ret < 0) {
			ret = -errno;
			return error_set(err, ret, "vCPU %u: KVM_SET_MSRS: %s", index,
					 strerror(-ret));
		}
		at += (size_t)ret;
		if ((size_t)ret < now)
			return error_set(err, -ENOTSUP,
					 "vCPU %u: KVM tells MSR %#x as %#llx, and does not take "
					 "it back",
					 index, entries[at].index,
					 (unsigned long long)entries[at].data);
	}
	return 0;
}

/* The value of @index in @entries as read, which keep their order; 0 where it is not among them. */
static uint64_t value_of(const struct kvm_msr_entry *entries, size_t count, size_t *at,
			 uint32_t index)
{
	if (*at < count && entries[*at].index == index)
		return entries[(*at)++].data;
	return 0;
}

/*
 * KVM lists MSRs that it lets be read and not be written. Those have the same value on each vCPU of
 * the same CPUID, so that only what differs from a new vCPU is written.
 */
int state_load_msrs(int vcpu_fd, unsigned int index, const void *bytes, uint32_t size,
		    struct error *err)
{
	size_t count = size / sizeof(struct kvm_msr_entry), now_count = count, at = 0, differ = 0;
	struct kvm_msr_entry *saved = calloc(2 * count + 1, sizeof(*saved)), *now;
	int ret;

	if (!saved)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its MSRs", index);
	now = saved + count;
	memcpy(saved, bytes, count * sizeof(*saved));
	memcpy(now, saved, count * sizeof(*saved));
	ret = read_msrs(vcpu_fd, now, &now_count);
	if (ret) {
		error_set(err, ret, "vCPU %u: KVM_GET_MSRS: %s", index, strerror(-ret));
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		if (value_of(now, now_count, &at, saved[i].index) != saved[i].data)
			saved[differ++] = saved[i];
	ret = write_msrs(vcpu_fd, index, saved, differ, err);
out:
	free(saved);
	return ret;
}
