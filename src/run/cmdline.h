/* What is on the guest kernel's command line, and why? */
#ifndef KTSTR_RUN_CMDLINE_H
#define KTSTR_RUN_CMDLINE_H

#include <stdbool.h>

#include "plan/plan.h"
#include "util/error.h"
#include "vmm/vmm.h"
#include "wprof/wprof.h"

/*
 * cmdline_build - our defaults, the tracer's arguments, then the user's own, so that his win.
 * @kaslr: leave address randomisation on (no "nokaslr")
 * @plan: its tsc_reliable (the guest may trust its TSC unwatched) and record_mib count
 * @wprof: NULL: this VM runs without the tracer
 * @append: the user's, or NULL
 * The VMM puts the TSC's frequency before all of it (boot.h): VMM_CMDLINE_OWN is kept free.
 * Returns 0; -E2BIG with limit and length when the kernel would cut it; -EINVAL for control
 * characters.
 */
int cmdline_build(bool kaslr, const struct plan *plan, const struct wprof_config *wprof,
		  const char *append, char out[VMM_CMDLINE_SIZE], struct error *err);

#endif
