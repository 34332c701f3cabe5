/* What does KVM offer, and what of it does a guest get? See report_kvm.h. */
#include "doctor/report_kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/x86/cpuid.h"

#define CAPABILITY(name)                                                                           \
	{                                                                                          \
#name, name                                                                        \
	}

/* What the launcher needs or would use, and what tells one KVM from another. */
static const struct {
	const char *name;
	int number;
} capabilities[] = {
	CAPABILITY(KVM_CAP_USER_MEMORY),
	CAPABILITY(KVM_CAP_IRQCHIP),
	CAPABILITY(KVM_CAP_SPLIT_IRQCHIP),
	CAPABILITY(KVM_CAP_PIT2),
	CAPABILITY(KVM_CAP_REINJECT_CONTROL),
	CAPABILITY(KVM_CAP_EXT_CPUID),
	CAPABILITY(KVM_CAP_SET_TSS_ADDR),
	CAPABILITY(KVM_CAP_SET_IDENTITY_MAP_ADDR),
	CAPABILITY(KVM_CAP_IOEVENTFD),
	CAPABILITY(KVM_CAP_IMMEDIATE_EXIT),
	CAPABILITY(KVM_CAP_X2APIC_API),
	CAPABILITY(KVM_CAP_NR_VCPUS),
	CAPABILITY(KVM_CAP_MAX_VCPUS),
	CAPABILITY(KVM_CAP_MAX_VCPU_ID),
	CAPABILITY(KVM_CAP_NR_MEMSLOTS),
	CAPABILITY(KVM_CAP_TSC_CONTROL),
	CAPABILITY(KVM_CAP_GET_TSC_KHZ),
	CAPABILITY(KVM_CAP_TSC_DEADLINE_TIMER),
	CAPABILITY(KVM_CAP_ADJUST_CLOCK),
	CAPABILITY(KVM_CAP_KVMCLOCK_CTRL),
	CAPABILITY(KVM_CAP_INTERNAL_ERROR_DATA),
	CAPABILITY(KVM_CAP_EXIT_ON_EMULATION_FAILURE),
	CAPABILITY(KVM_CAP_XSAVE2),
	CAPABILITY(KVM_CAP_SYNC_MMU),
};

/* Intel's processor serial number, where it is told. */
#define LEAF_SERIAL 3

union cpuid {
	struct kvm_cpuid2 head;
	char room[sizeof(struct kvm_cpuid2) + CPUID_MAX_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
};

static void put_cpuid(int kvm_fd, const struct topology *topology, bool tsc_reliable, FILE *out)
{
	union cpuid *supported = calloc(2, sizeof(*supported)), *given;
	char spec[TOPOLOGY_SPEC_SIZE];
	struct error err = { "" };

	topology_format(topology, spec);
	fprintf(out, "\n== CPUID of vCPU 0 with topology %s: eax ebx ecx edx, where one is not 0\n",
		spec);
	if (!supported)
		return;
	given = supported + 1;
	supported->head.nent = CPUID_MAX_ENTRIES;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, supported) < 0)
		fprintf(out, "KVM_GET_SUPPORTED_CPUID: %s\n", strerror(errno));
	else if (cpuid_build(&supported->head, topology, tsc_reliable, 0, &given->head, &err))
		fprintf(out, "%s\n", err.text);
	for (uint32_t i = 0; i < given->head.nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &given->head.entries[i];

		/* Most of those that KVM fills in are zero, as is what is not told. */
		if (entry->function != LEAF_SERIAL &&
		    (entry->eax | entry->ebx | entry->ecx | entry->edx))
			fprintf(out, "%08x.%x: %08x %08x %08x %08x\n", entry->function,
				entry->index, entry->eax, entry->ebx, entry->ecx, entry->edx);
	}
	free(supported);
}

void report_kvm_write(const char *root, const struct topology *topology, bool tsc_reliable,
		      FILE *out)
{
	char path[PATH_MAX];
	int fd;

	fputs("\n== KVM: capabilities\n", out);
	if (snprintf(path, sizeof(path), "%s/dev/kvm", root) >= (int)sizeof(path))
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		fprintf(out, "/dev/kvm: %s\n", strerror(errno));
		return;
	}
	fprintf(out, "KVM_GET_API_VERSION: %d\n", ioctl(fd, KVM_GET_API_VERSION, 0));
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		fprintf(out, "%s: %d\n", capabilities[i].name,
			ioctl(fd, KVM_CHECK_EXTENSION, capabilities[i].number));
	put_cpuid(fd, topology, tsc_reliable, out);
	close(fd);
}
