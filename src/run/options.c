/* What did the user ask of a VM? See options.h. */
#include "run/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS 60000

enum option_id {
	OPTION_KERNEL = 256,
	OPTION_TOPOLOGY,
	OPTION_MEMORY,
	OPTION_WPROF,
	OPTION_WPROF_ARGS,
	OPTION_TIMEOUT,
	OPTION_BOOT_TIMEOUT,
	OPTION_STALL_TIMEOUT,
	OPTION_INCLUDE,
	OPTION_ENV,
	OPTION_OUT,
	OPTION_APPEND,
	OPTION_KASLR,
	OPTION_QUIET,
	OPTION_CONSOLE,
	OPTION_DUMP_ACPI,
	OPTION_DUMP_INITRAMFS,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPTION_KERNEL },
	{ "topology", required_argument, NULL, OPTION_TOPOLOGY },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "wprof", optional_argument, NULL, OPTION_WPROF },
	{ "wprof-args", required_argument, NULL, OPTION_WPROF_ARGS },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "boot-timeout", required_argument, NULL, OPTION_BOOT_TIMEOUT },
	{ "stall-timeout", required_argument, NULL, OPTION_STALL_TIMEOUT },
	{ "include", required_argument, NULL, OPTION_INCLUDE },
	{ "env", required_argument, NULL, OPTION_ENV },
	{ "out", required_argument, NULL, OPTION_OUT },
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "kaslr", no_argument, NULL, OPTION_KASLR },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "console", no_argument, NULL, OPTION_CONSOLE },
	{ "dump-acpi", required_argument, NULL, OPTION_DUMP_ACPI },
	{ "dump-initramfs", required_argument, NULL, OPTION_DUMP_INITRAMFS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

/* Settings that make sense for many runs: an environment variable is as good as the option. */
static const struct {
	const char *name;
	enum option_id id;
} variables[] = {
	{ "KTSTR_KERNEL", OPTION_KERNEL },
	{ "KTSTR_TOPOLOGY", OPTION_TOPOLOGY },
	{ "KTSTR_MEMORY", OPTION_MEMORY },
	{ "KTSTR_WPROF", OPTION_WPROF },
	{ "KTSTR_WPROF_ARGS", OPTION_WPROF_ARGS },
	{ "KTSTR_TIMEOUT", OPTION_TIMEOUT },
	{ "KTSTR_BOOT_TIMEOUT", OPTION_BOOT_TIMEOUT },
	{ "KTSTR_STALL_TIMEOUT", OPTION_STALL_TIMEOUT },
	{ "KTSTR_OUT", OPTION_OUT },
	{ "KTSTR_APPEND", OPTION_APPEND },
};

#define NR_VARIABLES (sizeof(variables) / sizeof(variables[0]))

const char options_usage[] =
	"  --kernel IMG           bzImage or uncompressed vmlinux; needed\n"
	"  --topology NnNlNcNt    NUMA nodes, LLCs in all, cores an LLC, threads a core\n"
	"                         (default " PLAN_DEFAULT_TOPOLOGY ")\n"
	"  --memory MIB           guest memory, taken as given (default: the most of 2048 and\n"
	"                         64 a CPU)\n"
	"  --wprof[=always]       when the test fails, run it again in an identical VM with the\n"
	"                         tracer on; always: trace the first VM too\n"
	"  --wprof-args \"ARGS\"    the tracer's arguments, in place of\n"
	"                         -d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8\n"
	"                         with -d widened to the payload's time\n"
	"  --timeout S            the payload's time limit in seconds, counted from its start\n"
	"                         (default 60; 0: none)\n"
	"  --boot-timeout S       the boot's own budget (default 10 and 0.15 a vCPU, at most 90)\n"
	"  --stall-timeout S      a guest that has not ended the payload S seconds past its limit has\n"
	"                         stalled (default 10; more for a slow host)\n"
	"  --include HOST[:GUEST] a file or folder that goes into the guest as well, with the\n"
	"                         libraries that it needs; again for more\n"
	"  --env K=V              a variable of the payload's environment; again for more\n"
	"  --out DIR              where artefacts go, in a new folder a run (default ktstr-out)\n"
	"  --append \"PARAMS\"      kernel parameters, after the default ones\n"
	"  --kaslr                leave the kernel's address randomisation on: slower to boot\n"
	"  --quiet                no words of the launcher's own but errors\n"
	"  --console              pass the guest's console on to standard error\n"
	"  --dump-acpi DIR        write the guest's ACPI tables to DIR\n"
	"  --dump-initramfs FILE  write the guest's initramfs to the new file FILE\n"
	"\n"
	"KTSTR_KERNEL, _TOPOLOGY, _MEMORY, _WPROF (1 or always), _WPROF_ARGS, _TIMEOUT,\n"
	"_BOOT_TIMEOUT, _STALL_TIMEOUT, _OUT and _APPEND in the environment stand for the options "
	"of\n"
	"these names.\n";

static int parse_seconds(const char *what, const char *text, uint64_t *ms, struct error *err)
{
	char *end;
	double seconds;

	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(seconds) || seconds < 0 ||
	    seconds > OPTIONS_MAX_SECONDS)
		return error_set(err, -EINVAL, "%s '%s': not a number of seconds from 0 to %d",
				 what, text, OPTIONS_MAX_SECONDS);
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	/* 0 means something else. */
	if (seconds > 0 && *ms == 0)
		*ms = 1;
	return 0;
}

static int parse_memory(const char *what, const char *text, uint64_t *mib, struct error *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	/* strtoull takes signs and blanks, a number of MiB has none; 2^30 MiB is a PiB. */
	if (*text < '0' || *text > '9' || *end || errno || value == 0 || value > 1ull << 30)
		return error_set(err, -EINVAL, "%s '%s': not a whole number of MiB above 0", what,
				 text);
	*mib = value;
	return 0;
}

static int parse_wprof(const char *what, const char *text, enum wprof_mode *mode, struct error *err)
{
	if (!text || !strcmp(text, "1"))
		*mode = WPROF_REPRO;
	else if (!strcmp(text, "always"))
		*mode = WPROF_ALWAYS;
	else if (!strcmp(text, "0"))
		*mode = WPROF_OFF;
	else
		return error_set(
			err, -EINVAL,
			"%s '%s': takes 'always', '1' (a failure only, the same as no value) or "
			"'0'",
			what, text);
	return 0;
}

static int add_include(struct run_options *options, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	struct entry_include *grown;

	if (colon == text || !*text)
		return error_set(err, -EINVAL, "--include '%s': takes HOST or HOST:GUEST", text);
	if (colon && colon[1] != '/')
		return error_set(err, -EINVAL,
				 "--include '%s': the path in the guest must be absolute", text);
	grown = reallocarray(options->includes, options->nr_includes + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "--include: out of memory");
	options->includes = grown;
	grown += options->nr_includes;
	*grown = (struct entry_include){
		.host = strndup(text, colon ? (size_t)(colon - text) : strlen(text)),
		.guest = colon ? colon + 1 : NULL,
	};
	if (!grown->host)
		return error_set(err, -ENOMEM, "--include: out of memory");
	options->nr_includes++;
	return 0;
}

static int add_env(struct run_options *options, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	const char **grown;

	if (!equals || equals == text)
		return error_set(err, -EINVAL, "--env '%s': takes NAME=VALUE", text);
	grown = reallocarray(options->env, options->nr_env + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "--env: out of memory");
	options->env = grown;
	grown[options->nr_env++] = text;
	return 0;
}

/* @what: how the user named it, "--memory" or "KTSTR_MEMORY". */
static int set_option(struct run_options *options, int id, const char *what, const char *value,
		      struct error *err)
{
	int ret;

	switch (id) {
	case OPTION_KERNEL:
		options->kernel = value;
		return 0;
	case OPTION_TOPOLOGY:
		ret = topology_parse(value, &options->override.topology, err);
		options->override.has_topology = !ret;
		return ret ? error_prefix(err, ret, "%s", what) : 0;
	case OPTION_MEMORY:
		return parse_memory(what, value, &options->override.memory_mib, err);
	case OPTION_WPROF:
		return parse_wprof(what, value, &options->wprof, err);
	case OPTION_WPROF_ARGS:
		options->wprof_args = value;
		return 0;
	case OPTION_TIMEOUT:
		return parse_seconds(what, value, &options->timeout_ms, err);
	case OPTION_BOOT_TIMEOUT:
		return parse_seconds(what, value, &options->boot_timeout_ms, err);
	case OPTION_STALL_TIMEOUT:
		return parse_seconds(what, value, &options->stall_timeout_ms, err);
	case OPTION_INCLUDE:
		return add_include(options, value, err);
	case OPTION_ENV:
		return add_env(options, value, err);
	case OPTION_OUT:
		options->out_dir = value;
		return 0;
	case OPTION_APPEND:
		options->append = value;
		return 0;
	case OPTION_KASLR:
		options->kaslr = true;
		return 0;
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	case OPTION_CONSOLE:
		options->console = true;
		return 0;
	case OPTION_DUMP_ACPI:
		options->dump_acpi_dir = value;
		return 0;
	case OPTION_DUMP_INITRAMFS:
		options->dump_initramfs = value;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	default:
		return error_set(err, -EINVAL, "option %d has no meaning", id);
	}
}

static int parse_environment(struct run_options *options, struct error *err)
{
	size_t used = 0;
	char *value;
	int ret = 0;

	options->from_environment = calloc(NR_VARIABLES + 1, sizeof(*options->from_environment));
	if (!options->from_environment)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < NR_VARIABLES; i++) {
		value = getenv(variables[i].name);
		if (!value || !*value)
			continue;
		if (asprintf(&options->from_environment[used], "%s=%s", variables[i].name, value) <
		    0) {
			options->from_environment[used] = NULL;
			return error_set(err, -ENOMEM, "out of memory");
		}
		used++;
		ret = set_option(options, variables[i].id, variables[i].name, value, err);
	}
	return ret;
}

int options_parse(struct run_options *options, int argc, char **argv, struct error *err)
{
	int id, index, ret;

	*options = (struct run_options){ .timeout_ms = DEFAULT_TIMEOUT_MS };
	ret = parse_environment(options, err);
	/* '+': what follows the payload's name is the payload's; ':': the messages are ours. */
	while (!ret && (id = getopt_long(argc, argv, "+:h", long_options, &index)) != -1) {
		char what[64];

		if (id == ':')
			return error_set(err, -EINVAL, "option '%s' needs a value",
					 argv[optind - 1]);
		if (id == '?' && optopt > 0 && optopt < 256)
			return error_set(err, -EINVAL, "option '-%c': not known", optopt);
		if (id == '?' && optopt)
			return error_set(err, -EINVAL, "option '%s': takes no value",
					 argv[optind - 1]);
		if (id == '?')
			return error_set(err, -EINVAL, "option '%s': not known", argv[optind - 1]);
		if (id == 'h') {
			options->help = true;
			continue;
		}
		snprintf(what, sizeof(what), "--%s", long_options[index].name);
		ret = set_option(options, id, what, optarg, err);
	}
	if (!ret && optind < argc)
		options->payload = (const char *const *)argv + optind;
	return ret;
}

void options_destroy(struct run_options *options)
{
	for (char **text = options->from_environment; text && *text; text++)
		free(*text);
	free(options->from_environment);
	for (size_t i = 0; i < options->nr_includes; i++)
		free((char *)options->includes[i].host);
	free(options->includes);
	free(options->env);
	*options = (struct run_options){ 0 };
}
