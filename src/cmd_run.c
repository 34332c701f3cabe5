/* ktstr-launch run: boot a kernel, run a command in it; when it fails, run it again and trace it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"
#include "entry/directives.h"
#include "report/report.h"
#include "run/configure.h"
#include "run/feed.h"
#include "run/initrd.h"
#include "run/invocation.h"
#include "run/kernel_find.h"
#include "run/options.h"
#include "util/output_file.h"
#include "verdict/outcome.h"

/* One run: both VMs, and what is known of them. */
struct run {
	const struct run_options *options;
	struct test test; /* what the payload's file says of itself, or the defaults */
	char *kernel;	  /* the image */
	struct configuration configuration;
	struct artefacts artefacts;
	int signal_fd;
	int err_fd; /* the payload's standard error */
	struct output_file stderr_file;
	char stderr_folder[PATH_MAX];
	struct feed feed;
	sigset_t old_mask;
	int own_tracer; /* the user's KTSTR_WPROF_PATH is in use */
	char *replay;
};

static void say(void *data, const char *line)
{
	const struct run *run = data;

	if (!run->options->quiet)
		command_complain("%s", line);
}

static void complain(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct run *run, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(run, text);
}

/* What the guest has without being brought: one path a line. */
static int list_guest_programs(char **list, size_t *size, struct error *err)
{
	static const char work[] = INITRD_WORK_PATH "\n";
	const struct blob *blob = embed_find("applets");
	uint8_t *applets = NULL;
	int ret = blob ? embed_load(blob, &applets, err)
		       : error_set(err, -ENXIO,
				   "this launcher carries no list of applets; rebuild it");

	*list = ret ? NULL : malloc(blob->size + strlen(work));
	if (!ret && !*list)
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret) {
		memcpy(*list, work, strlen(work));
		memcpy(*list + strlen(work), applets, blob->size);
		*size = blob->size + strlen(work);
	}
	free(applets);
	return ret;
}

static int find_program(struct run *run, struct error *err)
{
	struct entry *entry = &run->configuration.entry;
	char *programs = NULL;
	size_t size;
	int ret;

	entry->argv = run->options->operands;
	ret = list_guest_programs(&programs, &size, err);
	if (!ret)
		ret = entry_find_program(entry, programs, size, err);
	free(programs);
	return ret;
}

/* May it be run as its file says, on the topology that the user may have named? */
static int check_test(struct run *run, struct error *err)
{
	const struct plan_override *override = &run->options->override;
	const struct test *test = &run->test;
	/* The maxima choose among presets; a topology that somebody named is meant. */
	struct test_constraints needs = test->constraints;
	char reason[192];

	if (test->host_only)
		return error_set(err, -EINVAL,
				 "%s: it says host_only, and so has no VM: ktstr-launch test runs "
				 "it, or give --no-directives",
				 test->path);
	if (test->lacks_tool)
		complain(run,
			 "its file needs the tool '%s', which is not in this host's PATH; run all "
			 "the same",
			 test->lacks_tool);
	if (test->ignore)
		complain(run, "its file says that it is to be ignored (%s); run all the same",
			 test->ignore);
	needs.max_llcs = needs.max_cpus = needs.max_nodes = 0;
	if (override->has_topology &&
	    constraints_reason(&needs, &override->topology, reason, sizeof(reason)))
		return error_set(err, -EINVAL, "--topology: %s: %s; or give --no-directives",
				 test->path, reason);
	return 0;
}

static int load_test(struct run *run, struct error *err)
{
	const struct entry *entry = &run->configuration.entry;
	int ret;

	if (run->options->no_directives || !entry->on_host)
		return test_init(&run->test) ? error_set(err, -ENOMEM, "out of memory") : 0;
	ret = test_load_directives(&run->test, entry->program, err);
	return ret ? ret : check_test(run, err);
}

static int open_artefacts(struct run *run, struct error *err)
{
	const struct configuration *configuration = &run->configuration;
	const char *out_dir = run->options->out_dir;
	char spec[TOPOLOGY_SPEC_SIZE], memory[32];
	const char *strings[64] = { run->kernel, spec, memory,
				    configuration->append ? configuration->append : "" };
	const char *const *argv = configuration->entry.argv;
	size_t used = 4;

	topology_format(&configuration->plan.topology, spec);
	snprintf(memory, sizeof(memory), "%" PRIu64, configuration->plan.memory_mib);
	for (size_t i = 0; argv[i] && used < sizeof(strings) / sizeof(strings[0]); i++)
		strings[used++] = argv[i];
	return artefacts_open(&run->artefacts, out_dir, configuration->entry.name,
			      artefacts_variant(strings, used), err);
}

static char *make_replay(const struct run *run)
{
	size_t used = 0, operands = 0;
	struct replay replay = { .command = "run", .groups = ~0u, .own_tracer = run->own_tracer };
	const char **tail;
	char *line;

	while (run->options->operands[operands])
		operands++;
	tail = calloc(operands + 4, sizeof(*tail));
	if (!tail)
		return NULL;
	if (!run->options->kernel) {
		tail[used++] = "--kernel";
		tail[used++] = run->kernel;
	}
	tail[used++] = "--";
	for (size_t i = 0; i < operands; i++)
		tail[used++] = run->options->operands[i];
	replay.tail = tail;
	line = invocation_replay(run->options, &replay);
	free(tail);
	return line;
}

static int open_stderr(struct run *run, struct error *err)
{
	int ret;

	if (!run->options->stderr_file)
		return 0;
	ret = output_file_open(&run->stderr_file, run->options->stderr_file, err);
	if (ret)
		return error_prefix(err, ret, "--stderr");
	run->err_fd = run->stderr_file.fd;
	return 0;
}

/*
 * What may take long, and is done before signals wait in a descriptor, so that Ctrl-C ends it:
 * FIFOs are waited for, a package is unpacked.
 */
static int open_files(struct run *run, struct error *err)
{
	const struct run_options *options = run->options;
	const struct kernel_source source = { .root = "", .say = say, .say_data = run };
	int ret = feed_open(&run->feed, options->stdin_file, err);

	if (!ret)
		ret = load_test(run, err);
	if (!ret)
		ret = kernel_find(&source, options->kernel, &run->kernel, err);
	return ret ? ret : open_stderr(run, err);
}

/* All that is decided before the first VM. */
static int prepare(struct run *run, struct error *err)
{
	const struct run_options *options = run->options;
	struct configure_from from = { .options = options, .test = &run->test };
	struct configuration *configuration = &run->configuration;
	int ret = embed_export_wprof(&run->own_tracer, err);

	if (ret)
		return ret;
	from.kernel = run->kernel;
	from.own_tracer = run->own_tracer;
	if (run->own_tracer && wprof_wanted(options->wprof, run->test.wprof))
		complain(run, "using your own tracer, " WPROF_PATH_VARIABLE "='%s'",
			 getenv(WPROF_PATH_VARIABLE));
	configuration->entry.feed = feed_is_open(&run->feed);
	ret = configure(&from, configuration, err);
	if (!ret && configuration->run.wprof && !configuration->run.no_repro)
		ret = feed_keep(&run->feed, err);
	if (ret)
		return ret;
	if (*configuration->plan.warning)
		complain(run, "warning: %s", configuration->plan.warning);
	run->replay = make_replay(run);
	if (!run->replay)
		return error_set(err, -ENOMEM, "out of memory");
	return open_artefacts(run, err);
}

/*
 * The exit status: the payload's, and of one whose file says how it must fail, whether it did so,
 * as for `test`.
 */
static int exit_status(const struct run *run, const struct run_result *result,
		       enum outcome_kind outcome)
{
	const struct verdict *verdict = &result->first.verdict;
	bool good = outcome == OUTCOME_PASS || outcome == OUTCOME_XFAIL;

	if (good && !run_result_is_whole(result))
		return COMMAND_CANNOT;
	if (run->options->bisect)
		return bisect_status(verdict, outcome, result->first.seen.started,
				     run->options->bisect);
	if (outcome == OUTCOME_XFAIL || outcome == OUTCOME_XPASS)
		return outcome == OUTCOME_XPASS;
	return verdict->exit_status;
}

/* The words; the files are written. Returns the exit status. */
static int report(struct run *run, struct run_config *config, const struct run_result *result)
{
	enum outcome_kind outcome = outcome_of(&result->first.verdict, &run->test.expect);
	int status = exit_status(run, result, outcome);
	sigset_t blocked;

	if (outcome == OUTCOME_XFAIL || outcome == OUTCOME_XPASS)
		config->word = outcome_name(outcome);
	/* All is written; a terminal or pager that takes no more must not hold us up. */
	sigprocmask(SIG_SETMASK, &run->old_mask, &blocked);
	for (size_t i = 0; i < sizeof(result->lost) / sizeof(result->lost[0]); i++)
		if (*result->lost[i])
			command_complain("run: %s", result->lost[i]);
	if (result->first.seen.output_error)
		command_complain("run: writing the payload's standard output or error: %s; some of "
				 "it is lost",
				 strerror(result->first.seen.output_error));
	if (!run->options->quiet || (outcome != OUTCOME_PASS && outcome != OUTCOME_XFAIL))
		run_result_print(STDERR_FILENO, config, result);
	/* Behind it they end what is done for the next run, and nothing of this one's. */
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return status;
}

static int execute(struct run *run)
{
	struct run_config *config = &run->configuration.run;
	struct run_result *result;
	struct error err = { "" };
	int status;

	config->out_fd = STDOUT_FILENO;
	config->err_fd = run->err_fd;
	if (output_file_folder(&run->stderr_file, run->stderr_folder))
		config->renames_in = run->stderr_folder;
	config->console_fd = run->options->console ? STDERR_FILENO : -1;
	config->cancel_fd = run->signal_fd;
	config->feed = run->configuration.entry.feed ? &run->feed : NULL;
	config->artefacts = &run->artefacts;
	config->replay = run->replay;
	config->say = say;
	config->say_data = run;
	config->use_cache = true;
	if (run_execute(config, &result, &err)) {
		command_complain("run: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (run->feed.error)
		command_complain(
			"run: reading standard input: %s; the payload got what came before",
			strerror(run->feed.error));
	status = report(run, config, result);
	if (output_file_commit(&run->stderr_file, &err)) {
		command_complain("run: --stderr: %s", err.text);
		status = status ? status : COMMAND_CANNOT;
	}
	/* The result is out; the next one has its machine at once. */
	if (run_keep_base(config, result, &err) && !run->options->quiet)
		command_complain("run: the machine is not kept for the next run: %s", err.text);
	run_result_free(result);
	return status;
}

int cmd_run(const struct run_options *options)
{
	struct run run = { .options = options,
			   .signal_fd = -1,
			   .err_fd = STDERR_FILENO,
			   .stderr_file.fd = -1,
			   .feed = { .fd = -1, .kept = -1 } };
	struct error err = { "" };
	int status = COMMAND_CANNOT, ret;

	if (!options->operands)
		return command_misused("run", "no command given");
	ret = find_program(&run, &err);
	if (ret) {
		status = options->bisect  ? BISECT_SKIP
			 : ret == -ENOENT ? EXIT_NOT_FOUND
			 : ret == -EACCES ? EXIT_NOT_EXECUTABLE
					  : COMMAND_CANNOT;
		command_complain("run: %s", err.text);
		goto out;
	}
	ret = open_files(&run, &err);
	if (ret) {
		command_complain("run: %s", err.text);
		goto out;
	}
	run.signal_fd = invocation_signals(&run.old_mask, &err);
	ret = run.signal_fd < 0 ? run.signal_fd : prepare(&run, &err);
	if (ret)
		command_complain("run: %s", err.text);
	else
		status = execute(&run);
	invocation_close(&run.artefacts, options->out_dir);
out:
	/* Nothing was run: what stood there stays. */
	output_file_abandon(&run.stderr_file);
	feed_close(&run.feed);
	free(run.replay);
	free(run.kernel);
	configuration_destroy(&run.configuration);
	test_destroy(&run.test);
	if (run.signal_fd >= 0)
		close(run.signal_fd);
	return status;
}
