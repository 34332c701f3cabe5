/* Does this host allow so many vCPUs? See vcpu_limits.h. */
#include "vmm/vcpu_limits.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

/* Documentation/virt/kvm/api.rst, 4.4: where KVM_CAP_MAX_VCPUS is not told. */
#define DEFAULT_MAX_VCPUS 4

int vcpu_limits_check(int kvm_fd, const struct topology *topology, struct error *err)
{
	int max = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	int max_id = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID);
	unsigned int nr_vcpus = topology_cpus(topology);
	char spec[TOPOLOGY_SPEC_SIZE];

	topology_format(topology, spec);
	if (max <= 0)
		max = DEFAULT_MAX_VCPUS;
	/* As above: absent means the same as the number of vCPUs. */
	if (max_id <= 0)
		max_id = max;
	if (nr_vcpus > (unsigned int)max)
		return error_set(
			err, -EINVAL,
			"topology %s: %u vCPUs, but this host's KVM allows %d; give a smaller "
			"topology",
			spec, nr_vcpus, max);
	if (topology_max_apic_id(topology) >= (unsigned int)max_id)
		return error_set(
			err, -EINVAL,
			"topology %s: its last APIC id is %u, but this host's KVM allows ids "
			"below %d; give a smaller topology",
			spec, topology_max_apic_id(topology), max_id);
	return 0;
}

void vcpu_limits_make_room(unsigned int nr_vcpus)
{
	rlim_t wanted = (rlim_t)nr_vcpus + VCPU_LIMITS_OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	/* Where this is refused, KVM_CREATE_VCPU says what is missing. */
	setrlimit(RLIMIT_NOFILE, &limit);
}
