/* ktstr-launch probe: can this machine's KVM boot a stock kernel? Found out by booting one. */
#include <stdio.h>

#include "command.h"
#include "run/options.h"
#include "run/probe.h"

int cmd_probe(const struct run_options *options)
{
	struct probe_config config = { .kernel = options->kernel,
				       .append = options->append,
				       .kaslr = options->kaslr,
				       .boot_timeout_ms = options->boot_timeout_ms,
				       .stall_timeout_ms = options->stall_timeout_ms,
				       .dump_acpi_dir = options->dump_acpi_dir,
				       .dump_initramfs = options->dump_initramfs };
	char release[PROBE_RELEASE_SIZE];
	struct error err = { "" };
	struct plan plan;

	if (!options->kernel || options->operands)
		return command_misused("probe", "takes --kernel IMG and no command");
	if (probe_plan(&options->override, &plan, &err))
		return command_misused("probe", "%s", err.text);
	config.plan = &plan;
	if (probe_boot(&config, release, &err)) {
		command_complain("probe: %s", err.text);
		return COMMAND_CANNOT;
	}
	printf("KVM here boots %s\n", release);
	return 0;
}
