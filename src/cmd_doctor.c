/* ktstr-launch doctor: will a run succeed on this host, with these kernels, and what will not work?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doctor/findings.h"
#include "doctor/host.h"
#include "doctor/kernel.h"
#include "doctor/needs.h"
#include "doctor/report.h"
#include "report/artefacts.h"
#include "run/kernel_find.h"
#include "run/options.h"
#include "run/probe.h"
#include "util/file.h"
#include "util/output_file.h"
#include "util/terminal.h"

struct doctor {
	const struct run_options *options;
	struct plan plan;
};

/* Returns whether it booted: then nothing speaks against this host's KVM any more. */
static bool boot(const struct doctor *doctor, const char *kernel, struct findings *findings)
{
	struct probe_config config = {
		.kernel = kernel,
		.plan = &doctor->plan,
		.append = doctor->options->append,
		.kaslr = doctor->options->kaslr,
		.boot_timeout_ms = doctor->options->boot_timeout_ms,
		.stall_timeout_ms = doctor->options->stall_timeout_ms,
	};
	char release[PROBE_RELEASE_SIZE];
	struct error err = { "" };

	/* It takes its time: what is known so far is to be seen meanwhile. */
	fflush(findings->out);
	if (probe_boot(&config, release, &err)) {
		findings_add(findings, FINDING_FAIL, "booting it: %s", err.text);
		findings_more(findings,
			      "where KVM is at fault, tools/on-kvm runs it in an emulated "
			      "host; else see the guest's own words");
		findings_more(findings, "with: ktstr-launch run --console --kernel IMG -- true");
		return false;
	}
	findings_add(findings, FINDING_OK, "booting it: KVM here boots %s", release);
	return true;
}

static void say(void *data, const char *line)
{
	(void)data;
	command_complain("doctor: %s", line);
}

/* Returns how often one was booted: 1, 0, or -1 where it was not tried. */
static int examine_kernel(const struct doctor *doctor, const char *named, struct findings *findings)
{
	const struct kernel_source source = { .root = "", .say = say };
	unsigned int failures = findings->failures;
	struct error err = { "" };
	int booted = -1;
	char *image;

	if (kernel_find(&source, named, &image, &err)) {
		findings_title(findings, "Kernel %s", named);
		findings_add_error(findings, FINDING_FAIL, &err);
		return -1;
	}
	kernel_look(image, findings);
	/* What cannot be booted is not tried. */
	if (doctor->options->boot && failures == findings->failures)
		booted = boot(doctor, image, findings);
	free(image);
	return booted;
}

static int write_report(const struct doctor *doctor, const char *findings, struct error *err)
{
	const struct doctor_report report = { .root = "",
					      .topology = &doctor->plan.topology,
					      .tsc_reliable = doctor->plan.tsc_reliable,
					      .findings = findings };
	struct output_file file;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int ret = out ? doctor_report_write(&report, out) : -ENOMEM;

	if (out && fclose(out))
		ret = -ENOMEM;
	if (ret) {
		free(text);
		return error_set(err, ret, "--report: out of memory");
	}
	ret = output_file_open(&file, doctor->options->report_file, err);
	if (!ret) {
		ret = file_write_all(file.fd, text, size);
		if (ret)
			error_set(err, ret, "'%s': %s", file.name, strerror(-ret));
		else
			ret = output_file_commit(&file, err);
		if (ret)
			output_file_abandon(&file);
	}
	free(text);
	return ret ? error_prefix(err, ret, "--report") : 0;
}

static int examine(const struct doctor *doctor, FILE *copy)
{
	struct findings findings = { .out = stdout,
				     .copy = copy,
				     .colour = terminal_wants_colour(STDOUT_FILENO) };
	const char *out_dir = doctor->options->out_dir ? doctor->options->out_dir
						       : ARTEFACTS_DEFAULT_OUT;
	const struct option_list *kernels = &doctor->options->kernels;
	struct host_facts *host = malloc(sizeof(*host));
	const char *against;
	size_t tried = 0, booted = 0;

	if (!host) {
		command_complain("doctor: out of memory");
		return COMMAND_CANNOT;
	}
	findings_title(&findings, "This host");
	host_look("", out_dir, host);
	against = host_judge(host, &findings);
	free(host);
	for (size_t i = 0; i < kernels->count; i++) {
		int ret;

		findings_title(&findings, "%s", "");
		ret = examine_kernel(doctor, kernels->items[i], &findings);
		tried += ret >= 0;
		booted += ret > 0;
	}

	findings_title(&findings, "%s", "");
	findings_title(&findings, "Summary");
	if (booted)
		findings_add(&findings, FINDING_OK, "KVM boots stock kernels here");
	else if (tried || against)
		findings_add(&findings, FINDING_WARN,
			     "tools/on-kvm would %suse tools/kvm-lab here: %s",
			     tried ? "" : "likely ", tried ? "KVM booted nothing" : against);
	if (!tried)
		findings_add(
			&findings, FINDING_OK,
			"only booting a kernel proves KVM: ktstr-launch probe --kernel IMG, or "
			"doctor --boot");
	findings_title(&findings, "%u failed, %u warnings: %s", findings.failures,
		       findings.warnings,
		       findings.failures   ? "a plain run cannot succeed"
		       : against && !tried ? "KVM is in doubt here, see above; all else will do"
					   : "no obstacle to a plain run was found");
	return findings.failures ? 1 : 0;
}

static int examine_and_report(const struct doctor *doctor)
{
	char *findings = NULL;
	struct error err = { "" };
	size_t size = 0;
	FILE *copy = open_memstream(&findings, &size);
	int status;

	if (!copy) {
		command_complain("doctor: out of memory");
		return COMMAND_CANNOT;
	}
	status = examine(doctor, copy);
	if (fclose(copy))
		error_set(&err, -ENOMEM, "--report: out of memory");
	else
		write_report(doctor, findings, &err);
	free(findings);
	if (!*err.text)
		return status;
	command_complain("doctor: %s", err.text);
	return COMMAND_CANNOT;
}

int cmd_doctor(const struct run_options *options)
{
	struct doctor doctor = { .options = options };
	struct error err = { "" };

	if (options->operands)
		return command_misused("doctor", "argument '%s': not known", *options->operands);
	if (options->needs) {
		needs_print(stdout);
		return 0;
	}
	if (options->boot && !options->kernels.count)
		return command_misused("doctor", "--boot: names no kernel; give --kernel IMG");
	if (probe_plan(&options->override, &doctor.plan, &err))
		return command_misused("doctor", "%s", err.text);
	return options->report_file ? examine_and_report(&doctor) : examine(&doctor, NULL);
}
