/* What does the user get to keep? The failure dump and the result file; see report.h. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/checks.h"
#include "report/host.h"
#include "report/inside.h"
#include "report/lines.h"
#include "report/metrics.h"
#include "report/pinning.h"
#include "report/report.h"
#include "util/json.h"

#define LOG_LINES	60
#define TRACER_LINES	60
/* Of what it printed, which the kernel's dump is often a part of, and of the tracepoint's dump. */
#define SCHEDULER_LINES 400

static double rounded_s(uint64_t ns)
{
	return (double)(ns / 1000000) / 1000;
}

/* Seconds from @from to @to; null where it did not come to one of them. */
static void put_seconds(struct json *json, const char *key, uint64_t from, uint64_t to)
{
	if (!from || to < from)
		json_put_null(json, key);
	else
		json_put_seconds(json, key, rounded_s(to - from));
}

static const char *next_line(void *lines)
{
	return lines_next(lines);
}

static void put_lines(struct json *json, const char *key, const struct tail *tail,
		      const char *prefix, size_t most)
{
	struct lines lines;

	if (lines_begin(&lines, tail, prefix, most))
		json->failed = true;
	else
		json_put_texts(json, key, next_line, &lines);
	lines_end(&lines);
}

static const char *next_word(void *data)
{
	const char *const **word = data;

	return *(*word)++;
}

static struct json_object *payload_value(const struct report *report,
					 const struct observation *seen)
{
	struct json json = json_begin();
	const char *const *argv = report->argv;
	unsigned int value = seen->exit.value;
	const char *name;

	json_put_texts(&json, "argv", next_word, &argv);
	if (!seen->exited) {
		json_put_text(&json, "ended", "no");
		return json_end(&json);
	}
	switch (seen->exit.kind) {
	case KTSTR_EXIT_STATUS:
		json_put_text(&json, "ended", "status");
		json_put_number(&json, "status", value);
		break;
	case KTSTR_EXIT_SIGNAL: {
		char signal_name[32] = "";

		name = value < NSIG ? sigabbrev_np((int)value) : NULL;
		if (name)
			snprintf(signal_name, sizeof(signal_name), "SIG%s", name);
		json_put_text(&json, "ended", "signal");
		json_put_number(&json, "signal", value);
		json_put_text(&json, "signal_name", signal_name);
		break;
	}
	case KTSTR_EXIT_TIMEOUT:
		json_put_text(&json, "ended", "timeout");
		break;
	case KTSTR_EXIT_EXEC:
		json_put_text(&json, "ended", "exec");
		json_put_number(&json, "errno", value);
		json_put_text(&json, "errno_name",
			      value <= INT_MAX ? strerrorname_np((int)value) : NULL);
		break;
	default:
		json_put_text(&json, "ended", "invalid");
		json_put_number(&json, "kind", seen->exit.kind);
		json_put_number(&json, "value", value);
		break;
	}
	return json_end(&json);
}

static struct json_object *times_value(const struct observation *seen)
{
	struct json json = json_begin();

	/* Of a fork that is its base's, and what is left of the way to the payload is its own. */
	put_seconds(&json, "boot_s", seen->forked ? 0 : seen->begin_ns, seen->hello_ns);
	if (seen->forked)
		json_put_seconds(&json, "base_boot_s", rounded_s(seen->base_boot_ns));
	else
		json_put_null(&json, "base_boot_s");
	put_seconds(&json, "to_payload_s", seen->ready_ns, seen->started_ns);
	/* A payload without an end ran until the guest's. */
	put_seconds(&json, "test_s", seen->started_ns,
		    seen->exited_ns ? seen->exited_ns : seen->end_ns);
	put_seconds(&json, "total_s", seen->begin_ns, seen->end_ns);
	return json_end(&json);
}

static void put_moment(struct json *json, const char *key, uint64_t boottime_ns)
{
	if (boottime_ns)
		json_put_number(json, key, boottime_ns);
	else
		json_put_null(json, key);
}

/* When its failure was seen, host's CLOCK_MONOTONIC. Not each VM that fails is looked at. */
static uint64_t failed_ns(const struct observation *seen)
{
	if (seen->inside.at_ns)
		return seen->inside.at_ns;
	return seen->exited_ns ? seen->exited_ns : seen->end_ns;
}

/* By which a trace that has no marks is compared with another. */
static struct json_object *moments_value(const struct observation *seen)
{
	struct json json = json_begin();

	put_moment(&json, "payload_start_ns", seen->guest_started_ns);
	put_moment(&json, "payload_end_ns", seen->exited ? seen->exit.end_ns : 0);
	put_moment(&json, "failure_ns", observation_guest_ns(seen, failed_ns(seen)));
	return json_end(&json);
}

static void put_limit(struct json *json, const char *key, uint64_t ms)
{
	/* 0: none. What is too large to be counted in nanoseconds never comes. */
	if (!ms || ms > UINT64_MAX / 1000000)
		json_put_null(json, key);
	else
		json_put_seconds(json, key, (double)ms / 1000);
}

static struct json_object *limits_value(const struct observation *seen)
{
	struct json json = json_begin();

	put_limit(&json, "boot_s", seen->boot_limit_ms);
	put_limit(&json, "test_s", seen->test_limit_ms);
	return json_end(&json);
}

static struct json_object *kernel_value(const struct report *report, const struct report_vm *vm)
{
	struct json json = json_begin();

	json_put_text(&json, "image", report->kernel);
	json_put_text(&json, "release", vm->seen->release);
	json_put_text(&json, "cmdline", vm->cmdline);
	return json_end(&json);
}

static struct json_object *topology_value(const struct topology *topology)
{
	struct json json = json_begin();
	char spec[TOPOLOGY_SPEC_SIZE];

	topology_format(topology, spec);
	json_put_text(&json, "spec", spec);
	json_put_number(&json, "numa_nodes", topology->numa_nodes);
	json_put_number(&json, "memory_nodes", topology->memory_nodes);
	json_put_number(&json, "llcs", topology_llcs(topology));
	/* Where LLCs differ these are none of the machine's. */
	if (topology->nr_parts == 1) {
		json_put_number(&json, "cores", topology->parts[0].cores);
		json_put_number(&json, "threads", topology->parts[0].threads);
	}
	json_put_number(&json, "cpus", topology_cpus(topology));
	return json_end(&json);
}

/* What the guest itself saw of its machine; null before its init's first word. */
static struct json_object *guest_value(const struct observation *seen)
{
	struct json json = json_begin();

	if (seen->hello) {
		json_put_number(&json, "cpus_online", seen->cpus_online);
		json_put_number(&json, "numa_nodes_online", seen->nodes_online);
	} else {
		json_put_null(&json, "cpus_online");
		json_put_null(&json, "numa_nodes_online");
	}
	put_lines(&json, "init_log", &seen->init_log, "", LOG_LINES);
	return json_end(&json);
}

/* Why init has not got it. */
static const char *why_absent(uint32_t error)
{
	switch (error) {
	case ETIMEDOUT:
		return "there was no time for it";
	case ECANCELED:
		return "it was not asked for: it takes the locks of all run queues, and a CPU is "
		       "stuck";
	case ENXIO:
		return "no scheduler was attached";
	case ENOTSUP:
		return "this kernel cannot dump it";
	case ENODATA:
		return "the kernel had nothing to say";
	default:
		return strerror((int)error);
	}
}

/* What init said of the failure, where it lived and was asked: each part with its lines, or why
 * there are none. */
static struct json_object *own_words_value(const struct observation *seen)
{
	static const char *const names[KTSTR_WORDS_NR] = {
		[KTSTR_WORDS_MEMORY] = "memory",       [KTSTR_WORDS_PRESSURE] = "pressure",
		[KTSTR_WORDS_SCHEDSTAT] = "schedstat", [KTSTR_WORDS_SCHED_EXT] = "sched_ext",
		[KTSTR_WORDS_BLOCKED] = "blocked",
	};
	struct json json = json_begin();

	for (unsigned int i = 0; i < KTSTR_WORDS_NR; i++) {
		const struct own_words *words = &seen->own_words[i];
		struct json part = json_begin();

		json_put_text(&part, "absent",
			      !words->said   ? "the guest did not say it"
			      : words->error ? why_absent(words->error)
					     : NULL);
		put_lines(&part, "lines", &words->text, "", SIZE_MAX);
		json_put(&json, names[i], json_end(&part));
	}
	return json_end(&json);
}

static struct json_object *output_value(const struct observation *seen)
{
	struct json json = json_begin();

	json_put_number(&json, "stdout_bytes", seen->stdout_bytes);
	json_put_number(&json, "stderr_bytes", seen->stderr_bytes);
	return json_end(&json);
}

static struct json_object *tracer_value(const struct observation *seen)
{
	static const char *const states[] = {
		[TRACER_OFF] = "off",	[TRACER_SILENT] = "silent", [TRACER_READY] = "ready",
		[TRACER_DONE] = "done", [TRACER_FAILED] = "failed",
	};
	struct json json = json_begin();

	json_put_text(&json, "state", states[seen->tracer]);
	json_put_text(&json, "reason", seen->tracer_reason);
	put_lines(&json, "text", &seen->tracer_text, "", TRACER_LINES);
	put_lines(&json, "drops", &seen->tracer_text, "!!! Drops", TRACER_LINES);
	return json_end(&json);
}

static struct json_object *scheduler_value(const struct observation *seen)
{
	const struct scheduler_seen *scheduler = &seen->scheduler;
	const struct ktstr_sched *end = &scheduler->end;
	static const char *const nothing[] = { NULL };
	const char *const *args = scheduler->args ? scheduler->args : nothing;
	struct json json = json_begin();
	double seconds;

	json_put_text(&json, "end", scheduler_word(scheduler));
	json_put_text(&json, "file", scheduler->file);
	json_put_texts(&json, "args", next_word, &args);
	json_put_text(&json, "ops", scheduler->ops);
	json_put_text(&json, "ops_at_end", scheduler->ops_at_end);
	json_put_number(&json, "replaced", scheduler->replaced);
	json_put_text(&json, "attach_error", scheduler->fail_reason);
	json_put_text(&json, "reason", scheduler->reason);
	json_put_text(&json, "message", scheduler->message);
	if (scheduler->state == SCHEDULER_ENDED && end->kind == KTSTR_EXIT_STATUS)
		json_put_number(&json, "status", end->value);
	else
		json_put_null(&json, "status");
	if (scheduler->state == SCHEDULER_ENDED && end->kind == KTSTR_EXIT_SIGNAL)
		json_put_number(&json, "signal", end->value);
	else
		json_put_null(&json, "signal");
	/* From the payload's start, 0: before it; null: it was stopped. */
	if (scheduler_end_s(scheduler, seen->exit.start_ns, &seconds))
		json_put_seconds(&json, "ended_after_s", seconds < 0 ? 0 : seconds);
	else
		json_put_null(&json, "ended_after_s");
	put_lines(&json, "text", &scheduler->text, "", SCHEDULER_LINES);
	put_lines(&json, "dump", &scheduler->dump, "", SCHEDULER_LINES);
	json_put_text(&json, "events", scheduler->events);
	return json_end(&json);
}

static struct json_object *trace_value(const struct report_vm *vm)
{
	static const char *const states[] = {
		[TRACE_NONE] = "none",
		[TRACE_INCOMPLETE] = "incomplete",
		[TRACE_COMPLETE] = "complete",
		[TRACE_UNWRITTEN] = "unwritten",
	};
	struct json json = json_begin();

	json_put_text(&json, "state", states[vm->seen->trace]);
	json_put_text(&json, "path", vm->trace_path);
	json_put_number(&json, "size", vm->seen->trace_size);
	json_put_text(&json, "error", vm->seen->trace_error);
	return json_end(&json);
}

/* null: there is no flight recorder, or nothing failed that it was to show */
static void put_recording(struct json *json, const struct report_recording *recording)
{
	struct json value;

	if (!recording->path && !recording->error) {
		json_put_null(json, "recording");
		return;
	}
	value = json_begin();
	json_put_text(&value, "path", recording->path);
	json_put_text(&value, "error", recording->error);
	json_put_number(&value, "events", recording->events);
	json_put_seconds(&value, "span_s", rounded_s(recording->span_ns));
	json_put_number(&value, "cpus_unreadable", recording->unreadable);
	json_put(json, "recording", json_end(&value));
}

static struct json_object *repro_value(const struct report *report)
{
	const struct report_vm *repro = report->repro;
	struct json json = json_begin();

	json_put_text(&json, "result", repro_result_name(report->repro_result));
	if (repro) {
		json_put_text(&json, "verdict", verdict_name(repro->verdict->kind));
		json_put_text(&json, "cause", repro->verdict->cause);
		json_put_int(&json, "exit_status", repro->verdict->exit_status);
		json_put_text(&json, "trace", repro->trace_path);
	} else {
		json_put_null(&json, "verdict");
		json_put_null(&json, "cause");
		json_put_null(&json, "exit_status");
		json_put_null(&json, "trace");
	}
	return json_end(&json);
}

static const char *next_splat(void *data)
{
	const struct splat **splat = data;

	return (*splat)->name ? (*splat)++->line : NULL;
}

/* What the kernel did that nobody asked for, the first of it. */
static struct json_object *splats_value(const struct report_vm *vm)
{
	const struct splats *splats = &vm->seen->splats;
	struct splat kept[SPLATS_KEPT + 1] = { { NULL, "" } };
	const struct splat *next = kept;
	struct json json = json_begin();

	memcpy(kept, splats->kept, sizeof(splats->kept));
	json_put_text(&json, "kind", kept[0].name);
	json_put_number(&json, "count", splats->found);
	json_put_texts(&json, "lines", next_splat, &next);
	json_put_number(&json, "allowed", splats->allowed_count);
	return json_end(&json);
}

/* What the dump of either VM and the result file begin with. */
static void put_common(struct json *json, const char *kind, const struct report *report,
		       const struct report_vm *vm)
{
	json_put_number(json, "schema_version", REPORT_SCHEMA_VERSION);
	json_put_text(json, "kind", kind);
	json_put_text(json, "test", report->test);
	json_put_text(json, "vm", vm == &report->first ? "first" : "repro");
	json_put_text(json, "verdict", verdict_name(vm->verdict->kind));
	json_put_text(json, "cause", vm->verdict->cause);
	json_put_int(json, "exit_status", vm->verdict->exit_status);
	json_put(json, "payload", payload_value(report, vm->seen));
	json_put_text(json, "start", observation_start(vm->seen));
	json_put(json, "times", times_value(vm->seen));
	json_put(json, "limits", limits_value(vm->seen));
	report_host_json(json, &vm->seen->host_took);
	json_put(json, "kernel", kernel_value(report, vm));
	json_put(json, "topology", topology_value(&report->plan->topology));
	json_put_number(json, "memory_mib", report->plan->memory_mib);
	report_pinning_json(json, report->pin);
	json_put(json, "guest", guest_value(vm->seen));
	json_put(json, "output", output_value(vm->seen));
	json_put(json, "splats", splats_value(vm));
	if (scheduler_word(&vm->seen->scheduler))
		json_put(json, "scheduler", scheduler_value(vm->seen));
	else
		json_put_null(json, "scheduler");
	report_metrics_json(json, &vm->seen->metrics);
	report_checks_json(json, &vm->seen->work);
	json_put(json, "trace", trace_value(vm));
	if (vm == &report->first) {
		put_recording(json, &report->recording);
		json_put(json, "repro", repro_value(report));
	} else {
		json_put_null(json, "recording");
		json_put_null(json, "repro");
	}
	json_put_text(json, "replay", report->replay);
}

/* Takes @value over. */
static int write_json(struct artefacts *artefacts, const char *suffix, struct json_object *value,
		      char *path, struct error *err)
{
	struct artefact_file file;
	size_t size = 0;
	char *text = json_text(value, true, &size);
	int ret;

	*path = '\0';
	if (!text)
		return error_set(err, -ENOMEM, "'%s%s': out of memory", artefacts->stem, suffix);
	ret = artefact_begin(artefacts, suffix, &file, err);
	if (ret)
		goto out;
	ret = artefact_write(&file, text, size, err);
	if (!ret)
		ret = artefact_commit(artefacts, &file, err);
	artefact_abandon(&file);
	if (!ret)
		memcpy(path, file.path, strlen(file.path) + 1);
out:
	free(text);
	return ret;
}

int report_write_failure_dump(struct artefacts *artefacts, const struct report *report, bool repro,
			      char *path, struct error *err)
{
	const struct report_vm *vm = repro ? report->repro : &report->first;
	const struct observation *seen = vm->seen;
	struct json json = json_begin();

	put_common(&json, "ktstr-failure-dump", report, vm);
	json_put_text(&json, "panic", seen->panic ? seen->panic_line : NULL);
	json_put(&json, "moments", moments_value(seen));
	json_put(&json, "tracer", tracer_value(seen));
	report_quote_json(&json, vm->quote);
	report_inside_json(&json, &seen->inside);
	json_put(&json, "own_words", own_words_value(seen));
	put_lines(&json, "console_tail", &seen->console, "", LOG_LINES);
	put_lines(&json, "kernel_log_tail", &seen->kmsg, "", LOG_LINES);
	return write_json(artefacts, repro ? ARTEFACT_REPRO_FAILURE_DUMP : ARTEFACT_FAILURE_DUMP,
			  json_end(&json), path, err);
}

/* The file's path when it is there; dumps are written before the result. */
static void put_artefact(struct json *json, const char *key, const struct artefacts *artefacts,
			 const char *suffix)
{
	char path[PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/%s%s", artefacts->dir, artefacts->stem, suffix);
	json_put_text(json, key, access(path, F_OK) ? NULL : path);
}

int report_write_result(struct artefacts *artefacts, const struct report *report, char *path,
			struct error *err)
{
	struct json json = json_begin();
	struct json files = json_begin();

	put_artefact(&files, "failure_dump", artefacts, ARTEFACT_FAILURE_DUMP);
	put_artefact(&files, "repro_failure_dump", artefacts, ARTEFACT_REPRO_FAILURE_DUMP);
	put_artefact(&files, "failure_trace", artefacts, ARTEFACT_FAILURE_TRACE);
	put_artefact(&files, "vmcore", artefacts, ARTEFACT_VMCORE);
	put_artefact(&files, "trace", artefacts, ARTEFACT_TRACE);
	put_artefact(&files, "repro_trace", artefacts, ARTEFACT_REPRO_TRACE);
	put_common(&json, "ktstr-result", report, &report->first);
	json_put(&json, "artefacts", json_end(&files));
	return write_json(artefacts, ARTEFACT_RESULT, json_end(&json), path, err);
}
