/* Which KVM does this host have, and does it do for a machine? See kvm.h. */
#include "vmm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/vmm.h"

/* Documentation/virt/kvm/api.rst, linux/kvm.h, which older headers lack. */
#ifndef KVM_PRE_FAULT_MEMORY
struct kvm_pre_fault_memory {
	__u64 gpa, size, flags, padding[5];
};
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
#endif

const char *kvm_first_lacking(int kvm_fd, const struct kvm_need *needs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, needs[i].capability) <= 0)
			return needs[i].name;
	return NULL;
}

const char *vmm_lacking_capability(int kvm_fd)
{
	static const struct kvm_need needs[] = {
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI" },
		{ KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
		{ KVM_CAP_IOEVENTFD_NO_LENGTH, "KVM_CAP_IOEVENTFD_NO_LENGTH" },
	};
	const char *lacking = kvm_first_lacking(kvm_fd, needs, sizeof(needs) / sizeof(needs[0]));

	return lacking ? lacking : arch_lacking_capability(kvm_fd);
}

int kvm_open(size_t *run_size, struct error *err)
{
	const char *lacking;
	int fd, version, ret;

	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		if (ret == -ENOENT || ret == -ENODEV || ret == -ENXIO)
			return error_set(
				err, ret,
				"/dev/kvm: %s; this host offers no KVM: load kvm-intel or "
				"kvm-amd (virtualization must be on in the firmware), or run "
				"inside tools/kvm-lab",
				strerror(-ret));
		if (ret == -EACCES || ret == -EPERM)
			return error_set(
				err, ret,
				"/dev/kvm: %s; join the group that owns it (usually kvm), or "
				"run as root",
				strerror(-ret));
		return error_set(err, ret, "/dev/kvm: %s", strerror(-ret));
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		ret = error_set(err, -ENOTSUP,
				"/dev/kvm: KVM_GET_API_VERSION answers %d, the stable one is %d: "
				"this is no KVM that we know",
				version, KVM_API_VERSION);
		goto fail;
	}
	lacking = vmm_lacking_capability(fd);
	if (lacking) {
		ret = error_set(err, -ENOTSUP, "/dev/kvm: lacks %s, which is needed", lacking);
		goto fail;
	}
	ret = ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ret < (int)sizeof(struct kvm_run)) {
		ret = error_set(err, -ENOTSUP, "/dev/kvm: KVM_GET_VCPU_MMAP_SIZE answers %d", ret);
		goto fail;
	}
	*run_size = (size_t)ret;
	return fd;
fail:
	close(fd);
	return ret;
}

int kvm_create_vm(int kvm_fd, struct error *err)
{
	int fd, ret;

	do {
		fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	} while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return fd;
	ret = -errno;
	return error_set(err, ret,
			 "/dev/kvm: KVM_CREATE_VM: %s; is another hypervisor using the "
			 "processor's virtualization?",
			 strerror(-ret));
}

int kvm_vm_ioctl(int vm_fd, unsigned long request, void *arg, const char *name, struct error *err)
{
	int ret;

	if (ioctl(vm_fd, request, arg) >= 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "KVM refused %s: %s", name, strerror(-ret));
}

bool kvm_prefault(int vcpu_fd, uint64_t gpa, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa & ~UINT64_C(4095),
					      .size = (size + 4095) & ~UINT64_C(4095) };

	/* Unknown before Linux 6.11 (ENOTTY or EINVAL), and not for shadow page tables. */
	return !ioctl(vcpu_fd, KVM_PRE_FAULT_MEMORY, &range) ||
	       (errno != ENOTTY && errno != EINVAL && errno != EOPNOTSUPP);
}

int vmm_offers(const struct topology *topology, bool tsc_reliable, void **bytes, size_t *size,
	       struct error *err)
{
	size_t run_size;
	int fd = kvm_open(&run_size, err), ret;

	if (fd < 0)
		return fd;
	ret = arch_offers(fd, topology, tsc_reliable, bytes, size, err);
	close(fd);
	return ret;
}
