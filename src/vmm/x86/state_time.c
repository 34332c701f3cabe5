/*
 * How do a machine's clocks stand still between being saved and going on? As
 * Documentation/virt/kvm/devices/vcpu.rst has it for KVM_VCPU_TSC_OFFSET, but for the time that
 * passed meanwhile, which is not made up for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "vmm/x86/msr.h"
#include "vmm/x86/state_parts.h"

/* Of several readings the one with the least time between its two ends is taken. */
#define READINGS 5

struct moment {
	uint64_t kvmclock_ns;
	uint64_t host_tsc;
};

/*
 * kvmclock and the host's TSC at one moment. KVM tells both where it computes the one from the
 * other (KVM_CLOCK_HOST_TSC). Elsewhere the host's TSC is not fit for that, and guests keep time by
 * what KVM corrects all the while, so that it is enough to read them one after the other.
 */
static int read_moment(int vm_fd, struct moment *moment, struct error *err)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		struct kvm_clock_data clock = { 0 };
		uint64_t before = __rdtsc(), after;

		if (ioctl(vm_fd, KVM_GET_CLOCK, &clock) < 0) {
			int ret = -errno;

			return error_set(err, ret, "KVM_GET_CLOCK: %s", strerror(-ret));
		}
		after = __rdtsc();
		if (clock.flags & KVM_CLOCK_HOST_TSC) {
			*moment = (struct moment){ clock.clock, clock.host_tsc };
			return 0;
		}
		if (after - before < least) {
			least = after - before;
			*moment = (struct moment){ clock.clock, before + least / 2 };
		}
	}
	return 0;
}

/* In kHz. */
static int read_frequency(int vcpu_fd, uint32_t *khz, struct error *err)
{
	int ret = ioctl(vcpu_fd, KVM_GET_TSC_KHZ, 0);

	if (ret <= 0)
		return error_set(err, -ENOTSUP,
				 "KVM_GET_TSC_KHZ: KVM knows of no steady TSC on this host: %s",
				 ret < 0 ? strerror(errno) : "0 kHz");
	*khz = (uint32_t)ret;
	return 0;
}

static int access_offset(int vcpu_fd, unsigned long request, unsigned int index, uint64_t *offset,
			 struct error *err)
{
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL,
					.attr = KVM_VCPU_TSC_OFFSET,
					.addr = (uint64_t)(uintptr_t)offset };
	int ret;

	if (ioctl(vcpu_fd, request, &attr) == 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "vCPU %u: %s of KVM_VCPU_TSC_OFFSET: %s", index,
			 request == KVM_GET_DEVICE_ATTR ? "KVM_GET_DEVICE_ATTR"
							: "KVM_SET_DEVICE_ATTR",
			 strerror(-ret));
}

int state_save_time(const struct state_kvm *kvm, struct records *out, struct error *err)
{
	struct state_clock clock = { .nr_vcpus = kvm->nr_vcpus };
	struct moment moment = { 0 };
	int ret;

	ret = read_moment(kvm->vm_fd, &moment, err);
	if (!ret)
		ret = read_frequency(kvm->vcpu_fds[0], &clock.tsc_khz, err);
	if (ret)
		return ret;
	clock.kvmclock_ns = moment.kvmclock_ns;
	clock.host_tsc = moment.host_tsc;
	records_add(out, STATE_CLOCK, 0, &clock, sizeof(clock));
	for (unsigned int i = 0; i < kvm->nr_vcpus; i++) {
		struct state_timer timer = { 0 };

		ret = access_offset(kvm->vcpu_fds[i], KVM_GET_DEVICE_ATTR, i, &timer.tsc_offset,
				    err);
		if (ret)
			return ret;
		ret = msr_access(kvm->vcpu_fds[i], KVM_GET_MSRS, MSR_TSC_DEADLINE,
				 &timer.tsc_deadline);
		if (ret != 1)
			return error_set(err, ret < 0 ? ret : -ENOTSUP,
					 "vCPU %u: KVM does not tell IA32_TSC_DEADLINE", i);
		records_add(out, STATE_TIMER, i, &timer, sizeof(timer));
	}
	return 0;
}

int state_check_frequency(const struct state *state, const struct state_kvm *kvm, struct error *err)
{
	uint32_t khz = 0;
	int ret = read_frequency(kvm->vcpu_fds[0], &khz, err);

	if (!ret && khz != state->clock.tsc_khz)
		ret = error_set(err, -ENOTSUP,
				"saved state: of a TSC of %u kHz, KVM here gives guests %u kHz",
				state->clock.tsc_khz, khz);
	return ret;
}

/*
 * What to add to each saved offset, so that TSC and kvmclock are to each other as they were. They
 * are read again after the clock is set: nobody else knows when exactly that was.
 */
static int start_clock(const struct state *state, int vm_fd, uint64_t *shift, struct error *err)
{
	const struct state_clock *saved = &state->clock;
	struct kvm_clock_data clock = { .clock = saved->kvmclock_ns };
	struct moment now = { 0 };
	int64_t passed_ns;
	int ret;

	if (ioctl(vm_fd, KVM_SET_CLOCK, &clock) < 0) {
		ret = -errno;
		return error_set(err, ret, "KVM_SET_CLOCK: %s", strerror(-ret));
	}
	ret = read_moment(vm_fd, &now, err);
	if (ret)
		return ret;
	passed_ns = (int64_t)(now.kvmclock_ns - saved->kvmclock_ns);
	*shift = saved->host_tsc - now.host_tsc +
		 (uint64_t)((__int128)passed_ns * saved->tsc_khz / 1000000);
	return 0;
}

/*
 * Does KVM count a vCPU's TSC from the offset that it was given? Not where it has found the host's
 * TSC unstable: there it counts from what a vCPU saw last, and computes timers from that.
 */
static int check_tsc(int vcpu_fd, uint64_t offset, uint32_t khz, struct error *err)
{
	uint64_t before = __rdtsc() + offset, value = 0, after;

	if (msr_access(vcpu_fd, KVM_GET_MSRS, MSR_TSC, &value) != 1)
		return error_set(err, -ENOTSUP, "KVM does not tell IA32_TIME_STAMP_COUNTER");
	after = __rdtsc() + offset;
	/* A millisecond for CPUs of the host whose TSCs differ. */
	if (value - (before - khz) <= after - before + 2 * (uint64_t)khz)
		return 0;
	return error_set(err, -ENOTSUP,
			 "KVM does not count the TSC from the offset that it was given: %llu "
			 "instead of %llu; it has found the host's TSC unstable",
			 (unsigned long long)value, (unsigned long long)before);
}

int state_set_time(const struct state *state, const struct state_kvm *kvm, struct error *err)
{
	uint64_t shift = 0, offset = 0;
	int ret;

	ret = start_clock(state, kvm->vm_fd, &shift, err);
	/* KVM takes TSCs for synchronous when the same offset is written to all, one after the
	 * other. */
	for (unsigned int i = 0; !ret && i < kvm->nr_vcpus; i++) {
		offset = state->vcpus[i].timer.tsc_offset + shift;
		ret = access_offset(kvm->vcpu_fds[i], KVM_SET_DEVICE_ATTR, i, &offset, err);
	}
	if (!ret)
		ret = check_tsc(kvm->vcpu_fds[kvm->nr_vcpus - 1], offset, state->clock.tsc_khz,
				err);
	/* KVM computes when a timer fires from the offset, and in the LAPIC's mode, as they are
	 * now. */
	for (unsigned int i = 0; !ret && i < kvm->nr_vcpus; i++) {
		uint64_t deadline = state->vcpus[i].timer.tsc_deadline;

		ret = msr_access(kvm->vcpu_fds[i], KVM_SET_MSRS, MSR_TSC_DEADLINE, &deadline);
		ret = ret == 1 ? 0
			       : error_set(err, ret < 0 ? ret : -ENOTSUP,
					   "vCPU %u: KVM does not take IA32_TSC_DEADLINE", i);
	}
	return ret;
}
