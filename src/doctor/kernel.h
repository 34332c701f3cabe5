/* Can a kernel image be booted, and which parts will work in it? Read, not run. */
#ifndef KTSTR_DOCTOR_KERNEL_H
#define KTSTR_DOCTOR_KERNEL_H

#include "doctor/findings.h"
#include "doctor/kernel_config.h"

/* kernel_look - all of it: image, release, configuration and the table of needs. */
void kernel_look(const char *path, struct findings *findings);

/*
 * kernel_judge - a configuration against the table of needs.
 * @release: "6.12.9-cloud-amd64", or "" when it is not known: then what an option's absence means
 * is judged as for a new kernel
 */
void kernel_judge(const struct kernel_config *config, const char *release,
		  struct findings *findings);

#endif
