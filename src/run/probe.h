/* Can this machine's KVM boot a kernel? Found out by booting it and running nothing in it. */
#ifndef KTSTR_RUN_PROBE_H
#define KTSTR_RUN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "util/error.h"

/* The longest release with its NUL (struct new_utsname). */
#define PROBE_RELEASE_SIZE 65

struct probe_config {
	const char *kernel;
	const struct plan *plan;
	const char *append; /* or NULL */
	bool kaslr;
	uint64_t boot_timeout_ms;  /* 0: what the topology needs, and a little more */
	uint64_t stall_timeout_ms; /* 0: the watch's default */
	const char *dump_acpi_dir, *dump_initramfs; /* or NULL */
};

/* probe_plan - a small machine, but for what the operator says. Errors are plan_make's. */
int probe_plan(const struct plan_override *override, struct plan *plan, struct error *err);

/*
 * probe_boot - @release: filled with the guest's own "uname -r"
 * Returns 0 when it booted; -ENOEXEC with "KVM here cannot boot ..." when it did not; another
 * negative errno when there was nothing to boot.
 */
int probe_boot(const struct probe_config *config, char release[PROBE_RELEASE_SIZE],
	       struct error *err);

#endif
