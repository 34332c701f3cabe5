/* Can this machine's KVM boot a kernel? See probe.h. */
#include "run/probe.h"

#include <errno.h>
#include <stdio.h>

#include "host/tsc.h"
#include "run/guest.h"
#include "verdict/verdict.h"

/* Enough for any stock kernel, and little enough for any host. */
#define PROBE_MEMORY_MIB 512
/* Its payload's limit, and what a boot may take beyond a test's: better slow than wrong. */
#define PROBE_EXTRA_MS	 5000

int probe_plan(const struct plan_override *override, struct plan *plan, struct error *err)
{
	struct plan_wish wish = { .memory_mib = PROBE_MEMORY_MIB };
	int ret = topology_parse(PLAN_DEFAULT_TOPOLOGY, &wish.topology, err);

	if (!ret)
		ret = plan_make(&wish, override, plan, err);
	if (!ret)
		plan->tsc_reliable = host_tsc_read();
	return ret;
}

int probe_boot(const struct probe_config *config, char release[PROBE_RELEASE_SIZE],
	       struct error *err)
{
	static const char *const nothing[] = { "true", NULL };
	struct observation seen = { 0 };
	struct entry entry = { .argv = nothing, .timeout_ms = PROBE_EXTRA_MS };
	struct verdict verdict;
	struct watch watch = { .seen = &seen,
			       .stall_timeout_ms = config->stall_timeout_ms,
			       .cancel_fd = -1,
			       .out_fd = -1,
			       .err_fd = -1,
			       .console_fd = -1 };
	struct guest_config guest = { .kernel = config->kernel,
				      .entry = &entry,
				      .plan = config->plan,
				      .append = config->append,
				      .kaslr = config->kaslr,
				      .boot_timeout_ms = config->boot_timeout_ms,
				      .cancel_fd = -1,
				      .dump_acpi_dir = config->dump_acpi_dir,
				      .dump_initramfs = config->dump_initramfs };
	struct vmm *vmm;
	int ret;

	if (!guest.boot_timeout_ms)
		guest.boot_timeout_ms =
			guest_boot_timeout_ms(&config->plan->topology) + PROBE_EXTRA_MS;
	ret = entry_find_busybox(&entry, err);
	if (!ret)
		ret = observation_init(&seen);
	if (!ret)
		ret = guest_create(&guest, &seen, &vmm, err);
	if (!ret)
		ret = guest_run(&guest, vmm, &watch, err);
	guest_release(&guest);
	if (ret)
		goto out;
	verdict_of(&seen, &verdict);
	if (verdict.kind == VERDICT_PASS)
		snprintf(release, PROBE_RELEASE_SIZE, "%s", seen.release);
	else
		ret = error_set(err, -ENOEXEC, "KVM here cannot boot %s: %s", config->kernel,
				verdict.cause);
out:
	observation_destroy(&seen);
	entry_destroy(&entry);
	return ret;
}
