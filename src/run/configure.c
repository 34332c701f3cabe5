/* How is a run_config put together? See configure.h. */
#include "run/configure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"
#include "host/tsc.h"
#include "run/cmdline.h"
#include "run/tracer.h"
#include "verdict/host_noise.h"
#include "verdict/outcome.h"

/* Two files at one place of the guest are an error there. */
static int join_includes(const struct configure_from *from, struct configuration *out)
{
	const struct run_options *options = from->options;
	const struct test *test = from->test;
	size_t used = 0;

	out->includes =
		calloc(test->nr_includes + options->nr_includes + 1, sizeof(*out->includes));
	if (!out->includes)
		return -ENOMEM;
	/* A test that is not what is run is there all the same. */
	if (test->path && !out->entry.on_host)
		out->includes[used++].host = test->path;
	for (size_t i = 0; i < test->nr_includes; i++)
		out->includes[used++] = test->includes[i];
	for (size_t i = 0; i < options->nr_includes; i++)
		out->includes[used++] = options->includes[i];
	out->entry.includes = out->includes;
	out->entry.nr_includes = used;
	return 0;
}

static int join_modules(const struct configure_from *from, struct configuration *out)
{
	const struct run_options *options = from->options;
	const struct test *test = from->test;
	size_t used = 0;

	out->modules = calloc(test->nr_modules + options->nr_modules + 1, sizeof(*out->modules));
	if (!out->modules)
		return -ENOMEM;
	for (size_t i = 0; i < test->nr_modules; i++)
		out->modules[used++] = test->modules[i];
	for (size_t i = 0; i < options->nr_modules; i++)
		out->modules[used++] = options->modules[i];
	out->entry.modules = out->modules;
	out->entry.nr_modules = used;
	return 0;
}

/* Of a variable that is there twice the last one counts. */
static int join_env(const struct configure_from *from, struct configuration *out)
{
	const struct option_list *options = &from->options->env;
	const char *const *lists[] = { from->env, (const char *const *)from->test->env };
	size_t count = options->count, used = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; lists[i] && lists[i][j]; j++)
			count++;
	out->env = calloc(count + 1, sizeof(*out->env));
	if (!out->env)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; lists[i] && lists[i][j]; j++)
			out->env[used++] = lists[i][j];
	for (size_t i = 0; i < options->count; i++)
		out->env[used++] = options->items[i];
	out->entry.env = out->env;
	out->entry.nr_env = used;
	return 0;
}

/* What is said on the command line replaces the test's scheduler, and its arguments with it. */
static int join_scheduler(const struct configure_from *from, struct configuration *out,
			  struct error *err)
{
	const struct run_options *options = from->options;
	const struct entry_scheduler *its = &from->test->scheduler;
	struct entry_scheduler *ours = &out->entry.scheduler;
	int ret = 0;

	if (options->scheduler)
		ret = entry_scheduler_set(ours, "--scheduler", options->scheduler, out->entry.cwd,
					  strlen(out->entry.cwd), err);
	else if (its->file)
		ret = entry_scheduler_set(ours, "scheduler", its->file, "", 0, err);
	if (!ret && options->scheduler_args.count && !ours->file)
		return error_set(err, -EINVAL,
				 "--scheduler-arg '%s': there is no scheduler; give --scheduler",
				 options->scheduler_args.items[0]);
	for (size_t i = 0; !ret && !options->scheduler && i < its->nr_args; i++)
		ret = entry_strings_add(&ours->args, &ours->nr_args, "scheduler_args", its->args[i],
					err);
	for (size_t i = 0; !ret && i < options->scheduler_args.count; i++)
		ret = entry_strings_add(&ours->args, &ours->nr_args, "--scheduler-arg",
					options->scheduler_args.items[i], err);
	for (size_t i = 0; !ret && i < its->nr_setup; i++)
		ret = entry_strings_add(&ours->setup, &ours->nr_setup, "setup", its->setup[i], err);
	for (size_t i = 0; !ret && i < options->setup.count; i++)
		ret = entry_strings_add(&ours->setup, &ours->nr_setup, "--setup",
					options->setup.items[i], err);
	return ret;
}

static int join_allow_splat(const struct configure_from *from, struct configuration *out)
{
	const struct patterns *lists[] = { &from->test->allow_splat, &from->options->allow_splat };
	struct patterns *joined = &out->allow_splat;

	joined->items = calloc(lists[0]->count + lists[1]->count + 1, sizeof(*joined->items));
	if (!joined->items)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			joined->items[joined->count++] = lists[i]->items[j];
	return 0;
}

/* The kernel takes the last of two, too. */
static int join_append(const struct configure_from *from, struct configuration *out)
{
	const char *ours = from->options->append, *its = from->test->append;

	if (!ours && !its)
		return 0;
	if (asprintf(&out->append, "%s%s%s", its ? its : "", its && ours ? " " : "",
		     ours ? ours : "") >= 0)
		return 0;
	out->append = NULL;
	return -ENOMEM;
}

uint64_t configure_timeout_ms(const struct run_options *options, const struct test *test)
{
	uint64_t ms = options->has_timeout ? options->timeout_ms : test->timeout_ms;
	uint64_t scaled = (uint64_t)((double)ms * options->timeout_scale + 0.5);

	/* 0 means that there is none. */
	return ms && !scaled ? 1 : scaled;
}

bool configure_kaslr(const struct run_options *options, const struct test *test)
{
	return options->kaslr || (test->has_kaslr && test->kaslr);
}

bool configure_fresh(const struct run_options *options, const struct test *test)
{
	/* A fork's memory is where its base's is, in small pages: it can neither be bound nor be
	 * had in huge ones. */
	return options->fresh || test->fresh || configure_pin(options, test);
}

bool configure_pin(const struct run_options *options, const struct test *test)
{
	return options->pin || test->pin;
}

static unsigned int host_noise(const struct configure_from *from)
{
	if (from->options->has_host_noise)
		return from->options->host_noise;
	return from->test->has_host_noise ? from->test->host_noise : HOST_NOISE_DEFAULT;
}

static const char *wprof_args(const struct configure_from *from)
{
	return from->options->wprof_args ? from->options->wprof_args : from->test->wprof_args;
}

static int make_plan(const struct configure_from *from, struct plan *plan, struct error *err)
{
	const struct test *test = from->test;
	const struct plan_override *override = &from->options->override;
	struct plan_wish wish = { .topology = test->topology,
				  .memory_mib = test->memory_mib,
				  .wprof = wprof_wanted(from->options->wprof, test->wprof),
				  .wprof_args = wprof_args(from) };
	struct host_memory memory;
	int ret;

	plan_wish_record(&wish, &from->options->record, &test->record, from->record || wish.wprof);
	host_memory_read("", &memory);
	wish.most_mib = host_memory_largest_guest(
		host_memory_most(&memory),
		topology_cpus(override->has_topology ? &override->topology : &test->topology));
	ret = plan_make(&wish, override, plan, err);
	plan->tsc_reliable = host_tsc_read();
	return ret;
}

static bool as_it_should(const struct verdict *verdict, const void *data)
{
	const struct test *test = data;

	return !outcome_is_bad(outcome_of(verdict, &test->expect));
}

static int configure_tracer(const struct configure_from *from, struct configuration *out,
			    struct error *err)
{
	bool once = !from->test->auto_repro;
	int ret;

	if (!out->plan.wprof)
		return 0;
	ret = run_configure_tracer(&out->wprof, from->own_tracer, wprof_args(from), err);
	out->run.wprof = &out->wprof;
	out->run.no_repro = once;
	out->run.trace_first = once || from->options->wprof == WPROF_ALWAYS;
	return ret;
}

int configure(const struct configure_from *from, struct configuration *out, struct error *err)
{
	const struct run_options *options = from->options;
	const struct test *test = from->test;
	char cmdline[VMM_CMDLINE_SIZE];
	int ret = 0;

	if (from->plan)
		out->plan = *from->plan;
	else
		ret = make_plan(from, &out->plan, err);
	if (ret)
		return ret;
	if (join_includes(from, out) || join_modules(from, out) || join_env(from, out) ||
	    join_append(from, out) || join_allow_splat(from, out))
		return error_set(err, -ENOMEM, "out of memory");
	ret = join_scheduler(from, out, err);
	if (ret)
		return ret;
	out->entry.timeout_ms = configure_timeout_ms(options, test);
	out->entry.setup_ms = options->setup_timeout_ms ? options->setup_timeout_ms
							: ENTRY_SETUP_MS;
	out->entry.metrics = true;
	out->run =
		(struct run_config){ .kernel = from->kernel,
				     .entry = &out->entry,
				     .plan = &out->plan,
				     .as_it_should = test->path ? as_it_should : NULL,
				     .as_it_should_data = test,
				     .expect = &test->expect,
				     .expect_scx = test->expect_scx.text ? &test->expect_scx : NULL,
				     .allow_splat = &out->allow_splat,
				     .append = out->append,
				     .modules_dir = options->modules_dir,
				     .kaslr = configure_kaslr(options, test),
				     .fresh = configure_fresh(options, test),
				     .pin = configure_pin(options, test),
				     .pin_wait_ms = options->pin_wait_ms,
				     .boot_timeout_ms = options->boot_timeout_ms,
				     .stall_timeout_ms = options->stall_timeout_ms,
				     .host_noise = host_noise(from),
				     .timed = test->timed,
				     .out_fd = -1,
				     .err_fd = -1,
				     .console_fd = -1,
				     .cancel_fd = -1,
				     .vmcore = options->vmcore,
				     .keep_result = options->out_dir,
				     .dump_acpi_dir = options->dump_acpi_dir,
				     .dump_initramfs = options->dump_initramfs };
	ret = configure_tracer(from, out, err);
	if (ret)
		return ret;
	return cmdline_build(out->run.kaslr, &out->plan, out->run.wprof, out->append, cmdline, err);
}

void configuration_destroy(struct configuration *configuration)
{
	wprof_config_destroy(&configuration->wprof);
	entry_destroy(&configuration->entry);
	free(configuration->includes);
	free(configuration->modules);
	free(configuration->env);
	free(configuration->append);
	free(configuration->allow_splat.items);
	*configuration = (struct configuration){ 0 };
}
