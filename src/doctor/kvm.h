/* What does this host's KVM say of itself? Asked without running anything. */
#ifndef KTSTR_DOCTOR_KVM_H
#define KTSTR_DOCTOR_KVM_H

#include <stdbool.h>

#include "doctor/findings.h"

struct kvm_facts {
	int open_error; /* errno of opening it, 0 when it is open */
	int api_version;
	const char *lacks;   /* a capability that the launcher needs, or NULL */
	int run_size;	     /* KVM_GET_VCPU_MMAP_SIZE */
	int create_error;    /* errno of making a VM, which is thrown away */
	int max_vcpus;	     /* KVM_CAP_MAX_VCPUS */
	int advised_vcpus;   /* KVM_CAP_NR_VCPUS; 0: not told */
	int max_vcpu_ids;    /* KVM_CAP_MAX_VCPU_ID */
	bool x2apic_api;     /* for APIC ids over 254 */
	const char *virtual; /* "vmx", "svm", or "" where the CPU shows neither */
	bool nested;	     /* this host is a guest itself */
};

/* @path: "/dev/kvm". virtual and nested are left to the caller. */
void kvm_look(const char *path, struct kvm_facts *facts);

/* Returns why stock kernels will not boot, as far as that can be told without booting one, or NULL.
 */
const char *kvm_judge(const struct kvm_facts *facts, struct findings *findings);

#endif
