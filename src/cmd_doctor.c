/* ktstr-launch doctor: will a run succeed on this host, with these kernels, and what will not work?
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doctor/findings.h"
#include "doctor/host.h"
#include "doctor/kernel.h"
#include "doctor/needs.h"
#include "report/artefacts.h"
#include "run/options.h"
#include "run/probe.h"
#include "util/terminal.h"

static const char usage[] =
	"Usage: ktstr-launch doctor [--kernel IMG]... [--boot] [--out DIR]\n\n"
	"Looks at this host (KVM, memory, limits, folders) and at kernels (image, release,\n"
	"configuration), and says of each thing whether it is well: \"ok\", \"warn\" where a part "
	"will\n"
	"not work or less well, \"FAIL\" where no plain run can succeed; and what to do about it.\n"
	"A kernel's configuration is taken from its image (CONFIG_IKCONFIG), else from 'config',\n"
	"'config-RELEASE' or '.config' beside it, /boot or /lib/modules.\n\n"
	"  --kernel IMG  a kernel to look at; may be given several times (KTSTR_KERNEL)\n"
	"  --boot        boot each of them as well, as `ktstr-launch probe` does: only that proves "
	"KVM\n"
	"  --out DIR     where artefacts are to go (KTSTR_OUT; ktstr-out)\n"
	"  --needs       print what a guest's kernel needs, as a table in Markdown\n\n"
	"Exit status: 0 when nothing was found that a plain run would fail for, 1 when something "
	"was,\n"
	"125 for wrong usage.\n";

struct doctor {
	const char **kernels;
	size_t nr_kernels;
	const char *out_dir;
	bool boot;
	/* The rest of what run would use here, from the environment. */
	struct run_options options;
	struct plan plan;
};

/* Returns whether it booted: then nothing speaks against this host's KVM any more. */
static bool boot(const struct doctor *doctor, const char *kernel, struct findings *findings)
{
	struct probe_config config = {
		.kernel = kernel,
		.plan = &doctor->plan,
		.append = doctor->options.append,
		.kaslr = doctor->options.kaslr,
		.boot_timeout_ms = doctor->options.boot_timeout_ms,
		.stall_timeout_ms = doctor->options.stall_timeout_ms,
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

static int examine(const struct doctor *doctor)
{
	struct findings findings = { .out = stdout,
				     .colour = terminal_wants_colour(STDOUT_FILENO) };
	const char *out_dir = doctor->out_dir ? doctor->out_dir : ARTEFACTS_DEFAULT_OUT;
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
	for (size_t i = 0; i < doctor->nr_kernels; i++) {
		unsigned int failures = findings.failures;

		fputc('\n', stdout);
		kernel_look(doctor->kernels[i], &findings);
		/* What cannot be booted is not tried. */
		if (doctor->boot && failures == findings.failures) {
			tried++;
			booted += boot(doctor, doctor->kernels[i], &findings);
		}
	}

	fputc('\n', stdout);
	findings_title(&findings, "In all");
	if (booted)
		findings_add(&findings, FINDING_OK, "KVM boots stock kernels here");
	else if (tried || against)
		findings_add(&findings, FINDING_WARN,
			     "tools/on-kvm would %suse tools/kvm-lab here: %s",
			     tried ? "" : "likely ", tried ? "KVM booted nothing" : against);
	if (!tried)
		findings_add(&findings, FINDING_OK,
			     "KVM is only proved by booting: ktstr-launch probe --kernel IMG, or "
			     "doctor --boot");
	printf("%u failed, %u warned of: %s\n", findings.failures, findings.warnings,
	       findings.failures ? "a plain run cannot succeed"
				 : "nothing that was found keeps a plain run from succeeding");
	return findings.failures ? 1 : 0;
}

static int wrong(const char *what, const char *why)
{
	command_complain("doctor: %s: %s; see ktstr-launch doctor --help", what, why);
	return COMMAND_CANNOT;
}

/* What run would take from the environment, its kernels where none is named. */
static int read_environment(struct doctor *doctor, char *name)
{
	char *words[] = { name, NULL };
	struct error err = { "" };
	int ret;

	/* getopt has been through our own. */
	optind = 1;
	ret = options_parse(&doctor->options, OPTIONS_MACHINE | OPTIONS_OUTPUT, false, 1, words,
			    &err);

	if (!ret)
		ret = probe_plan(&doctor->options.override, &doctor->plan, &err);
	if (ret) {
		command_complain("doctor: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (!doctor->nr_kernels)
		for (size_t i = 0; i < doctor->options.kernels.count; i++)
			doctor->kernels[doctor->nr_kernels++] = doctor->options.kernels.items[i];
	if (!doctor->out_dir)
		doctor->out_dir = doctor->options.out_dir;
	return 0;
}

/* Returns an exit status, or -1 to go on. */
static int parse(struct doctor *doctor, int argc, char **argv)
{
	static const struct option options[] = {
		{ "boot", no_argument, NULL, 'b' },	    { "help", no_argument, NULL, 'h' },
		{ "kernel", required_argument, NULL, 'k' }, { "needs", no_argument, NULL, 'n' },
		{ "out", required_argument, NULL, 'o' },    { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			doctor->boot = true;
			break;
		case 'k':
			doctor->kernels[doctor->nr_kernels++] = optarg;
			break;
		case 'o':
			doctor->out_dir = optarg;
			break;
		case 'n':
			needs_print(stdout);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case ':':
			return wrong(argv[optind - 1], "needs a value");
		default:
			return wrong(argv[optind - 1], "not known");
		}
	}
	return optind < argc ? wrong(argv[optind], "not known") : -1;
}

int cmd_doctor(int argc, char **argv)
{
	/* No more kernels can be named than there are words, or one in the environment. */
	struct doctor doctor = { .kernels = calloc((size_t)argc + 1, sizeof(char *)) };
	int status;

	if (!doctor.kernels) {
		command_complain("doctor: out of memory");
		return COMMAND_CANNOT;
	}
	status = parse(&doctor, argc, argv);
	if (status < 0) {
		status = read_environment(&doctor, argv[0]);
		if (!status && doctor.boot && !doctor.nr_kernels)
			status = wrong("--boot", "names no kernel; give --kernel IMG");
		if (!status)
			status = examine(&doctor);
		options_destroy(&doctor.options);
	}
	free(doctor.kernels);
	return status;
}
