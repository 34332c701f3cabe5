/* ktstr-launch probe: can this machine's KVM boot a stock kernel? Found out by booting one. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "run/kernel_find.h"
#include "run/options.h"
#include "run/probe.h"

static void say(void *data, const char *line)
{
	(void)data;
	command_complain("%s", line);
}

int cmd_probe(const struct run_options *options)
{
	const struct kernel_source source = { .root = "", .say = say };
	struct probe_config config = { .append = options->append,
				       .kaslr = options->kaslr,
				       .boot_timeout_ms = options->boot_timeout_ms,
				       .stall_timeout_ms = options->stall_timeout_ms,
				       .dump_acpi_dir = options->dump_acpi_dir,
				       .dump_initramfs = options->dump_initramfs };
	char release[PROBE_RELEASE_SIZE], *kernel;
	struct error err = { "" };
	struct plan plan;
	int ret;

	if (options->operands)
		return command_misused("probe", "takes --kernel IMG and no command");
	if (probe_plan(&options->override, &plan, &err))
		return command_misused("probe", "%s", err.text);
	ret = kernel_find(&source, options->kernel, &kernel, &err);
	config.kernel = kernel;
	config.plan = &plan;
	if (!ret)
		ret = probe_boot(&config, release, &err);
	free(kernel);
	if (ret) {
		command_complain("probe: %s", err.text);
		return COMMAND_CANNOT;
	}
	printf("KVM here boots %s\n", release);
	return 0;
}
