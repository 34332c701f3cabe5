/* ktstr-launch shell: a shell in a guest, on the user's terminal, or one command there. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"
#include "entry/directives.h"
#include "host/tsc.h"
#include "report/report.h"
#include "run/attach.h"
#include "run/configure.h"
#include "run/invocation.h"
#include "run/kernel_find.h"
#include "run/options.h"
#include "suite/load.h"

#define DEFAULT_MEMORY_MIB 1024
#define PROMPT		   "PS1=\\h:\\w# "

struct shell {
	const struct run_options *options;
	char *kernel;	    /* the image */
	struct tests tests; /* of --test */
	const struct test *test;
	struct test plain; /* without one: the defaults */
	struct configuration configuration;
	char *term;
	struct artefacts artefacts;
	struct attach attach;
	bool attached;
	int signal_fd;
	sigset_t old_mask;
	int own_tracer;
	char *replay;
};

static void say(void *data, const char *line)
{
	const struct shell *shell = data;

	if (!shell->options->quiet)
		command_complain("%s", line);
}

/* Of tests that are not asked for, nothing is of interest. */
static void complain_not(const char *line)
{
	(void)line;
}

static void complain(const char *line)
{
	command_complain("shell: %s", line);
}

/* A test's whole name, or what is behind one of its slashes. */
static bool is_called(const struct test *test, const char *named)
{
	size_t length = strlen(test->name), tail = strlen(named);

	return length >= tail && !strcmp(test->name + length - tail, named) &&
	       (length == tail || test->name[length - tail - 1] == '/');
}

/* The test that --test means: a file, else the one of that name from here on. */
static int find_test(struct shell *shell, struct error *err)
{
	const char *named = shell->options->test;
	bool is_file = strchr(named, '/') || !access(named, F_OK);
	const char *const paths[] = { is_file ? named : ".", NULL };
	int ret = tests_load(paths, &shell->tests, is_file ? complain : complain_not, err);

	if (is_file && ret > 0)
		return error_set(err, -EINVAL, "--test '%s' cannot be used, see above", named);
	if (is_file && !ret && shell->tests.count != 1)
		return error_set(err, -EINVAL, "--test '%s': a folder with %zu tests; name one",
				 named, shell->tests.count);
	if (ret < 0 && ret != -ENOENT)
		return error_prefix(err, ret, "--test '%s'", named);
	for (size_t i = 0; i < shell->tests.count; i++) {
		const struct test *test = &shell->tests.list[i];

		if (!is_file && !is_called(test, named))
			continue;
		if (shell->test)
			return error_set(err, -EINVAL,
					 "--test '%s': both '%s' and '%s' have this name; give the "
					 "file",
					 named, shell->test->path, test->path);
		shell->test = test;
	}
	if (!shell->test) {
		char unusable[80] = "";

		if (ret > 0)
			snprintf(unusable, sizeof(unusable),
				 "; %d of the files here cannot be used, see ktstr-launch check .",
				 ret);
		return error_set(err, -ENOENT,
				 "--test '%s': neither a file nor the name of a test in this "
				 "folder or below%s",
				 named, unusable);
	}
	if (shell->test->host_only)
		return error_set(err, -EINVAL,
				 "--test '%s': the test says host_only, it has no VM ('%s')", named,
				 shell->test->path);
	return 0;
}

/* A test's machine is the one that `test` would give it; a plain shell's is taken as given. */
static int make_plan(struct shell *shell, struct plan *plan, struct error *err)
{
	const struct plan_override *override = &shell->options->override;

	*plan = (struct plan){ .topology = override->topology,
			       .memory_mib = override->memory_mib ? override->memory_mib
								  : DEFAULT_MEMORY_MIB,
			       .wprof = shell->options->wprof > WPROF_OFF,
			       .tsc_reliable = host_tsc_read() };
	return override->has_topology ? topology_check(&plan->topology, err)
				      : topology_parse(PLAN_DEFAULT_TOPOLOGY, &plan->topology, err);
}

/* The shell or command came to its own end, whichever, or the user left. */
static bool as_it_should(const struct verdict *verdict, const void *data)
{
	(void)data;
	return verdict->kind == VERDICT_PASS || verdict->kind == VERDICT_FAIL ||
	       verdict->kind == VERDICT_INTERRUPTED;
}

/* The shell's run: no time limit unless the user said one, and never again with the tracer on. */
static int configure_shell(struct shell *shell, struct error *err)
{
	const struct run_options *options = shell->options;
	const char *term = getenv("TERM");
	const char *env[] = { NULL, PROMPT, NULL };
	struct configuration *configuration = &shell->configuration;
	struct configure_from from = { .options = options,
				       .test = shell->test ? shell->test : &shell->plain,
				       .kernel = shell->kernel,
				       .own_tracer = shell->own_tracer,
				       .record = shell->test };
	struct plan plan;
	int ret = 0;

	if (asprintf(&shell->term, "TERM=%s", term && *term ? term : "dumb") < 0) {
		shell->term = NULL;
		return error_set(err, -ENOMEM, "out of memory");
	}
	env[0] = shell->term;
	if (configuration->entry.tty)
		from.env = env;
	if (!shell->test) {
		from.plan = &plan;
		ret = make_plan(shell, &plan, err);
	}
	if (!ret)
		ret = configure(&from, configuration, err);
	if (!options->has_timeout)
		configuration->entry.timeout_ms = 0;
	configuration->entry.metrics = false;
	configuration->run.no_repro = true;
	configuration->run.trace_first = options->wprof == WPROF_ALWAYS;
	configuration->run.as_it_should = as_it_should;
	configuration->run.expect = NULL;
	/* What somebody does there by hand is no test. */
	configuration->run.allow_all_splats = true;
	if (!ret && *configuration->plan.warning) {
		char line[sizeof(configuration->plan.warning) + 16];

		snprintf(line, sizeof(line), "warning: %s", configuration->plan.warning);
		say(shell, line);
	}
	return ret;
}

static int find_shell(struct shell *shell, const char *argv[4], struct error *err)
{
	struct entry *entry = &shell->configuration.entry;
	char *cwd;
	int ret;

	argv[0] = "sh";
	if (shell->options->exec) {
		argv[1] = "-c";
		argv[2] = shell->options->exec;
	}
	entry->argv = argv;
	entry->tty = !shell->options->exec;
	ret = entry_find_busybox(entry, err);
	if (ret)
		return ret;
	snprintf(entry->name, sizeof(entry->name), "%s", shell->test ? shell->test->name : "shell");
	if (!shell->test)
		return 0;
	/* Where the test would be. */
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return error_set(err, -errno, "the working folder: %s", strerror(errno));
	free(entry->cwd);
	entry->cwd = cwd;
	return 0;
}

static int open_artefacts(struct shell *shell, struct error *err)
{
	const struct run_options *options = shell->options;
	const struct configuration *configuration = &shell->configuration;
	char spec[TOPOLOGY_SPEC_SIZE], memory[32];
	const char *strings[] = { shell->kernel, spec, memory,
				  configuration->append ? configuration->append : "",
				  options->exec ? options->exec : "" };

	topology_format(&configuration->plan.topology, spec);
	snprintf(memory, sizeof(memory), "%" PRIu64, configuration->plan.memory_mib);
	return artefacts_open(&shell->artefacts, options->out_dir, configuration->entry.name,
			      artefacts_variant(strings, sizeof(strings) / sizeof(strings[0])),
			      err);
}

static int prepare(struct shell *shell, const char *argv[4], struct error *err)
{
	const struct kernel_source source = { .root = "", .say = say, .say_data = shell };
	const struct run_options *options = shell->options;
	int ret;

	if (options->operands)
		return error_set(err, -EINVAL,
				 "'%s': takes no operands; --exec '%s ...' runs a "
				 "command, --test names a test",
				 options->operands[0], options->operands[0]);
	if (options->record_here && options->record.mib && !options->test)
		return error_set(err, -EINVAL,
				 "--record-mib: the flight recorder is for a test that fails; give "
				 "--test, or leave it out");
	if (!options->exec && !isatty(STDIN_FILENO))
		return error_set(err, -ENOTTY,
				 "standard input is no terminal to type at; give --exec 'CMD' to "
				 "run a command without one");
	ret = kernel_find(&source, options->kernel, &shell->kernel, err);
	if (!ret && options->test)
		ret = find_test(shell, err);
	if (!ret)
		ret = find_shell(shell, argv, err);
	if (!ret && test_init(&shell->plain))
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = embed_export_wprof(&shell->own_tracer, err);
	if (!ret)
		ret = configure_shell(shell, err);
	return ret;
}

/* What init and the tracer had to say, and where the trace is: nothing of a shell without either.
 */
static void tell_aside(const struct run_config *config, const struct run_result *result)
{
	char *detail = run_result_detail(config, result);

	if (detail)
		fputs(detail, stderr);
	if (*result->first.trace_path)
		fprintf(stderr, "  trace         %s\n", result->first.trace_path);
	free(detail);
}

static int report(struct shell *shell, const struct run_config *config,
		  const struct run_result *result)
{
	const struct verdict *verdict = &result->first.verdict;
	sigset_t blocked;

	/* All is written; a terminal or pager that takes no more must not hold us up. */
	sigprocmask(SIG_SETMASK, &shell->old_mask, &blocked);
	for (size_t i = 0; i < sizeof(result->lost) / sizeof(result->lost[0]); i++)
		if (*result->lost[i])
			command_complain("shell: %s", result->lost[i]);
	if (result->first.seen.output_error)
		command_complain("shell: writing the guest's output: %s; some of it is lost",
				 strerror(result->first.seen.output_error));
	if (verdict->kind == VERDICT_INTERRUPTED)
		say(shell, "the guest is ended");
	if (!as_it_should(verdict, NULL))
		run_result_print(STDERR_FILENO, config, result);
	else if (!shell->options->quiet)
		tell_aside(config, result);
	/* Behind it they end what is done for the next run, and nothing of this one's. */
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return verdict->kind == VERDICT_PASS && !run_result_is_whole(result) ? COMMAND_CANNOT
									     : verdict->exit_status;
}

static int execute(struct shell *shell)
{
	const struct run_options *options = shell->options;
	const struct test *test = shell->test;
	struct run_config *config = &shell->configuration.run;
	struct run_result *result;
	struct error err = { "" };
	int status;

	if (shell->attached)
		say(shell, "the shell's exit ends the guest, Enter ~ . leaves it; while it boots, "
			   "Ctrl-C does");
	if (test) {
		char line[4200];

		snprintf(line, sizeof(line), "test %s is at %s", test->name, test->path);
		say(shell, line);
	}
	config->out_fd = STDOUT_FILENO;
	config->err_fd = STDERR_FILENO;
	config->console_fd = options->console ? STDERR_FILENO : -1;
	config->cancel_fd = shell->signal_fd;
	config->attach = shell->attached ? &shell->attach : NULL;
	config->artefacts = &shell->artefacts;
	config->replay = shell->replay;
	config->say = say;
	config->say_data = shell;
	config->use_cache = true;
	if (run_execute(config, &result, &err)) {
		command_complain("shell: %s", err.text);
		return COMMAND_CANNOT;
	}
	status = report(shell, config, result);
	/* The result is out; the next one has its machine at once. */
	if (run_keep_base(config, result, &err) && !options->quiet)
		command_complain("shell: the machine is not kept for the next run: %s", err.text);
	run_result_free(result);
	return status;
}

static char *make_replay(const struct shell *shell)
{
	const char *const kernel[] = { "--kernel", shell->kernel, NULL };
	const struct replay replay = { .command = "shell",
				       .groups = ~0u,
				       .own_tracer = shell->own_tracer,
				       .tail = shell->options->kernel ? NULL : kernel };

	return invocation_replay(shell->options, &replay);
}

int cmd_shell(const struct run_options *options)
{
	struct shell shell = { .options = options, .signal_fd = -1 };
	const char *shell_argv[4] = { NULL };
	struct error err = { "" };
	int status = COMMAND_CANNOT, ret;

	ret = prepare(&shell, shell_argv, &err);
	if (!ret && shell.configuration.entry.tty) {
		ret = attach_open(&shell.attach, STDIN_FILENO, &err);
		shell.attached = !ret;
	}
	/* Behind attach_open: its process has signals of its own. */
	if (!ret) {
		shell.signal_fd = invocation_signals(&shell.old_mask, &err);
		ret = shell.signal_fd < 0 ? shell.signal_fd : 0;
	}
	if (!ret)
		ret = open_artefacts(&shell, &err);
	if (ret) {
		command_complain("shell: %s", err.text);
	} else {
		shell.replay = make_replay(&shell);
		if (shell.replay)
			status = execute(&shell);
		else
			command_complain("shell: out of memory");
	}
	if (shell.attached)
		attach_close(&shell.attach);
	invocation_close(&shell.artefacts, options->out_dir);
	free(shell.replay);
	free(shell.kernel);
	free(shell.term);
	configuration_destroy(&shell.configuration);
	test_destroy(&shell.plain);
	tests_destroy(&shell.tests);
	if (shell.signal_fd >= 0)
		close(shell.signal_fd);
	return status;
}
