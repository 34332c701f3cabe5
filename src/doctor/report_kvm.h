/* What does KVM offer, and what of it does a guest get? For a bug report. */
#ifndef KTSTR_DOCTOR_REPORT_KVM_H
#define KTSTR_DOCTOR_REPORT_KVM_H

#include <stdbool.h>
#include <stdio.h>

#include "plan/topology.h"

/* report_kvm_write - capabilities, and the CPUID of vCPU 0; or one line on why there is none. */
void report_kvm_write(const char *root, const struct topology *topology, bool tsc_reliable,
		      FILE *out);

#endif
