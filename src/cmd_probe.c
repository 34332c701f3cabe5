/* ktstr-launch probe: can this machine's KVM boot a stock kernel? Found out by booting one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "plan/host_tsc.h"
#include "run/guest.h"
#include "run/options.h"
#include "verdict/verdict.h"

static const char usage[] =
	"Usage: ktstr-launch probe --kernel IMG [OPTIONS]...\n\n"
	"Boots IMG, runs nothing in it, and says whether that went well. A /dev/kvm that opens and "
	"even\n"
	"creates machines may still be unable to run a stock kernel; this finds out, within the "
	"boot's\n"
	"budget.\n\n"
	"Exit status: 0 it booted, 125 it did not, with the reason in one line.\n\n";

#define GROUPS (OPTIONS_MACHINE | OPTIONS_DEBUG)

/* Enough for any stock kernel, and little enough for any host. */
#define PROBE_MEMORY_MIB 512
/* Its payload's limit, and what a boot may take beyond a test's: better slow than wrong. */
#define PROBE_EXTRA_MS	 5000

int cmd_probe(int argc, char **argv)
{
	static const char *const nothing[] = { "true", NULL };
	struct observation seen = { 0 };
	struct run_options options;
	struct error err = { "" };
	struct entry entry = { .argv = nothing, .timeout_ms = PROBE_EXTRA_MS };
	struct plan plan;
	struct verdict verdict;
	struct watch watch = {
		.seen = &seen, .cancel_fd = -1, .out_fd = -1, .err_fd = -1, .console_fd = -1
	};
	struct guest_config config = { .entry = &entry, .plan = &plan };
	struct topology topology;
	struct vmm *vmm;
	int ret, status = COMMAND_CANNOT;

	ret = options_parse(&options, GROUPS, false, argc, argv, &err);
	if (!ret && options.help) {
		fputs(usage, stdout);
		options_print(stdout, GROUPS);
		options_destroy(&options);
		return 0;
	}
	if (!ret && (!options.kernel || options.operands))
		ret = error_set(&err, -EINVAL, "takes --kernel IMG and no command");
	if (!ret)
		ret = topology_parse(PLAN_DEFAULT_TOPOLOGY, &topology, &err);
	if (!ret)
		ret = plan_make(&topology, PROBE_MEMORY_MIB, false, &options.override, &plan, &err);
	if (ret) {
		command_complain("probe: %s; see ktstr-launch probe --help", err.text);
		goto out;
	}
	plan.tsc_reliable = host_tsc_read();
	watch.stall_timeout_ms = options.stall_timeout_ms;
	config.kernel = options.kernel;
	config.append = options.append;
	config.dump_acpi_dir = options.dump_acpi_dir;
	config.dump_initramfs = options.dump_initramfs;
	config.kaslr = options.kaslr;
	config.boot_timeout_ms = options.boot_timeout_ms;
	if (!config.boot_timeout_ms)
		config.boot_timeout_ms = guest_boot_timeout_ms(&plan.topology) + PROBE_EXTRA_MS;
	ret = entry_find_busybox(&entry, &err);
	if (!ret)
		ret = observation_init(&seen);
	if (!ret)
		ret = guest_create(&config, &seen, &vmm, &err);
	if (!ret)
		ret = guest_run(&config, vmm, &watch, &err);
	if (ret) {
		command_complain("probe: %s", err.text);
		goto out;
	}
	verdict_of(&seen, &verdict);
	if (verdict.kind == VERDICT_PASS) {
		printf("KVM here boots %s\n", seen.release);
		status = 0;
	} else {
		command_complain("probe: KVM here cannot boot %s: %s", options.kernel,
				 verdict.cause);
	}
out:
	observation_destroy(&seen);
	entry_destroy(&entry);
	options_destroy(&options);
	return status;
}
