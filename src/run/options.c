/* What did the user ask for? See options.h. */
#include "run/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/values.h"

#define DEFAULT_TIMEOUT_MS 60000
#define MAX_SHARDS	   100000

/* Where the help text begins, after the option and its value. */
#define HELP_COLUMN 25

enum option_id {
	OPTION_KERNEL = 256,
	OPTION_TOPOLOGY,
	OPTION_MEMORY,
	OPTION_APPEND,
	OPTION_KASLR,
	OPTION_BOOT_TIMEOUT,
	OPTION_STALL_TIMEOUT,
	OPTION_WPROF,
	OPTION_WPROF_ARGS,
	OPTION_TIMEOUT,
	OPTION_INCLUDE,
	OPTION_ENV,
	OPTION_OUT,
	OPTION_QUIET,
	OPTION_STDERR,
	OPTION_CONSOLE,
	OPTION_DUMP_ACPI,
	OPTION_DUMP_INITRAMFS,
	OPTION_GAUNTLET,
	OPTION_FILTER,
	OPTION_EXCLUDE,
	OPTION_FAILED,
	OPTION_SHARD,
	OPTION_DRY_RUN,
	OPTION_JOBS,
	OPTION_FAIL_FAST,
	OPTION_REPEAT,
	OPTION_SEED,
	OPTION_TAP,
	OPTION_KTAP,
	OPTION_JUNIT,
	OPTION_JSON,
	OPTION_TEST,
	OPTION_EXEC,
	OPTION_HELP,
};

/*
 * In the order of the usage text. A value in brackets may be left out. A variable is there for
 * settings that make sense for many runs. Help: lines of at most 70 columns.
 */
static const struct definition {
	const char *name;
	const char *value; /* NULL: it takes none */
	enum option_id id;
	unsigned int group;
	const char *variable;
	const char *help;
} definitions[] = {
	{ "kernel", "IMG", OPTION_KERNEL, OPTIONS_MACHINE, "KTSTR_KERNEL",
	  "bzImage or uncompressed vmlinux; needed" },
	{ "topology", "NnNlNcNt", OPTION_TOPOLOGY, OPTIONS_MACHINE, "KTSTR_TOPOLOGY",
	  "NUMA nodes, LLCs in all, cores an LLC, threads a core\n"
	  "(default " PLAN_DEFAULT_TOPOLOGY ", or what a test file says)" },
	{ "memory", "MIB", OPTION_MEMORY, OPTIONS_MACHINE, "KTSTR_MEMORY",
	  "guest memory, taken as given (default: the most of 2048 and\n"
	  "64 a CPU; in a shell 1024)" },
	{ "append", "\"PARAMS\"", OPTION_APPEND, OPTIONS_MACHINE, "KTSTR_APPEND",
	  "kernel parameters, after the default ones" },
	{ "kaslr", NULL, OPTION_KASLR, OPTIONS_MACHINE, NULL,
	  "leave the kernel's address randomisation on: slower to boot" },
	{ "boot-timeout", "S", OPTION_BOOT_TIMEOUT, OPTIONS_MACHINE, "KTSTR_BOOT_TIMEOUT",
	  "the boot's own budget (default 10 and 0.15 a vCPU, at most 90)" },
	{ "stall-timeout", "S", OPTION_STALL_TIMEOUT, OPTIONS_MACHINE, "KTSTR_STALL_TIMEOUT",
	  "a guest that has not ended the payload S seconds past its limit\n"
	  "has stalled (default 10; more for a slow host)" },
	{ "wprof", "[always]", OPTION_WPROF, OPTIONS_TRACER, "KTSTR_WPROF",
	  "when the test fails, run it again in an identical VM with the\n"
	  "tracer on; always: trace the first VM too; 0: never;\n"
	  "in a shell: it is there as /bin/wprof" },
	{ "wprof-args", "\"ARGS\"", OPTION_WPROF_ARGS, OPTIONS_TRACER, "KTSTR_WPROF_ARGS",
	  "the tracer's arguments, in place of\n"
	  "-d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8\n"
	  "with -d widened to the payload's time" },
	{ "timeout", "S", OPTION_TIMEOUT, OPTIONS_PAYLOAD, "KTSTR_TIMEOUT",
	  "the payload's time limit in seconds, counted from its start\n"
	  "(default 60, in a shell none; 0: none)" },
	{ "include", "HOST[:GUEST]", OPTION_INCLUDE, OPTIONS_PAYLOAD, NULL,
	  "a file or folder that goes into the guest as well, with the\n"
	  "libraries that it needs; again for more" },
	{ "env", "K=V", OPTION_ENV, OPTIONS_PAYLOAD, NULL,
	  "a variable of the payload's environment; again for more" },
	{ "out", "DIR", OPTION_OUT, OPTIONS_OUTPUT, "KTSTR_OUT",
	  "where artefacts go, in a new folder a run (default ktstr-out)" },
	{ "quiet", NULL, OPTION_QUIET, OPTIONS_OUTPUT, NULL,
	  "no words of the launcher's own but errors" },
	{ "stderr", "FILE", OPTION_STDERR, OPTIONS_STREAMS, NULL,
	  "the payload's standard error into the new file FILE, apart from\nthe launcher's words" },
	{ "console", NULL, OPTION_CONSOLE, OPTIONS_DEBUG, NULL,
	  "pass the guest's console on to standard error" },
	{ "dump-acpi", "DIR", OPTION_DUMP_ACPI, OPTIONS_DEBUG, NULL,
	  "write the guest's ACPI tables to DIR" },
	{ "dump-initramfs", "FILE", OPTION_DUMP_INITRAMFS, OPTIONS_DEBUG, NULL,
	  "write the guest's initramfs to the new file FILE" },
	{ "gauntlet", NULL, OPTION_GAUNTLET, OPTIONS_SELECT, NULL,
	  "each test on every preset topology that suits it" },
	{ "filter", "GLOB", OPTION_FILTER, OPTIONS_SELECT, NULL,
	  "only variants whose name, or a part of it between slashes,\n"
	  "matches; again for more" },
	{ "exclude", "GLOB", OPTION_EXCLUDE, OPTIONS_SELECT, NULL, "not those; again for more" },
	{ "failed", NULL, OPTION_FAILED, OPTIONS_SELECT, NULL,
	  "only those that did not pass the last time" },
	{ "shard", "I/N", OPTION_SHARD, OPTIONS_SELECT, NULL,
	  "the I-th of N parts; a variant stays in its part when tests are\nadded" },
	{ "dry-run", NULL, OPTION_DRY_RUN, OPTIONS_SUITE, NULL,
	  "say what would be run, on which machine, and what is skipped" },
	{ "jobs", "N", OPTION_JOBS, OPTIONS_SUITE, "KTSTR_JOBS",
	  "VMs at once (default: as many as the host's CPUs and memory hold)" },
	{ "fail-fast", NULL, OPTION_FAIL_FAST, OPTIONS_SUITE, NULL,
	  "start no more once one has failed" },
	{ "repeat", "N", OPTION_REPEAT, OPTIONS_SUITE, NULL, "each variant N times" },
	{ "seed", "N", OPTION_SEED, OPTIONS_SUITE, NULL,
	  "run them in another order, the same for the same N" },
	{ "tap", NULL, OPTION_TAP, OPTIONS_SUITE, NULL,
	  "TAP on standard output, in place of text" },
	{ "ktap", NULL, OPTION_KTAP, OPTIONS_SUITE, NULL,
	  "KTAP on standard output, in place of text" },
	{ "junit", "FILE", OPTION_JUNIT, OPTIONS_SUITE, NULL, "JUnit XML into the new file FILE" },
	{ "json", "FILE", OPTION_JSON, OPTIONS_SUITE, NULL,
	  "a JSON object a line into the new file FILE" },
	{ "test", "FILE|NAME", OPTION_TEST, OPTIONS_SHELL, NULL,
	  "the VM that this test would get: topology, memory with its\n"
	  "floor, kernel parameters, files, environment, tracer; a NAME is\n"
	  "looked for in the current folder and all below" },
	{ "exec", "CMD", OPTION_EXEC, OPTIONS_SHELL, NULL,
	  "run this line of shell and pass on its output and exit status;\n"
	  "needs no terminal" },
	{ "help", NULL, OPTION_HELP, ~0u, NULL, "this text" },
};

#define NR_DEFINITIONS (sizeof(definitions) / sizeof(definitions[0]))

static void print_definition(FILE *out, const struct definition *definition)
{
	const char *value = definition->value, *line = definition->help;
	int column = fprintf(out, "  --%s", definition->name);

	if (value && *value == '[')
		column += fprintf(out, "[=%.*s]", (int)strlen(value) - 2, value + 1);
	else if (value)
		column += fprintf(out, " %s", value);
	if (column >= HELP_COLUMN) {
		fputc('\n', out);
		column = 0;
	}
	for (;;) {
		const char *end = strchrnul(line, '\n');

		fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", (int)(end - line), line);
		if (!*end)
			return;
		line = end + 1;
		column = 0;
	}
}

void options_print(FILE *out, unsigned int groups)
{
	int column = 0;

	for (size_t i = 0; i < NR_DEFINITIONS; i++)
		if (definitions[i].group & groups)
			print_definition(out, &definitions[i]);
	fputs("\nIn the environment these stand for the options of their names:\n", out);
	for (size_t i = 0; i < NR_DEFINITIONS; i++) {
		const char *name = definitions[i].variable;

		if (!name || !(definitions[i].group & groups))
			continue;
		if (column + (int)strlen(name) > 90)
			column = 0 * fputc('\n', out);
		column += fprintf(out, "%s%s", column ? " " : "  ", name);
	}
	fputc('\n', out);
}

bool options_next(unsigned int groups, size_t *position, struct option_info *out)
{
	while (*position < NR_DEFINITIONS) {
		const struct definition *definition = &definitions[(*position)++];

		if (!(definition->group & groups))
			continue;
		*out = (struct option_info){ definition->name, definition->value,
					     definition->variable, definition->help };
		return true;
	}
	return false;
}

static int list_add(struct option_list *list, const char *text, struct error *err)
{
	const char **grown = reallocarray(list->items, list->count + 2, sizeof(*grown));

	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	list->items = grown;
	grown[list->count++] = text;
	grown[list->count] = NULL;
	return 0;
}

static int parse_count(const char *what, const char *text, unsigned int *out, struct error *err)
{
	uint64_t value = 0;
	int ret = value_count(what, text, 1, 100000, &value, err);

	*out = (unsigned int)value;
	return ret;
}

/* Digits on both sides: strtoul takes signs and blanks as well. */
static int parse_shard(struct run_options *options, const char *text, struct error *err)
{
	const char *slash = text + strspn(text, "0123456789");
	size_t digits = *slash == '/' ? strspn(slash + 1, "0123456789") : 0;
	unsigned long shard = 0, shards = 0;

	if (slash > text && digits && !slash[1 + digits]) {
		shard = strtoul(text, NULL, 10);
		shards = strtoul(slash + 1, NULL, 10);
	}
	if (!shard || shard > shards || shards > MAX_SHARDS)
		return error_set(err, -EINVAL,
				 "--shard '%s': takes I/N, with I from 1 to N and N at most %d",
				 text, MAX_SHARDS);
	options->shard = (unsigned int)shard;
	options->shards = (unsigned int)shards;
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

/* @what: how the user named it, "--memory" or "KTSTR_MEMORY". */
static int set_option(struct run_options *options, int id, const char *what, const char *value,
		      struct error *err)
{
	int ret;

	switch (id) {
	case OPTION_KERNEL:
		options->kernel = value;
		return list_add(&options->kernels, value, err);
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
		options->has_timeout = true;
		return value_seconds(what, value, OPTIONS_MAX_SECONDS, &options->timeout_ms, err);
	case OPTION_BOOT_TIMEOUT:
		return value_seconds(what, value, OPTIONS_MAX_SECONDS, &options->boot_timeout_ms,
				     err);
	case OPTION_STALL_TIMEOUT:
		return value_seconds(what, value, OPTIONS_MAX_SECONDS, &options->stall_timeout_ms,
				     err);
	case OPTION_INCLUDE:
		return entry_include_add(&options->includes, &options->nr_includes, what, value,
					 err);
	case OPTION_ENV:
		if (!strchr(value, '=') || *value == '=')
			return error_set(err, -EINVAL, "--env '%s': takes NAME=VALUE", value);
		return list_add(&options->env, value, err);
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
	case OPTION_STDERR:
		options->stderr_file = value;
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
	case OPTION_GAUNTLET:
		options->gauntlet = true;
		return 0;
	case OPTION_FILTER:
		return list_add(&options->filters, value, err);
	case OPTION_EXCLUDE:
		return list_add(&options->excludes, value, err);
	case OPTION_FAILED:
		options->failed = true;
		return 0;
	case OPTION_SHARD:
		return parse_shard(options, value, err);
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return 0;
	case OPTION_JOBS:
		return parse_count(what, value, &options->jobs, err);
	case OPTION_FAIL_FAST:
		options->fail_fast = true;
		return 0;
	case OPTION_REPEAT:
		return parse_count(what, value, &options->repeat, err);
	case OPTION_SEED:
		options->has_seed = true;
		return value_count(what, value, 0, UINT64_MAX, &options->seed, err);
	case OPTION_TAP:
		options->tap = true;
		return 0;
	case OPTION_KTAP:
		options->ktap = true;
		return 0;
	case OPTION_JUNIT:
		options->junit = value;
		return 0;
	case OPTION_JSON:
		options->json = value;
		return 0;
	case OPTION_TEST:
		options->test = value;
		return 0;
	case OPTION_EXEC:
		options->exec = value;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	default:
		return error_set(err, -EINVAL, "option %d has no meaning", id);
	}
}

static int parse_environment(struct run_options *options, unsigned int groups, struct error *err)
{
	size_t used = 0;
	int ret = 0;

	options->from_environment = calloc(NR_DEFINITIONS + 1, sizeof(char *));
	if (!options->from_environment)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < NR_DEFINITIONS; i++) {
		const char *name = definitions[i].variable;
		const char *value = name ? getenv(name) : NULL;

		if (!value || !*value || !(definitions[i].group & groups))
			continue;
		if (asprintf(&options->from_environment[used], "%s=%s", name, value) < 0) {
			options->from_environment[used] = NULL;
			return error_set(err, -ENOMEM, "out of memory");
		}
		used++;
		ret = set_option(options, definitions[i].id, name, value, err);
	}
	return ret;
}

/* getopt's table: the options of the groups. */
static void make_getopt(struct option table[NR_DEFINITIONS + 1], unsigned int groups)
{
	size_t used = 0;

	for (size_t i = 0; i < NR_DEFINITIONS; i++) {
		const char *value = definitions[i].value;

		if (!(definitions[i].group & groups))
			continue;
		table[used++] = (struct option){
			.name = definitions[i].name,
			.has_arg = !value	   ? no_argument
				   : *value == '[' ? optional_argument
						   : required_argument,
			.val = definitions[i].id,
		};
	}
	table[used] = (struct option){ .name = NULL };
}

/* Does a second run with it fail, because the first has made the file? */
static bool makes_new_file(int id)
{
	return id == OPTION_STDERR || id == OPTION_DUMP_INITRAMFS;
}

/* Why getopt did not like it: ':' for a value that is missing, '?' for all else. */
static int refuse(int id, const char *word, struct error *err)
{
	if (id == ':')
		return error_set(err, -EINVAL, "option '%s' needs a value", word);
	if (optopt > 0 && optopt < 256)
		return error_set(err, -EINVAL, "option '-%c': not known", optopt);
	if (optopt)
		return error_set(err, -EINVAL, "option '%s': takes no value", word);
	return error_set(err, -EINVAL, "option '%s': not known", word);
}

int options_parse(struct run_options *options, unsigned int groups, bool mixed, int argc,
		  char **argv, struct error *err)
{
	struct option table[NR_DEFINITIONS + 1];
	bool has_kernel = false;
	int id, index, ret;

	*options = (struct run_options){ .timeout_ms = DEFAULT_TIMEOUT_MS, .repeat = 1 };
	make_getopt(table, groups);
	ret = parse_environment(options, groups, err);
	/* '+': what follows the payload's name is the payload's; ':': the messages are ours. */
	while (!ret && (id = getopt_long(argc, argv, mixed ? ":h" : "+:h", table, &index)) != -1) {
		char what[64];

		if (id == ':' || id == '?')
			return refuse(id, argv[optind - 1], err);
		if (id == 'h') {
			options->help = true;
			continue;
		}
		/* What is said here replaces the variable's. */
		if (id == OPTION_KERNEL && !has_kernel) {
			options->kernels.count = 0;
			has_kernel = true;
		}
		snprintf(what, sizeof(what), "--%s", table[index].name);
		ret = set_option(options, id, what, optarg, err);
		if (makes_new_file(id))
			continue;
		/* The option is the last word that was looked at, or its value is. */
		if (!ret && optarg == argv[optind - 1])
			ret = list_add(&options->said, argv[optind - 2], err);
		if (!ret)
			ret = list_add(&options->said, argv[optind - 1], err);
	}
	if (!ret && optind < argc)
		options->operands = (const char *const *)argv + optind;
	return ret;
}

void options_destroy(struct run_options *options)
{
	for (char **text = options->from_environment; text && *text; text++)
		free(*text);
	free(options->from_environment);
	entry_includes_free(options->includes, options->nr_includes);
	free(options->kernels.items);
	free(options->env.items);
	free(options->said.items);
	free(options->filters.items);
	free(options->excludes.items);
	*options = (struct run_options){ 0 };
}
