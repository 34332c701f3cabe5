/* What does a first bug report from a machine need? All of it in one text that can be pasted. */
#ifndef KTSTR_DOCTOR_REPORT_H
#define KTSTR_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "plan/topology.h"

struct doctor_report {
	const char *root; /* before "/proc", "/sys", "/dev" and "/etc"; "" but for tests */
	const struct topology *topology; /* of the guest whose first vCPU's CPUID is shown */
	bool tsc_reliable;
	const char *findings; /* what doctor said, without colours */
};

/*
 * doctor_report_write - launcher, host, CPU, memory, limits, KVM's parameters and capabilities,
 * CPUID as the guest's vCPU 0 is given it, and the findings. Names of persons and machines are left
 * out (scrub.h), as is each parameter of the host's command line that is not known to matter.
 * Returns 0, or -ENOMEM.
 */
int doctor_report_write(const struct doctor_report *report, FILE *out);

#endif
