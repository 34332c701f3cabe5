/* One run of a test, in one VM or two: see run.h. */
#include "run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/take.h"
#include "run/quote.h"
#include "run/rights.h"
#include "util/cache_folder.h"
#include "util/cancel.h"

static void say(const struct run_config *config, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(const struct run_config *config, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!config->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config->say(config->say_data, text);
}

/*
 * The guest is made: what this process is to write from here on, the repro VM included, lies in two
 * folders, but for the file of --stderr, which is open. Where the kernel cannot keep it to them,
 * doctor says so.
 */
static int give_up_rights(const struct run_config *config, struct error *err)
{
	char out[PATH_MAX], cache[PATH_MAX], *slash;
	int ret;

	snprintf(out, sizeof(out), "%s", config->artefacts->dir);
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
	ret = rights_keep_writes(slash ? out : NULL, cache_folder(cache) ? NULL : cache,
				 config->renames_in, err);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

/*
 * How does a machine begin? As a fork where that can be. What is written of a machine as it boots
 * is only there when it does; one that could not become a base the first time is not asked again,
 * and where files are limited to less than its memory, that can be none that others share.
 */
static void choose_start(const struct run_config *config, struct run_result *result,
			 struct guest_config *guest)
{
	struct rlimit limit;
	bool can_share = getrlimit(RLIMIT_FSIZE, &limit) ||
			 limit.rlim_cur / (1 << 20) >= config->plan->memory_mib;

	if (config->fresh)
		return;
	if (config->base) {
		guest->base = config->base;
	} else if (result->base.ram_fd >= 0) {
		guest->base = &result->base;
	} else if (can_share && !config->dump_acpi_dir && !config->dump_initramfs &&
		   !result->first.ran) {
		if (config->use_cache && !base_cache_find(&result->cache, config, &result->base))
			guest->base = &result->base;
		else
			guest->take = &result->base;
	}
}

/* The user wanted out before there was a machine: an end like any other. */
static void note_cancel(const struct run_config *config, struct observation *seen)
{
	seen->stop = STOP_SIGNAL;
	seen->signal = cancel_take(config->cancel_fd);
}

/*
 * Of a base out of the cache only samples of the memory are checked. Where its fork ends before the
 * payload, that may be why: no later run is to fail for it, so that it is dropped, and what comes
 * after in this run boots as well. Init's own word that the payload cannot be executed counts for
 * the base, as does its word that the setup failed, or a scheduler was never attached, and who
 * wanted out says nothing about it.
 */
static void distrust_base(const struct run_config *config, struct run_result *result,
			  const struct observation *seen)
{
	if (seen->started || seen->exited || seen->stop == STOP_SIGNAL || seen->setup_failed ||
	    seen->scheduler.state == SCHEDULER_FAILED)
		return;
	base_cache_drop(&result->cache);
	base_close(&result->base);
	say(config, "the kept machine that this one was forked from is dropped, as no payload has "
		    "started in it: the next run boots");
}

/* Once for both VMs. */
static int pin(const struct run_config *config, struct run_result *result,
	       struct guest_config *guest, struct error *err)
{
	const struct pin_wait wait = { .limit_ms = config->pin_wait_ms,
				       .cancel_fd = config->cancel_fd,
				       .say = config->say_wait ? config->say_wait : config->say,
				       .say_data = config->say_data };
	int ret = 0;

	if (!config->pin)
		return 0;
	if (result->pin.lock_fd < 0 && config->pin_taken)
		ret = pin_adopt(&result->pin, config->pin_taken, err);
	else if (result->pin.lock_fd < 0)
		ret = pin_take(&result->pin, &config->plan->topology, config->plan->memory_mib,
			       &wait, err);
	guest->pin = &result->pin;
	return ret;
}

/* One machine, from its making to its end; also of one that only becomes a base. */
static int run_machine(const struct run_config *config, struct run_result *result,
		       struct run_vm *vm, struct watch *watch, struct error *err)
{
	struct guest_config *guest = &vm->config;
	bool from_cache = guest->base == &result->base && !result->base_is_new;
	char spec[TOPOLOGY_SPEC_SIZE];
	struct vmm *machine;
	int ret;

	/* Each has an observation of its own; a fork's begins with its base's facts. */
	observation_destroy(&vm->seen);
	ret = observation_init(&vm->seen);
	if (ret)
		return error_set(err, ret, "no memory for the guest's logs");
	/* Who ends the wait for CPUs is told of the machine that it was for. */
	guest_begin_observation(guest, &vm->seen);
	ret = pin(config, result, guest, err);
	if (!ret)
		ret = guest_create(guest, &vm->seen, &machine, err);
	if (ret == -EINTR) {
		note_cancel(config, &vm->seen);
		return 0;
	}
	if (ret)
		return ret;
	vm->seen.splats.allowed = config->allow_splat;
	vm->seen.splats.all_allowed = config->allow_all_splats;
	vm->seen.host_noise = config->host_noise;
	vm->seen.timed = config->timed;
	vm->seen.expected.expect = config->expect;
	vm->seen.scheduler.expected = config->expect_scx;
	if (config->entry) {
		vm->seen.scheduler.file = config->entry->scheduler.file;
		vm->seen.scheduler.args = (const char *const *)config->entry->scheduler.args;
		vm->seen.setup_commands = (const char *const *)config->entry->scheduler.setup;
		vm->seen.setup_limit_ms = config->entry->setup_ms;
	}
	topology_format(&config->plan->topology, spec);
	if (!guest->base || !result->base_is_new || vm == &result->repro)
		say(config, "%s %s: %s, %" PRIu64 " MiB%s", guest->base ? "forking" : "booting",
		    config->kernel, spec, config->plan->memory_mib,
		    guest->trace ? ", tracer on" : "");
	if (!result->has_few_rights)
		ret = give_up_rights(config, err);
	if (ret) {
		vmm_destroy(machine);
		return ret;
	}
	result->has_few_rights = true;
	ret = guest_run(guest, machine, watch, err);
	if (from_cache)
		distrust_base(config, result, &vm->seen);
	if (*watch->take_error.text)
		say(config, "the machine is not forked, it boots for each run: %s",
		    watch->take_error.text);
	return ret;
}

/*
 * Was that not yet the machine that runs the payload? One that has become a base is forked. A fork
 * that KVM does not take is forked from another base when its own came out of the cache, and boots
 * otherwise; so does one for which there is no memory beside its base.
 */
static bool goes_on(const struct run_config *config, struct run_result *result, struct run_vm *vm,
		    int *ret, struct error *err)
{
	struct guest_config *guest = &vm->config;
	bool is_own = guest->base == &result->base;

	if (!*ret && guest->take && result->base.ram_fd >= 0) {
		guest->base = guest->take;
		guest->take = NULL;
		result->base_is_new = true;
		return true;
	}
	if (!*ret || (!guest->refused && !(guest->crowded && is_own)))
		return false;
	if (guest->refused && is_own && !result->base_is_new) {
		base_cache_drop(&result->cache);
		guest->take = &result->base;
	} else {
		say(config, "the machine is not forked, it boots: %s", err->text);
	}
	if (is_own) {
		base_close(&result->base);
		result->base_is_new = false;
	}
	guest->base = NULL;
	return true;
}

/* Init's own limits, and a little more. */
static uint64_t prepare_ms(const struct entry *entry)
{
	uint64_t ms = 0;

	if (entry && entry->scheduler.file)
		ms += (KTSTR_SCHED_ATTACH_S + 3 * KTSTR_SCHED_STOP_S) * 1000;
	if (entry && entry->scheduler.nr_setup)
		ms += entry->setup_ms + KTSTR_SCHED_STOP_S * 1000;
	return ms;
}

/* CPU time, for reading the guest from outside when it fails. A shell does not fail. */
static unsigned int look_limit_ms(const struct run_config *config)
{
	if (config->allow_all_splats)
		return 0;
	return config->stall_timeout_ms ? (unsigned int)config->stall_timeout_ms
					: WATCH_STALL_TIMEOUT_MS;
}

static int run_one(const struct run_config *config, struct run_result *result, bool is_repro,
		   struct error *err)
{
	struct run_vm *vm = is_repro ? &result->repro : &result->first;
	struct watch watch = { .seen = &vm->seen,
			       .artefacts = config->artefacts,
			       .trace_suffix = is_repro ? ARTEFACT_REPRO_TRACE : ARTEFACT_TRACE,
			       .max_trace_size = config->plan->memory_mib << 20,
			       .scheduler = config->entry && config->entry->scheduler.file,
			       .nr_setup = config->entry ? config->entry->scheduler.nr_setup : 0,
			       .prepare_ms = prepare_ms(config->entry),
			       .cancel_fd = config->cancel_fd,
			       .stall_timeout_ms = config->stall_timeout_ms,
			       .attach = is_repro ? NULL : config->attach,
			       .feed = config->feed,
			       .record_size = config->plan->record_mib << 20,
			       .look = is_repro ? NULL : &result->look,
			       .out_fd = is_repro ? -1 : config->out_fd,
			       .err_fd = is_repro ? -1 : config->err_fd,
			       .console_fd = is_repro ? -1 : config->console_fd };
	struct guest_config *guest = &vm->config;
	int ret;

	*guest = (struct guest_config){
		.kernel = config->kernel,
		.entry = config->entry,
		.plan = config->plan,
		.wprof = config->wprof,
		.trace = is_repro || config->trace_first,
		.append = config->append,
		.modules_dir = config->modules_dir,
		.kaslr = config->kaslr,
		.cancel_fd = config->cancel_fd,
		.boot_timeout_ms = config->boot_timeout_ms
					   ? config->boot_timeout_ms
					   : guest_boot_timeout_ms(&config->plan->topology),
		/* The same in both VMs. */
		.dump_acpi_dir = is_repro ? NULL : config->dump_acpi_dir,
		.dump_initramfs = is_repro ? NULL : config->dump_initramfs,
	};
	if (!is_repro)
		result->look = (struct look){ .limit_ms = look_limit_ms(config),
					      .record = config->plan->record_mib,
					      .no_record = *config->plan->no_record
								   ? config->plan->no_record
								   : NULL,
					      .vmcore = config->vmcore,
					      .artefacts = config->artefacts,
					      .as_it_should = config->as_it_should,
					      .as_it_should_data = config->as_it_should_data,
					      .trace.file.fd = -1,
					      .file.fd = -1 };
	choose_start(config, result, guest);
	do
		ret = run_machine(config, result, vm, &watch, err);
	while (goes_on(config, result, vm, &ret, err));
	guest_release(guest);
	/* `printf x`, and then our word: in a line of its own. */
	if (watch_ends_line(&watch))
		(void)!write(STDERR_FILENO, "\n", 1);
	if (ret) {
		if (watch.look)
			look_finish(watch.look, &vm->seen, NULL);
		return ret;
	}
	vm->ran = true;
	verdict_of(&vm->seen, &vm->verdict);
	if (watch.look)
		look_finish(watch.look, &vm->seen, &vm->verdict);
	if (vm->seen.trace == TRACE_COMPLETE)
		snprintf(vm->trace_path, sizeof(vm->trace_path), "%s", watch.trace.file.path);
	return 0;
}

static struct report_vm report_vm(const struct run_vm *vm)
{
	return (struct report_vm){ .seen = &vm->seen,
				   .verdict = &vm->verdict,
				   .cmdline = vm->config.cmdline,
				   .quote = &vm->quote,
				   .trace_path = *vm->trace_path ? vm->trace_path : NULL };
}

static struct report_recording recording_of(const struct look_trace *trace)
{
	return (struct report_recording){ .path = *trace->path ? trace->path : NULL,
					  .error = *trace->error ? trace->error : NULL,
					  .events = trace->events,
					  .span_ns = trace->span_ns,
					  .unreadable = trace->unreadable };
}

/* @repro_vm: room for the second one, which the report points to. */
static struct report make_report(const struct run_config *config, const struct run_result *result,
				 struct report_vm *repro_vm)
{
	*repro_vm = report_vm(&result->repro);
	return (struct report){ .test = config->entry->name,
				.word = config->word,
				.kernel = config->kernel,
				.plan = config->plan,
				.pin = result->pin.lock_fd >= 0 ? &result->pin.plan : NULL,
				.argv = config->entry->argv,
				.replay = config->replay,
				.first = report_vm(&result->first),
				.recording = recording_of(&result->look.trace),
				.vmcore_path = *result->look.path ? result->look.path : NULL,
				.repro = result->repro.ran ? repro_vm : NULL,
				.repro_result = result->repro_result };
}

/* What could not be written is remembered in its own place; the verdict stands all the same. */
static void remember(int ret, const struct error *err, char lost[ERROR_TEXT_SIZE])
{
	if (ret)
		snprintf(lost, ERROR_TEXT_SIZE, "%s", err->text);
}

static bool went_well(const struct run_config *config, const struct verdict *verdict)
{
	return verdict->kind == VERDICT_PASS ||
	       (config->as_it_should && config->as_it_should(verdict, config->as_it_should_data));
}

/* Of a VM whose test failed: its trace may be the recorder's or the tracer's. */
static void quote(const struct run_config *config, const struct look_trace *recorded,
		  struct run_vm *vm)
{
	const char *path = *vm->trace_path ? vm->trace_path : NULL;
	const bool is_recorded = recorded && *recorded->path;
	const char *why_none = recorded && *recorded->error ? recorded->error
			       : *config->plan->no_record   ? config->plan->no_record
							    : NULL;

	if (vm->ran && !went_well(config, &vm->verdict))
		quote_take(&vm->quote, &vm->seen, is_recorded ? recorded->path : path,
			   vm->seen.tracer != TRACER_OFF || (recorded && config->plan->record_mib),
			   why_none);
}

static void write_files(const struct run_config *config, struct run_result *result)
{
	const struct run_vm *first = &result->first, *repro = &result->repro;
	struct artefacts *artefacts = config->artefacts;
	char path[PATH_MAX + 256];
	struct report_vm repro_vm;
	struct report report = make_report(config, result, &repro_vm);
	bool passed = went_well(config, &first->verdict);
	struct error err = { "" };

	if (*result->look.error)
		memcpy(result->lost[4], result->look.error, sizeof(result->lost[4]));

	if (!passed)
		remember(report_write_failure_dump(artefacts, &report, false, result->dump, &err),
			 &err, result->lost[0]);
	if (repro->ran && repro->verdict.kind != VERDICT_PASS)
		remember(report_write_failure_dump(artefacts, &report, true, result->repro_dump,
						   &err),
			 &err, result->lost[1]);
	/* A passing run leaves nothing behind unless it was told where to. */
	if (!passed || config->keep_result || artefacts->keep)
		remember(report_write_result(artefacts, &report, path, &err), &err,
			 result->lost[2]);
}

/* The second VM. What keeps it from being run is remembered; the first one's verdict stands. */
static void run_repro(const struct run_config *config, struct run_result *result)
{
	const struct verdict *verdict = &result->first.verdict;
	struct run_vm *repro = &result->repro;
	struct error err = { "" };
	int ret = 0;

	if (config->feed && !feed_can_repeat(config->feed))
		ret = error_set(
			&err, -EFBIG,
			"standard input was over %llu MiB, too much to keep for a second VM; "
			"give it as a file, with --stdin FILE",
			FEED_KEEP_MAX >> 20);
	if (!ret) {
		say(config, "%s; running it again in an identical VM with the tracer on",
		    verdict->cause);
		ret = run_one(config, result, true, &err);
	}
	if (ret)
		snprintf(result->lost[3], sizeof(result->lost[3]), "the repro VM: %s", err.text);
	result->repro_result = ret ? REPRO_UNDECIDED : verdict_compare(verdict, &repro->verdict);
}

int run_execute(const struct run_config *config, struct run_result **out, struct error *err)
{
	struct run_result *result = calloc(1, sizeof(*result));
	struct run_vm *first;
	int ret;

	if (!result)
		return error_set(err, -ENOMEM, "out of memory");
	result->base.ram_fd = result->pin.lock_fd = -1;
	first = &result->first;
	ret = run_one(config, result, false, err);
	if (ret) {
		run_result_free(result);
		return ret;
	}
	/* Where init never spoke, a tracer would not start either. */
	if (config->wprof && !config->no_repro && first->seen.hello &&
	    verdict_wants_repro(first->verdict.kind) && !went_well(config, &first->verdict))
		run_repro(config, result);
	quote(config, &result->look.trace, first);
	quote(config, NULL, &result->repro);
	write_files(config, result);
	*out = result;
	return 0;
}

int run_keep_base(const struct run_config *config, struct run_result *result, struct error *err)
{
	/* Who wanted out does not want to wait for this. */
	return result->base_is_new && result->first.seen.stop != STOP_SIGNAL
		       ? base_cache_keep(&result->cache, &result->base, config->cancel_fd, err)
		       : 0;
}

void run_result_free(struct run_result *result)
{
	if (!result)
		return;
	base_close(&result->base);
	pin_give_back(&result->pin);
	base_cache_free(&result->cache);
	observation_destroy(&result->first.seen);
	observation_destroy(&result->repro.seen);
	free(result);
}

bool run_result_is_whole(const struct run_result *result)
{
	for (size_t i = 0; i < sizeof(result->lost) / sizeof(result->lost[0]); i++)
		if (*result->lost[i])
			return false;
	return result->first.seen.trace != TRACE_UNWRITTEN && !result->first.seen.output_error;
}

void run_result_print(int fd, const struct run_config *config, const struct run_result *result)
{
	struct report_vm repro_vm;
	struct report report = make_report(config, result, &repro_vm);

	report_print(fd, &report, *result->dump ? result->dump : NULL,
		     *result->repro_dump ? result->repro_dump : NULL);
}

char *run_result_detail(const struct run_config *config, const struct run_result *result)
{
	struct report_vm repro_vm;
	struct report report = make_report(config, result, &repro_vm);

	return report_detail(&report);
}
