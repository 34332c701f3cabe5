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
#include "host/tsc.h"
#include "report/report.h"
#include "run/cmdline.h"
#include "run/invocation.h"
#include "run/kernel_find.h"
#include "run/options.h"
#include "run/run.h"
#include "run/tracer.h"
#include "util/output_file.h"

/* One run: both VMs, and what is known of them. */
struct run {
	const struct run_options *options;
	char *kernel; /* the image */
	struct entry entry;
	struct plan plan;
	struct wprof_config wprof;
	bool has_wprof;
	struct artefacts artefacts;
	int signal_fd;
	int err_fd; /* the payload's standard error */
	struct output_file stderr_file;
	sigset_t old_mask;
	bool own_tracer; /* the user's KTSTR_WPROF_PATH is in use */
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

static int find_program(struct run *run, struct error *err)
{
	const struct blob *blob = embed_find("applets");
	uint8_t *applets = NULL;
	int ret;

	ret = blob ? embed_load(blob, &applets, err)
		   : error_set(err, -ENXIO, "this launcher carries no list of applets; rebuild it");
	if (!ret)
		ret = entry_find_program(&run->entry, (const char *)applets, blob->size, err);
	free(applets);
	return ret;
}

static int make_plan(struct run *run, struct error *err)
{
	struct plan_wish wish = { .memory_mib = PLAN_DEFAULT_MEMORY_MIB,
				  .wprof = run->has_wprof,
				  .wprof_args = run->options->wprof_args };
	int ret = topology_parse(PLAN_DEFAULT_TOPOLOGY, &wish.topology, err);

	if (!ret)
		ret = plan_make(&wish, &run->options->override, &run->plan, err);
	run->plan.tsc_reliable = host_tsc_read();
	if (!ret && *run->plan.warning)
		complain(run, "warning: %s", run->plan.warning);
	return ret;
}

static int open_artefacts(struct run *run, struct error *err)
{
	const char *out_dir = run->options->out_dir;
	char spec[TOPOLOGY_SPEC_SIZE], memory[32];
	const char *strings[64] = { run->kernel, spec, memory,
				    run->options->append ? run->options->append : "" };
	size_t used = 4;

	topology_format(&run->plan.topology, spec);
	snprintf(memory, sizeof(memory), "%" PRIu64, run->plan.memory_mib);
	for (size_t i = 0; run->entry.argv[i] && used < sizeof(strings) / sizeof(strings[0]); i++)
		strings[used++] = run->entry.argv[i];
	return artefacts_open(&run->artefacts, out_dir, run->entry.name,
			      artefacts_variant(strings, used), err);
}

/* All that is decided before the first VM. */
static int prepare(struct run *run, struct error *err)
{
	const struct run_options *options = run->options;
	const struct kernel_source source = { .root = "", .say = say, .say_data = run };
	char cmdline[LAYOUT_CMDLINE_SIZE];
	int used_own, ret;

	ret = kernel_find(&source, options->kernel, &run->kernel, err);
	if (ret)
		return ret;
	run->entry.includes = options->includes;
	run->entry.nr_includes = options->nr_includes;
	run->entry.env = options->env.items;
	run->entry.nr_env = options->env.count;
	run->entry.timeout_ms = options->timeout_ms;

	ret = embed_export_wprof(&used_own, err);
	if (ret)
		return ret;
	run->has_wprof = options->wprof > WPROF_OFF;
	run->own_tracer = used_own;
	if (used_own && run->has_wprof)
		complain(run, "using your own tracer, " WPROF_PATH_VARIABLE "='%s'",
			 getenv(WPROF_PATH_VARIABLE));
	if (run->has_wprof)
		ret = run_configure_tracer(&run->wprof, used_own, options->wprof_args, err);
	if (!ret)
		ret = make_plan(run, err);
	/* Of the VM with the tracer on: what the kernel would cut is refused before the first boot.
	 */
	if (!ret)
		ret = cmdline_build(options->kaslr, run->plan.tsc_reliable,
				    run->has_wprof ? &run->wprof : NULL, options->append, cmdline,
				    err);
	if (!ret)
		ret = open_artefacts(run, err);
	if (!ret && options->stderr_file) {
		ret = output_file_open(&run->stderr_file, options->stderr_file, err);
		if (ret)
			error_prefix(err, ret, "--stderr");
		else
			run->err_fd = run->stderr_file.fd;
	}
	return ret;
}

/* The words; the files are written. Returns the exit status. */
static int report(struct run *run, const struct run_config *config, const struct run_result *result)
{
	bool passed = result->first.verdict.kind == VERDICT_PASS;

	/* All is written; a terminal or pager that takes no more must not hold us up. */
	sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	for (size_t i = 0; i < sizeof(result->lost) / sizeof(result->lost[0]); i++)
		if (*result->lost[i])
			command_complain("run: %s", result->lost[i]);
	if (result->first.seen.output_error)
		command_complain("run: writing the payload's standard output or error: %s; some of "
				 "it is lost",
				 strerror(result->first.seen.output_error));
	if (!run->options->quiet || !passed)
		run_result_print(STDERR_FILENO, config, result);
	if (passed && !run_result_is_whole(result))
		return COMMAND_CANNOT;
	if (run->options->bisect)
		return bisect_status(&result->first.verdict,
				     outcome_of(&result->first.verdict, false, 0),
				     result->first.seen.started, run->options->bisect);
	return result->first.verdict.exit_status;
}

static int execute(struct run *run)
{
	const struct run_options *options = run->options;
	struct run_config config = { .kernel = run->kernel,
				     .entry = &run->entry,
				     .plan = &run->plan,
				     .wprof = run->has_wprof ? &run->wprof : NULL,
				     .trace_first = options->wprof == WPROF_ALWAYS,
				     .append = options->append,
				     .kaslr = options->kaslr,
				     .boot_timeout_ms = options->boot_timeout_ms,
				     .stall_timeout_ms = options->stall_timeout_ms,
				     .out_fd = STDOUT_FILENO,
				     .err_fd = run->err_fd,
				     .console_fd = options->console ? STDERR_FILENO : -1,
				     .cancel_fd = run->signal_fd,
				     .artefacts = &run->artefacts,
				     .keep_result = options->out_dir,
				     .replay = run->replay,
				     .dump_acpi_dir = options->dump_acpi_dir,
				     .dump_initramfs = options->dump_initramfs,
				     .say = say,
				     .say_data = run };
	struct run_result *result;
	struct error err = { "" };
	int status;

	if (run_execute(&config, &result, &err)) {
		command_complain("run: %s", err.text);
		return COMMAND_CANNOT;
	}
	status = report(run, &config, result);
	if (output_file_commit(&run->stderr_file, &err)) {
		command_complain("run: --stderr: %s", err.text);
		status = status ? status : COMMAND_CANNOT;
	}
	run_result_free(result);
	return status;
}

int cmd_run(const struct run_options *options)
{
	struct run run = {
		.options = options, .signal_fd = -1, .err_fd = STDERR_FILENO, .stderr_file.fd = -1
	};
	struct error err = { "" };
	int status = COMMAND_CANNOT, ret;

	if (!options->operands)
		return command_misused("run", "no command given");
	run.entry.argv = options->operands;
	ret = find_program(&run, &err);
	if (ret) {
		status = options->bisect  ? BISECT_SKIP
			 : ret == -ENOENT ? EXIT_NOT_FOUND
			 : ret == -EACCES ? EXIT_NOT_EXECUTABLE
					  : COMMAND_CANNOT;
		command_complain("run: %s", err.text);
		goto out;
	}
	run.signal_fd = invocation_signals(&run.old_mask, &err);
	ret = run.signal_fd < 0 ? run.signal_fd : prepare(&run, &err);
	if (!ret) {
		run.replay = invocation_replay(options, run.kernel, run.own_tracer, "run");
		if (!run.replay)
			ret = error_set(&err, -ENOMEM, "out of memory");
	}
	if (ret)
		command_complain("run: %s", err.text);
	else
		status = execute(&run);
	/* Nothing was run: what stood there stays. */
	output_file_abandon(&run.stderr_file);
	invocation_close(&run.artefacts, options->out_dir);
out:
	free(run.replay);
	free(run.kernel);
	wprof_config_destroy(&run.wprof);
	entry_destroy(&run.entry);
	if (run.signal_fd >= 0)
		close(run.signal_fd);
	return status;
}
