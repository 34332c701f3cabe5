/* ktstr-launch probe: can this machine's KVM boot a stock kernel? Found out by booting one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "run/options.h"
#include "run/probe.h"

static const char usage[] =
	"Usage: ktstr-launch probe --kernel IMG [OPTIONS]...\n\n"
	"Boots IMG, runs nothing in it, and says whether that went well. A /dev/kvm that opens and "
	"even\n"
	"creates machines may still be unable to run a stock kernel; this finds out, within the "
	"boot's\n"
	"budget.\n\n"
	"Exit status: 0 it booted, 125 it did not, with the reason in one line.\n\n";

#define GROUPS OPTIONS_OF_PROBE

int cmd_probe(int argc, char **argv)
{
	struct run_options options;
	struct error err = { "" };
	struct probe_config config = { 0 };
	char release[PROBE_RELEASE_SIZE];
	struct plan plan;
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
		ret = probe_plan(&options.override, &plan, &err);
	if (ret) {
		command_complain("probe: %s; see ktstr-launch probe --help", err.text);
		goto out;
	}
	config.kernel = options.kernel;
	config.plan = &plan;
	config.append = options.append;
	config.kaslr = options.kaslr;
	config.boot_timeout_ms = options.boot_timeout_ms;
	config.stall_timeout_ms = options.stall_timeout_ms;
	config.dump_acpi_dir = options.dump_acpi_dir;
	config.dump_initramfs = options.dump_initramfs;
	ret = probe_boot(&config, release, &err);
	if (ret) {
		command_complain("probe: %s", err.text);
		goto out;
	}
	printf("KVM here boots %s\n", release);
	status = 0;
out:
	options_destroy(&options);
	return status;
}
