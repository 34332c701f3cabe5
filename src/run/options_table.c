/* Which options are there, and what does each set? See options_table.h. */
#include "run/options_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/values.h"

#define MAX_SHARDS 100000

/* --- types: each fills the field that the table names --------------------------------------------
 * A value's text is kept and not copied: it is argv's or the environment's.
 */

/* A variable has a value, an option has none. */
static int set_flag(const struct option_said *said)
{
	if (said->value)
		return value_flag(said->what, said->value, said->field, said->err);
	*(bool *)said->field = true;
	return 0;
}

static int set_string(const struct option_said *said)
{
	*(const char **)said->field = said->value;
	return 0;
}

static int set_new_file(const struct option_said *said)
{
	return set_string(said);
}

static int set_list(const struct option_said *said)
{
	struct option_list *list = said->field;
	const char **grown = reallocarray(list->items, list->count + 2, sizeof(*grown));

	if (!grown)
		return error_set(said->err, -ENOMEM, "out of memory");
	list->items = grown;
	grown[list->count++] = said->value;
	grown[list->count] = NULL;
	return 0;
}

static int set_count(const struct option_said *said)
{
	uint64_t count;
	int ret = value_count(said->what, said->value, 1, OPTIONS_MAX_COUNT, &count, said->err);

	if (!ret)
		*(unsigned int *)said->field = (unsigned int)count;
	return ret;
}

static int set_seconds(const struct option_said *said)
{
	return value_seconds(said->what, said->value, OPTIONS_MAX_SECONDS, said->field, said->err);
}

static int set_memory(const struct option_said *said)
{
	return value_memory(said->what, said->value, said->field, said->err);
}

static int set_factor(const struct option_said *said)
{
	return value_factor(said->what, said->value, said->field, said->err);
}

static int set_share(const struct option_said *said)
{
	return value_share(said->what, said->value, false, said->field, said->err);
}

/* --- options that are like no other ---------------------------------------------------------- */

static int set_topology(const struct option_said *said)
{
	int ret = topology_parse(said->value, &said->options->override.topology, said->err);

	said->options->override.has_topology = !ret;
	return ret ? error_prefix(said->err, ret, "%s", said->what) : 0;
}

static int set_distance(const struct option_said *said)
{
	int ret = topology_parse_distances(said->value, &said->options->override.distances,
					   said->err);

	return ret ? error_prefix(said->err, ret, "%s", said->what) : 0;
}

static int set_wprof(const struct option_said *said)
{
	if (!said->value || !strcmp(said->value, "1"))
		said->options->wprof = WPROF_REPRO;
	else if (!strcmp(said->value, "always"))
		said->options->wprof = WPROF_ALWAYS;
	else if (!strcmp(said->value, "0"))
		said->options->wprof = WPROF_OFF;
	else
		return error_set(
			said->err, -EINVAL,
			"%s '%s': takes 'always', '1' (a failure only, the same as no value) or "
			"'0'",
			said->what, said->value);
	return 0;
}

static int set_record_mib(const struct option_said *said)
{
	struct record_word *record = &said->options->record;

	record->said = true;
	said->options->record_here = *said->what == '-';
	return value_record_mib(said->what, said->value, &record->mib, said->err);
}

static int set_no_record(const struct option_said *said)
{
	said->options->record = (struct record_word){ .said = true };
	said->options->record_here = false;
	return 0;
}

static int set_bisect(const struct option_said *said)
{
	if (said->value && strcmp(said->value, "boot"))
		return error_set(said->err, -EINVAL, "%s '%s': takes 'boot' or nothing", said->what,
				 said->value);
	said->options->bisect = said->value ? BISECT_BOOT : BISECT_TEST;
	return 0;
}

static int set_until_confident(const struct option_said *said)
{
	said->options->until_confident = true;
	said->options->until_limit = 0;
	return said->value ? value_share(said->what, said->value, false,
					 &said->options->until_limit, said->err)
			   : 0;
}

static int set_false_positive(const struct option_said *said)
{
	return value_share(said->what, said->value, true, &said->options->false_positive,
			   said->err);
}

static int set_build_cost(const struct option_said *said)
{
	uint64_t runs;
	int ret = value_count(said->what, said->value, 0, OPTIONS_MAX_COUNT, &runs, said->err);

	if (!ret)
		said->options->build_cost = (double)runs;
	return ret;
}

static int set_timeout(const struct option_said *said)
{
	said->options->has_timeout = true;
	return value_seconds(said->what, said->value, OPTIONS_MAX_SECONDS,
			     &said->options->timeout_ms, said->err);
}

static int set_host_noise(const struct option_said *said)
{
	said->options->has_host_noise = true;
	return value_percent(said->what, said->value, &said->options->host_noise, said->err);
}

static int set_include(const struct option_said *said)
{
	return entry_include_add(&said->options->includes, &said->options->nr_includes, said->what,
				 said->value, said->err);
}

static int set_module(const struct option_said *said)
{
	return entry_module_add(&said->options->modules, &said->options->nr_modules, said->what,
				said->value, said->err);
}

static int set_with(const struct option_said *said)
{
	return entry_with_add(&said->options->includes, &said->options->nr_includes, said->what,
			      said->value, said->err);
}

static int set_allow_splat(const struct option_said *said)
{
	return patterns_add(&said->options->allow_splat, said->what, said->value, said->err);
}

static int set_env(const struct option_said *said)
{
	if (!strchr(said->value, '=') || *said->value == '=')
		return error_set(said->err, -EINVAL, "%s '%s': takes NAME=VALUE", said->what,
				 said->value);
	return set_list(said);
}

/* Digits on both sides: strtoul takes signs and blanks as well. */
static int set_shard(const struct option_said *said)
{
	const char *slash = said->value + strspn(said->value, "0123456789");
	size_t digits = *slash == '/' ? strspn(slash + 1, "0123456789") : 0;
	unsigned long shard = 0, shards = 0;

	if (slash > said->value && digits && !slash[1 + digits]) {
		shard = strtoul(said->value, NULL, 10);
		shards = strtoul(slash + 1, NULL, 10);
	}
	if (!shard || shard > shards || shards > MAX_SHARDS)
		return error_set(said->err, -EINVAL,
				 "%s '%s': takes I/N, with I from 1 to N and N at most %d",
				 said->what, said->value, MAX_SHARDS);
	said->options->shard = (unsigned int)shard;
	said->options->shards = (unsigned int)shards;
	return 0;
}

static int set_seed(const struct option_said *said)
{
	said->options->has_seed = true;
	return value_count(said->what, said->value, 0, UINT64_MAX, &said->options->seed, said->err);
}

static int set_alpha(const struct option_said *said)
{
	char *end;
	double alpha = strtod(said->value, &end);

	/* strtod takes blanks, signs, hexadecimal numbers and words as well. */
	if (!*said->value || *end || strspn(said->value, "0123456789.e-") != strlen(said->value) ||
	    !(alpha > 0 && alpha < 1))
		return error_set(said->err, -EINVAL,
				 "%s '%s': takes a number above 0 and below 1, such as 0.05",
				 said->what, said->value);
	said->options->alpha = alpha;
	return 0;
}

/* --- the table -----------------------------------------------------------------------------------
 * A line an option, in the order of the usage text. Letter: 0 for none. A value in brackets may be
 * left out. A variable is there for settings that make sense for many runs. Help: lines of at most
 * 70 columns.
 */

/* The field's place, and what fills it; a field of another type does not compile. */
#define FIELD(type, field, setter)                                                                 \
	offsetof(struct run_options, field) +                                                      \
		0 * sizeof((type *)0 == &((struct run_options *)0)->field),                        \
		set_##setter
#define FLAG(field)	FIELD(bool, field, flag)
#define STRING(field)	FIELD(const char *, field, string)
#define NEW_FILE(field) FIELD(const char *, field, new_file)
#define LIST(field)	FIELD(struct option_list, field, list)
#define COUNT(field)	FIELD(unsigned int, field, count)
#define SECONDS(field)	FIELD(uint64_t, field, seconds) /* in milliseconds */
#define FACTOR(field)	FIELD(double, field, factor)
#define SHARE(field)	FIELD(double, field, share)
#define MEMORY(field)	FIELD(uint64_t, field, memory) /* in MiB */
#define CUSTOM(name)	0, set_##name

const struct option_definition option_definitions[] = {
	{ "kernel", 'k', "IMG", OPTIONS_KERNEL, "KTSTR_KERNEL", LIST(kernels),
	  "an image (bzImage, uncompressed vmlinux), a built kernel tree,\n"
	  "a .deb or .rpm with a kernel, or a release that is in /boot;\n"
	  "needed, except in a built kernel tree, whose image is taken" },
	{ "topology", 0, "NnNlNcNt", OPTIONS_MACHINE, "KTSTR_TOPOLOGY", CUSTOM(topology),
	  "NUMA nodes, LLCs in all, cores per LLC, threads per core\n"
	  "(default " PLAN_DEFAULT_TOPOLOGY ", or what a test file says); LLCs that differ\n"
	  "as in 1n:4c2t+2c1t, with +1m a node that has memory only" },
	{ "distance", 0, "A-B=D[,...]", OPTIONS_MACHINE, "KTSTR_DISTANCE", CUSTOM(distance),
	  "how far NUMA nodes are from each other, 11 to 254 (default 20),\n"
	  "for example 0-1=15,0-2=40; may be repeated" },
	{ "memory", 0, "SIZE", OPTIONS_MACHINE, "KTSTR_MEMORY", MEMORY(override.memory_mib),
	  "guest memory in MiB, or with a suffix M or G, taken as given\n"
	  "(default: the larger of 2048 MiB and 64 per CPU, with the tracer\n"
	  "also its ring buffers and 512 MiB, and on top of the last two the\n"
	  "flight recorder's; in a shell 1024)" },
	{ "append", 0, "\"PARAMS\"", OPTIONS_MACHINE, "KTSTR_APPEND", STRING(append),
	  "kernel parameters, after the default ones" },
	{ "kaslr", 0, NULL, OPTIONS_MACHINE, NULL, FLAG(kaslr),
	  "leave the kernel's address randomisation on: slower to boot" },
	{ "boot-timeout", 0, "S", OPTIONS_MACHINE, "KTSTR_BOOT_TIMEOUT", SECONDS(boot_timeout_ms),
	  "the boot's own budget (default 10 plus 0.15 per vCPU, at most 90)" },
	{ "stall-timeout", 0, "S", OPTIONS_MACHINE, "KTSTR_STALL_TIMEOUT",
	  SECONDS(stall_timeout_ms),
	  "a guest that has not ended the payload S seconds past its limit\n"
	  "has stalled; other stalls, such as a CPU that is locked up, or a\n"
	  "task that no idle CPU takes, are found within S seconds (default\n"
	  "10; more for a slow host)" },
	{ "fresh", 0, NULL, OPTIONS_PAYLOAD, "KTSTR_FRESH", FLAG(fresh),
	  "boot the VM, rather than fork it from a machine that has booted" },
	{ "pin", 0, NULL, OPTIONS_PAYLOAD, "KTSTR_PIN", FLAG(pin),
	  "each vCPU on a CPU of the host of its own, so that siblings are\n"
	  "siblings and LLCs are LLCs there, each node's memory on one node;\n"
	  "the VM boots (--fresh); an error where the host cannot do it" },
	{ "pin-wait", 0, "S", OPTIONS_PAYLOAD, "KTSTR_PIN_WAIT", SECONDS(pin_wait_ms),
	  "how long --pin waits for CPUs that other VMs have (default 3600)" },
	{ "wprof", 0, "[always]", OPTIONS_TRACER, "KTSTR_WPROF", CUSTOM(wprof),
	  "when the test fails, run it again in an identical VM with the\n"
	  "tracer on; always: trace the first VM too; 0: never;\n"
	  "in a shell: it is there as /bin/wprof" },
	{ "wprof-args", 0, "\"ARGS\"", OPTIONS_TRACER, "KTSTR_WPROF_ARGS", STRING(wprof_args),
	  "the tracer's arguments, in place of\n"
	  "-d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8\n"
	  "with -d widened to the payload's time" },
	{ "record-mib", 0, "N", OPTIONS_TRACER, "KTSTR_RECORD_MIB", CUSTOM(record_mib),
	  "record what the scheduler does: the last N MiB of each CPU's\n"
	  "events; when the test fails they are its trace, also of a guest\n"
	  "that is dead (default what a test file says; else 4 in `test` and\n"
	  "with --wprof, as far as it fits; 0: not)" },
	{ "no-record", 0, NULL, OPTIONS_TRACER, NULL, CUSTOM(no_record),
	  "do not: the same as --record-mib 0" },
	{ "timeout", 0, "S", OPTIONS_PAYLOAD, "KTSTR_TIMEOUT", CUSTOM(timeout),
	  "the payload's time limit in seconds, counted from its start\n"
	  "(default what a test file says, else 60; in a shell none; 0: none)" },
	{ "timeout-scale", 0, "X", OPTIONS_PAYLOAD, "KTSTR_TIMEOUT_SCALE", FACTOR(timeout_scale),
	  "that limit times X, for a slow host" },
	{ "host-noise", 0, "PERCENT", OPTIONS_PAYLOAD, "KTSTR_HOST_NOISE", CUSTOM(host_noise),
	  "where the host took more of the time that the vCPUs wanted, a\n"
	  "failed check of time or share, a time limit, or a pass where a\n"
	  "failure is expected, is inconclusive\n"
	  "(default what a test file says, else 10; 0: never)" },
	{ "include", 0, "HOST[:GUEST]", OPTIONS_PAYLOAD, NULL, CUSTOM(include),
	  "a file or folder that goes into the guest as well, with the\n"
	  "libraries that it needs; may be repeated" },
	{ "module", 0, "\"NAME|FILE [PARAM=V]...\"", OPTIONS_PAYLOAD, NULL, CUSTOM(module),
	  "a kernel module that is loaded before the payload, with what it\n"
	  "needs and these parameters; may be repeated" },
	{ "modules", 0, "DIR", OPTIONS_PAYLOAD, "KTSTR_MODULES", STRING(modules_dir),
	  "where the kernel's modules are: lib/modules/RELEASE, or a folder\n"
	  "that holds that (default: beside the image, and for one in /boot\n"
	  "in /lib/modules)" },
	{ "scheduler", 0, "FILE", OPTIONS_PAYLOAD, NULL, STRING(scheduler),
	  "a sched_ext scheduler, which is started before the payload and\n"
	  "watched; none: not the one that a test file says" },
	{ "scheduler-arg", 0, "ARG", OPTIONS_PAYLOAD, NULL, LIST(scheduler_args),
	  "one of its arguments, behind those that a test file says of its\n"
	  "own scheduler; may be repeated" },
	{ "setup", 0, "\"COMMAND\"", OPTIONS_PAYLOAD, NULL, LIST(setup),
	  "a line of shell that runs in the guest before scheduler and\n"
	  "payload, and is no part of its time; may be repeated" },
	{ "setup-timeout", 0, "S", OPTIONS_PAYLOAD, "KTSTR_SETUP_TIMEOUT",
	  SECONDS(setup_timeout_ms), "the time limit of all these lines together (default 300)" },
	{ "with", 0, "NAME", OPTIONS_PAYLOAD, NULL, CUSTOM(with),
	  "an interpreter with its standard library: python3, perl or bash,\n"
	  "as PATH has it, or the path of one; may be repeated" },
	{ "env", 0, "K=V", OPTIONS_PAYLOAD, NULL, FIELD(struct option_list, env, env),
	  "a variable of the payload's environment; may be repeated" },
	{ "allow-splat", 0, "GLOB", OPTIONS_PAYLOAD, NULL, CUSTOM(allow_splat),
	  "a warning, a taint flag and the like of the guest's kernel is no\n"
	  "failure where its line matches GLOB, or /an expression/; may be\n"
	  "repeated" },
	{ "out", 0, "DIR", OPTIONS_OUTPUT | OPTIONS_DOCTOR, "KTSTR_OUT", STRING(out_dir),
	  "where artefacts go, in a new folder for each run\n"
	  "(default ktstr-out)" },
	{ "vmcore", 0, NULL, OPTIONS_RUN | OPTIONS_SUITE, "KTSTR_VMCORE", FLAG(vmcore),
	  "keep a failed guest's memory and registers, for crash and drgn:\n"
	  "a sparse file as large as its memory, beside the failure dump" },
	{ "quiet", 'q', NULL, OPTIONS_OUTPUT | OPTIONS_REPORTS, NULL, FLAG(quiet),
	  "print only errors, none of the launcher's other messages" },
	{ "verbose", 'v', NULL, OPTIONS_SUITE, NULL, FLAG(verbose),
	  "pass on what the tests print, each line with its test's name" },
	{ "bisect", 0, "[boot]", OPTIONS_STREAMS | OPTIONS_SUITE, NULL, CUSTOM(bisect),
	  "exit with what `git bisect run` takes: 0 good, 1 bad, 125 skip;\n"
	  "a kernel that does not reach the payload is a skip, with =boot bad" },
	{ "stdin", 0, "FILE", OPTIONS_STREAMS, NULL, STRING(stdin_file),
	  "the payload's standard input (default: the launcher's own, if it\n"
	  "is a pipe or a file, else /dev/null)" },
	{ "stderr", 0, "FILE", OPTIONS_STREAMS, NULL, NEW_FILE(stderr_file),
	  "the payload's standard error to FILE, apart from the launcher's\n"
	  "words; FILE is replaced as a whole, a pipe is written to" },
	{ "no-directives", 0, NULL, OPTIONS_RUN, NULL, FLAG(no_directives),
	  "ignore what a test file says of itself" },
	{ "console", 0, NULL, OPTIONS_DEBUG, NULL, FLAG(console),
	  "pass the guest's console on to standard error" },
	{ "dump-acpi", 0, "DIR", OPTIONS_DEBUG, NULL, STRING(dump_acpi_dir),
	  "write the guest's ACPI tables to DIR" },
	{ "dump-initramfs", 0, "FILE", OPTIONS_DEBUG, NULL, NEW_FILE(dump_initramfs),
	  "write the guest's initramfs to FILE" },
	{ "gauntlet", 0, NULL, OPTIONS_SELECT | OPTIONS_AB, NULL, FLAG(gauntlet),
	  "each test on every preset topology that suits it" },
	{ "filter", 0, "GLOB", OPTIONS_SELECT | OPTIONS_AB, NULL, LIST(filters),
	  "only variants whose name, or a part of it between slashes,\n"
	  "matches; may be repeated" },
	{ "exclude", 0, "GLOB", OPTIONS_SELECT | OPTIONS_AB, NULL, LIST(excludes),
	  "not those; may be repeated" },
	{ "failed", 0, NULL, OPTIONS_SELECT, NULL, FLAG(failed),
	  "only those that did not pass the last time" },
	{ "shard", 0, "I/N", OPTIONS_SELECT, NULL, CUSTOM(shard),
	  "the I-th of N equal parts of the plan, the same on every host;\nvariants of one machine stay together as far as that goes" },
	{ "dry-run", 0, NULL, OPTIONS_SUITE | OPTIONS_AB, NULL, FLAG(dry_run),
	  "say what would be run, on which machine, and what is skipped" },
	{ "jobs", 'j', "N", OPTIONS_SUITE | OPTIONS_AB, "KTSTR_JOBS", COUNT(jobs),
	  "VMs at once (default: as many as the host's CPUs and memory hold)" },
	{ "memory-wait", 0, "S", OPTIONS_SUITE | OPTIONS_AB, NULL, SECONDS(memory_wait_ms),
	  "how long a VM waits for memory that other programs have\n(default 60)" },
	{ "fail-fast", 0, NULL, OPTIONS_SUITE, NULL, FLAG(fail_fast),
	  "start no more tests once one has failed" },
	{ "repeat", 0, "N", OPTIONS_SUITE | OPTIONS_AB, NULL, COUNT(repeat),
	  "each variant N times, with its rate of passes at the end" },
	{ "until-confident", 0, "[0.95]", OPTIONS_SUITE, NULL, CUSTOM(until_confident),
	  "each variant until its rate of passes is known as well as\n"
	  "by --rate-width; with a rate, until it is known whether it\n"
	  "passes at least so often (95 % sure); at least --repeat times" },
	{ "rate-width", 0, "W", OPTIONS_SUITE, NULL, SHARE(rate_width),
	  "how wide that rate's interval may be (default 0.1)" },
	{ "max-repeat", 0, "N", OPTIONS_SUITE, NULL, COUNT(max_repeat),
	  "the most rounds of --until-confident (default 500)" },
	{ "seed", 0, "N", OPTIONS_SUITE, NULL, CUSTOM(seed),
	  "run them in another order, the same for the same N" },
	{ "tap", 0, NULL, OPTIONS_REPORTS, NULL, FLAG(tap),
	  "TAP on standard output, in place of text" },
	{ "ktap", 0, NULL, OPTIONS_REPORTS, NULL, FLAG(ktap),
	  "KTAP on standard output, in place of text" },
	{ "junit", 0, "FILE", OPTIONS_REPORTS, NULL, STRING(junit),
	  "JUnit XML to FILE, which is replaced as a whole at the end;\n- is standard output, a pipe is written to" },
	{ "json", 0, "FILE", OPTIONS_REPORTS, NULL, STRING(json),
	  "one JSON object per line to FILE, replaced and written likewise" },
	{ "html", 0, "FILE", OPTIONS_REPORTS, NULL, STRING(html),
	  "a page to look at, of all results and what failed, to FILE,\n"
	  "replaced and written likewise; needs no network" },
	{ "history", 0, "FILE", OPTIONS_REPORTS, NULL, STRING(history),
	  "append the run to FILE, which is made where there is none: for\n"
	  "`ktstr-launch compare --history`" },
	{ "slurm", 0, NULL, OPTIONS_FLEET, NULL, FLAG(slurm),
	  "run them as one job array on the nodes of a Slurm cluster, all\nof it in the folder of --out, "
	  "which the nodes share" },
	{ "nodes", 0, "N", OPTIONS_FLEET, NULL, COUNT(nodes),
	  "on so many nodes at once (default: all that sinfo tells of)" },
	{ "sbatch-args", 0, "\"ARGS\"", OPTIONS_FLEET, NULL, STRING(sbatch_args),
	  "more arguments for sbatch, which win over ours" },
	{ "attach", 0, "JOB|DIR", OPTIONS_FLEET, NULL, STRING(attach),
	  "follow such a job on, by Slurm's number or its folder, and report" },
	{ "test", 0, "FILE|NAME", OPTIONS_SHELL, NULL, STRING(test),
	  "the VM that this test would get: topology, memory with its\n"
	  "floor, kernel parameters, files, environment, tracer; a NAME is\n"
	  "looked for in the current folder and all below" },
	{ "exec", 0, "CMD", OPTIONS_SHELL, NULL, STRING(exec),
	  "run this line of shell and pass on its output and exit status;\n"
	  "needs no terminal" },
	{ "json", 0, NULL, OPTIONS_LIST, NULL, FLAG(list_json), "one JSON object per line" },
	{ "boot", 0, NULL, OPTIONS_DOCTOR, NULL, FLAG(boot),
	  "boot each of the kernels as well: only that proves KVM" },
	{ "report", 0, "FILE", OPTIONS_DOCTOR, NULL, STRING(report_file),
	  "write all that a first bug report from this machine needs into\n"
	  "FILE: CPU, KVM, CPUID, limits, what was found; no names of\n"
	  "persons, machines, folders" },
	{ "needs", 0, NULL, OPTIONS_DOCTOR, NULL, FLAG(needs),
	  "print what a guest's kernel needs, as a table in Markdown" },
	{ "output", 'o', "FILE", OPTIONS_REPORT, NULL, STRING(page_file),
	  "where the page goes, a file that is replaced as a whole; - is\n"
	  "standard output (default: beside what it is made of, .html)" },
	{ "open", 0, NULL, OPTIONS_REPORT, NULL, FLAG(open), "open it in a browser, by xdg-open" },
	{ "tasks", 0, NULL, OPTIONS_TRACE, NULL, FLAG(trace_tasks),
	  "each task: how long it ran, waited, slept, its wake-ups" },
	{ "waits", 0, NULL, OPTIONS_TRACE, NULL, FLAG(trace_waits),
	  "the twenty longest waits for a CPU, and behind whom" },
	{ "task", 0, "NAME|PID", OPTIONS_TRACE, NULL, STRING(trace_task),
	  "the longest waits of this task" },
	{ "at", 0, "S", OPTIONS_TRACE, NULL, STRING(trace_at),
	  "what that task did then, in seconds from the payload's start\non" },
	{ "json", 0, NULL, OPTIONS_TRACE, NULL, FLAG(trace_json),
	  "all of it as one JSON object, times in ns" },
	{ "a", 0, "\"WORDS\"", OPTIONS_AB, NULL, STRING(side_a),
	  "what the baseline is run with: kernel=, append=, topology=,\n"
	  "scheduler=, scheduler_args=, wprof, wprof_args=" },
	{ "b", 0, "\"WORDS\"", OPTIONS_AB, NULL, STRING(side_b), "likewise the other side" },
	{ "json-a", 0, "FILE", OPTIONS_AB, NULL, STRING(json_a),
	  "the baseline's results to FILE, as those of test --json" },
	{ "json-b", 0, "FILE", OPTIONS_AB, NULL, STRING(json_b), "likewise the other side's" },
	{ "history", 0, "FILE", OPTIONS_COMPARE, NULL, STRING(history),
	  "the newest run in FILE, of test --history, with those before it" },
	{ "last", 0, "N", OPTIONS_COMPARE, NULL, COUNT(last),
	  "with the last N of them that ran the same variant (default 20,\n"
	  "at most 1000)" },
	{ "markdown", 0, NULL, OPTIONS_TABLE, NULL, FLAG(markdown),
	  "the table in Markdown, in place of text" },
	{ "csv", 0, NULL, OPTIONS_TABLE, NULL, FLAG(csv), "the table as CSV" },
	{ "json", 0, NULL, OPTIONS_TABLE, NULL, FLAG(compare_json), "the table as a JSON object" },
	{ "permutation", 0, NULL, OPTIONS_TABLE, NULL, FLAG(permutation),
	  "p-values by a permutation test of the means, which asks nothing\n"
	  "of the values' distribution (the default)" },
	{ "welch", 0, NULL, OPTIONS_TABLE, NULL, FLAG(welch),
	  "p-values by Welch's t-test, which takes the values for normal;\n"
	  "tells more of few runs" },
	{ "alpha", 0, "P", OPTIONS_TABLE, NULL, CUSTOM(alpha),
	  "a difference counts from this corrected p-value down (default\n"
	  "0.05)" },
	{ "verify", 0, NULL, OPTIONS_BLOBS, NULL, FLAG(verify),
	  "recompute each SHA-256, compare it with that of build time" },
	{ "extract", 0, "DIR", OPTIONS_BLOBS, NULL, STRING(extract_dir),
	  "write each into DIR, which is made when missing; nothing is\n"
	  "overwritten" },
	{ "good", 0, "REV", OPTIONS_BISECT, NULL, STRING(bisect_good),
	  "a commit without the fault, an ancestor of the bad one" },
	{ "bad", 0, "REV", OPTIONS_BISECT, NULL, STRING(bisect_bad),
	  "a commit with it (default HEAD)" },
	{ "repo", 0, "DIR", OPTIONS_BISECT, NULL, STRING(bisect_repository),
	  "the git repository (default: that of the current folder)" },
	{ "build", 0, "\"COMMAND\"", OPTIONS_BISECT, NULL, STRING(bisect_build),
	  "a line of shell that builds what is checked out; when it fails\n"
	  "the commit is skipped" },
	{ "first-parent", 0, NULL, OPTIONS_BISECT, NULL, FLAG(first_parent),
	  "take a merge for one commit, and leave out what it merged" },
	{ "confidence", 0, "P", OPTIONS_BISECT, NULL, SHARE(confidence),
	  "stop when one commit is so probable (default 0.95)" },
	{ "false-positive", 0, "P", OPTIONS_BISECT, NULL, CUSTOM(false_positive),
	  "how often a run is bad without the fault (default 0: never)" },
	{ "build-cost", 0, "N", OPTIONS_BISECT, NULL, CUSTOM(build_cost),
	  "a build takes as long as N runs (default: as measured)" },
	{ "max-runs", 0, "N", OPTIONS_BISECT, NULL, COUNT(max_runs),
	  "stop after so many runs in any case (default 2000)" },
	{ "state", 0, "DIR", OPTIONS_BISECT, NULL, STRING(bisect_folder),
	  "where the working tree, the logs and what was seen are kept\n"
	  "(default: in the repository's .git, named by both commits)" },
	{ "quiet", 'q', NULL, OPTIONS_BISECT, NULL, FLAG(quiet),
	  "print the result and errors only" },
	{ "help", 'h', NULL, OPTIONS_COMMON, NULL, FLAG(help), "this text" },
};

const size_t nr_option_definitions = sizeof(option_definitions) / sizeof(option_definitions[0]);

bool option_is_list(const struct option_definition *definition)
{
	return definition->set == set_list;
}

bool option_makes_file(const struct option_definition *definition)
{
	return definition->set == set_new_file;
}
