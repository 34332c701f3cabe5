/* What does this host's KVM say of itself? See kvm.h. */
#include "doctor/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "plan/presets.h"
#include "vmm/vmm.h"

/* Documentation/virt/kvm/api.rst, 4.4: where KVM_CAP_NR_VCPUS is not told. */
#define DEFAULT_VCPUS 4

void kvm_look(const char *path, struct kvm_facts *facts)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), vm;

	if (fd < 0) {
		facts->open_error = errno;
		return;
	}
	facts->api_version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (facts->api_version != KVM_API_VERSION)
		goto out;
	facts->lacks = vmm_lacking_capability(fd);
	facts->run_size = ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	facts->advised_vcpus = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
	facts->max_vcpus = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	facts->max_vcpu_ids = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID);
	facts->x2apic_api = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_X2APIC_API) > 0;
	if (facts->max_vcpus <= 0)
		facts->max_vcpus = DEFAULT_VCPUS;
	if (facts->max_vcpu_ids <= 0)
		facts->max_vcpu_ids = facts->max_vcpus;
	do {
		vm = ioctl(fd, KVM_CREATE_VM, 0);
	} while (vm < 0 && errno == EINTR);
	if (vm < 0)
		facts->create_error = errno;
	else
		close(vm);
out:
	close(fd);
}

static const char *judge_open(const struct kvm_facts *facts, struct findings *findings)
{
	int error = facts->open_error;

	findings_add(findings, FINDING_FAIL, "/dev/kvm: %s", strerror(error));
	if (error == ENOENT || error == ENODEV || error == ENXIO) {
		findings_more(findings, "load kvm-intel or kvm-amd; virtualization must be on in "
					"the firmware, and nested where this host is a guest");
		return "there is no KVM";
	}
	if (error == EACCES || error == EPERM) {
		findings_more(findings, "join the group that owns it (usually kvm), or run as "
					"root");
		return "/dev/kvm is not permitted to us";
	}
	return "/dev/kvm cannot be opened";
}

static void judge_limits(const struct kvm_facts *facts, struct findings *findings)
{
	int most = facts->max_vcpus < facts->max_vcpu_ids ? facts->max_vcpus : facts->max_vcpu_ids;
	char advised[32] = "";

	if (facts->advised_vcpus > 0)
		snprintf(advised, sizeof(advised), ", advises at most %d", facts->advised_vcpus);
	findings_add(findings, most < PRESETS_MAX_CPUS ? FINDING_WARN : FINDING_OK,
		     "KVM allows %d vCPUs and ids below %d%s", facts->max_vcpus,
		     facts->max_vcpu_ids, advised);
	if (most < PRESETS_MAX_CPUS)
		findings_more(findings, "topologies of more than %d CPUs are refused", most);
	if (!facts->x2apic_api) {
		findings_add(findings, FINDING_WARN, "KVM lacks KVM_CAP_X2APIC_API");
		findings_more(findings,
			      "topologies with APIC ids over 254 are refused; take a newer kernel");
	}
}

/* The processor's part: KVM may be there, and be of a kind that boots nothing. */
static const char *judge_processor(const struct kvm_facts *facts, struct findings *findings)
{
	if (*facts->virtual) {
		findings_add(findings, FINDING_OK, "the CPU has %s%s", facts->virtual,
			     facts->nested ? "; this host is a guest itself (nested)" : "");
		return NULL;
	}
	findings_add(findings, FINDING_WARN, "the CPU shows neither vmx nor svm%s",
		     facts->nested ? "; this host is a guest itself" : "");
	if (facts->open_error) {
		findings_more(findings, "%s",
			      facts->nested ? "let its own host allow nested virtualization"
					    : "turn virtualization on in the firmware");
		return NULL;
	}
	findings_more(findings, "a KVM without them (a paravirtual one) may run a few instructions "
				"and still boot no stock kernel");
	return "the CPU shows neither vmx nor svm";
}

const char *kvm_judge(const struct kvm_facts *facts, struct findings *findings)
{
	const char *against, *processor;

	if (facts->open_error) {
		against = judge_open(facts, findings);
	} else if (facts->api_version != KVM_API_VERSION) {
		findings_add(findings, FINDING_FAIL,
			     "/dev/kvm: KVM_GET_API_VERSION answers %d, the stable one is %d",
			     facts->api_version, KVM_API_VERSION);
		findings_more(findings, "this is no KVM that we know: see what /dev/kvm is");
		against = "/dev/kvm is no KVM that we know";
	} else if (facts->lacks || facts->run_size <= 0) {
		findings_add(findings, FINDING_FAIL, "/dev/kvm: lacks %s, which is needed",
			     facts->lacks ? facts->lacks : "KVM_GET_VCPU_MMAP_SIZE");
		findings_more(findings, "take a host with a newer kernel");
		against = "KVM lacks what is needed";
	} else if (facts->create_error) {
		findings_add(findings, FINDING_FAIL, "/dev/kvm: KVM_CREATE_VM: %s",
			     strerror(facts->create_error));
		findings_more(findings, "see whether another hypervisor uses the processor's "
					"virtualization");
		against = "KVM makes no virtual machine";
	} else {
		findings_add(findings, FINDING_OK,
			     "/dev/kvm: API %d, all needed capabilities, makes a VM",
			     facts->api_version);
		judge_limits(facts, findings);
		against = NULL;
	}
	processor = judge_processor(facts, findings);
	return against ? against : processor;
}
