/* How is one MSR of a vCPU read or written? See msr.h. */
#include "vmm/x86/msr.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

int msr_access(int vcpu_fd, unsigned long request, uint32_t index, uint64_t *value)
{
	union {
		struct kvm_msrs msrs;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} list = { .msrs.nmsrs = 1 };
	int ret;

	list.msrs.entries[0].index = index;
	list.msrs.entries[0].data = *value;
	ret = ioctl(vcpu_fd, request, &list);
	if (ret == 1)
		*value = list.msrs.entries[0].data;
	return ret < 0 ? -errno : ret;
}
