/* What does the user get to keep? The failure dump and the result file; see report.h. */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/json_text.h"
#include "report/lines.h"
#include "report/report.h"

#define LOG_LINES    60
#define TRACER_LINES 60

/*
 * A JSON object while it is put together. json-c takes a NULL for JSON's null, so that a value for
 * which there was no memory would silently read as "none": it is remembered here instead.
 */
struct object {
	struct json_object *json;
	bool failed;
};

static struct object object_begin(void)
{
	struct json_object *json = json_object_new_object();

	return (struct object){ .json = json, .failed = !json };
}

static void put(struct object *object, const char *key, struct json_object *value)
{
	if (!value || object->failed || json_object_object_add(object->json, key, value)) {
		object->failed = true;
		json_object_put(value);
	}
}

static void put_null(struct object *object, const char *key)
{
	if (!object->failed && json_object_object_add(object->json, key, NULL))
		object->failed = true;
}

/* NULL when any part of it is missing. */
static struct json_object *object_end(struct object *object)
{
	if (!object->failed)
		return object->json;
	json_object_put(object->json);
	return NULL;
}

/* NULL and "" read as null: nothing was said. */
static void put_text(struct object *object, const char *key, const char *text)
{
	if (text && *text)
		put(object, key, json_text(text));
	else
		put_null(object, key);
}

static void put_number(struct object *object, const char *key, uint64_t number)
{
	put(object, key, json_object_new_uint64(number));
}

/* Seconds from @from to @to, a number with three decimals; null where it did not come to one of
 * them. */
static void put_seconds(struct object *object, const char *key, uint64_t from, uint64_t to)
{
	char text[32];
	uint64_t ms;

	if (!from || to < from) {
		put_null(object, key);
		return;
	}
	ms = (to - from) / 1000000;
	snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(ms / 1000),
		 (unsigned long long)(ms % 1000));
	put(object, key, json_object_new_double_s((double)ms / 1000, text));
}

static struct json_object *lines_value(const struct tail *tail, const char *prefix, size_t most)
{
	struct json_object *array = json_object_new_array();
	struct lines lines;
	const char *line;
	bool failed = lines_begin(&lines, tail, prefix, most) || !array;

	while (!failed && (line = lines_next(&lines))) {
		struct json_object *value = json_text(line);

		if (!value || json_object_array_add(array, value)) {
			json_object_put(value);
			failed = true;
		}
	}
	lines_end(&lines);
	if (failed) {
		json_object_put(array);
		return NULL;
	}
	return array;
}

static struct json_object *argv_value(const char *const *argv)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && argv[i]; i++) {
		struct json_object *value = json_text(argv[i]);

		if (!value || json_object_array_add(array, value)) {
			json_object_put(value);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static struct json_object *payload_value(const struct report *report,
					 const struct observation *seen)
{
	struct object object = object_begin();
	unsigned int value = seen->exit.value;
	const char *name;

	put(&object, "argv", argv_value(report->argv));
	if (!seen->exited) {
		put_text(&object, "ended", "no");
		return object_end(&object);
	}
	switch (seen->exit.kind) {
	case KTSTR_EXIT_STATUS:
		put_text(&object, "ended", "status");
		put_number(&object, "status", value);
		break;
	case KTSTR_EXIT_SIGNAL: {
		char signal_name[32] = "";

		name = value < NSIG ? sigabbrev_np((int)value) : NULL;
		if (name)
			snprintf(signal_name, sizeof(signal_name), "SIG%s", name);
		put_text(&object, "ended", "signal");
		put_number(&object, "signal", value);
		put_text(&object, "signal_name", signal_name);
		break;
	}
	case KTSTR_EXIT_TIMEOUT:
		put_text(&object, "ended", "timeout");
		break;
	case KTSTR_EXIT_EXEC:
		put_text(&object, "ended", "exec");
		put_number(&object, "errno", value);
		put_text(&object, "errno_name",
			 value <= INT_MAX ? strerrorname_np((int)value) : NULL);
		break;
	default:
		put_text(&object, "ended", "invalid");
		put_number(&object, "kind", seen->exit.kind);
		put_number(&object, "value", value);
		break;
	}
	return object_end(&object);
}

static struct json_object *times_value(const struct observation *seen)
{
	struct object object = object_begin();

	put_seconds(&object, "boot_s", seen->begin_ns, seen->hello_ns);
	/* A payload without an end ran until the guest's. */
	put_seconds(&object, "test_s", seen->started_ns,
		    seen->exited_ns ? seen->exited_ns : seen->end_ns);
	put_seconds(&object, "total_s", seen->begin_ns, seen->end_ns);
	return object_end(&object);
}

static void put_limit(struct object *object, const char *key, uint64_t ms)
{
	uint64_t ns;

	if (!ms || __builtin_mul_overflow(ms, 1000000ull, &ns) || ns == UINT64_MAX)
		put_null(object, key);
	else
		put_seconds(object, key, 1, ns + 1);
}

static struct json_object *limits_value(const struct observation *seen)
{
	struct object object = object_begin();

	put_limit(&object, "boot_s", seen->boot_limit_ms);
	put_limit(&object, "test_s", seen->test_limit_ms);
	return object_end(&object);
}

static struct json_object *kernel_value(const struct report *report, const struct report_vm *vm)
{
	struct object object = object_begin();

	put_text(&object, "image", report->kernel);
	put_text(&object, "release", vm->seen->release);
	put_text(&object, "cmdline", vm->cmdline);
	return object_end(&object);
}

static struct json_object *topology_value(const struct topology *topology)
{
	struct object object = object_begin();
	char spec[TOPOLOGY_SPEC_SIZE];

	topology_format(topology, spec);
	put_text(&object, "spec", spec);
	put_number(&object, "numa_nodes", topology->numa_nodes);
	put_number(&object, "llcs", topology->llcs);
	put_number(&object, "cores", topology->cores);
	put_number(&object, "threads", topology->threads);
	put_number(&object, "cpus", topology_cpus(topology));
	return object_end(&object);
}

/* What the guest itself saw of its machine; null before its init's first word. */
static struct json_object *guest_value(const struct observation *seen)
{
	struct object object = object_begin();

	if (seen->hello) {
		put_number(&object, "cpus_online", seen->cpus_online);
		put_number(&object, "numa_nodes_online", seen->nodes_online);
	} else {
		put_null(&object, "cpus_online");
		put_null(&object, "numa_nodes_online");
	}
	put(&object, "init_log", lines_value(&seen->init_log, "", LOG_LINES));
	return object_end(&object);
}

static struct json_object *output_value(const struct observation *seen)
{
	struct object object = object_begin();

	put_number(&object, "stdout_bytes", seen->stdout_bytes);
	put_number(&object, "stderr_bytes", seen->stderr_bytes);
	return object_end(&object);
}

static struct json_object *tracer_value(const struct observation *seen)
{
	static const char *const states[] = {
		[TRACER_OFF] = "off",	[TRACER_SILENT] = "silent", [TRACER_READY] = "ready",
		[TRACER_DONE] = "done", [TRACER_FAILED] = "failed",
	};
	struct object object = object_begin();

	put_text(&object, "state", states[seen->tracer]);
	put_text(&object, "reason", seen->tracer_reason);
	put(&object, "text", lines_value(&seen->tracer_text, "", TRACER_LINES));
	put(&object, "drops", lines_value(&seen->tracer_text, "!!! Drops", TRACER_LINES));
	return object_end(&object);
}

static struct json_object *trace_value(const struct report_vm *vm)
{
	static const char *const states[] = {
		[TRACE_NONE] = "none",
		[TRACE_INCOMPLETE] = "incomplete",
		[TRACE_COMPLETE] = "complete",
		[TRACE_UNWRITTEN] = "unwritten",
	};
	struct object object = object_begin();

	put_text(&object, "state", states[vm->seen->trace]);
	put_text(&object, "path", vm->trace_path);
	put_number(&object, "size", vm->seen->trace_size);
	put_text(&object, "error", vm->seen->trace_error);
	return object_end(&object);
}

static struct json_object *repro_value(const struct report *report)
{
	const struct report_vm *repro = report->repro;
	struct object object = object_begin();

	put_text(&object, "result", repro_result_name(report->repro_result));
	if (repro) {
		put_text(&object, "verdict", verdict_name(repro->verdict->kind));
		put_text(&object, "cause", repro->verdict->cause);
		put(&object, "exit_status", json_object_new_int(repro->verdict->exit_status));
		put_text(&object, "trace", repro->trace_path);
	} else {
		put_null(&object, "verdict");
		put_null(&object, "cause");
		put_null(&object, "exit_status");
		put_null(&object, "trace");
	}
	return object_end(&object);
}

/* What the dump of either VM and the result file begin with. */
static void put_common(struct object *object, const char *kind, const struct report *report,
		       const struct report_vm *vm)
{
	put_number(object, "schema_version", REPORT_SCHEMA_VERSION);
	put_text(object, "kind", kind);
	put_text(object, "test", report->test);
	put_text(object, "vm", vm == &report->first ? "first" : "repro");
	put_text(object, "verdict", verdict_name(vm->verdict->kind));
	put_text(object, "cause", vm->verdict->cause);
	put(object, "exit_status", json_object_new_int(vm->verdict->exit_status));
	put(object, "payload", payload_value(report, vm->seen));
	put(object, "times", times_value(vm->seen));
	put(object, "limits", limits_value(vm->seen));
	put(object, "kernel", kernel_value(report, vm));
	put(object, "topology", topology_value(&report->plan->topology));
	put_number(object, "memory_mib", report->plan->memory_mib);
	put(object, "guest", guest_value(vm->seen));
	put(object, "output", output_value(vm->seen));
	put(object, "trace", trace_value(vm));
	if (vm == &report->first)
		put(object, "repro", repro_value(report));
	else
		put_null(object, "repro");
	put_text(object, "replay", report->replay);
}

/* Takes @json over. */
static int write_json(struct artefacts *artefacts, const char *suffix, struct json_object *json,
		      char *path, struct error *err)
{
	struct artefact_file file;
	const char *text = NULL;
	size_t length = 0;
	int ret;

	*path = '\0';
	if (json)
		text = json_object_to_json_string_length(
			json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	if (!text) {
		ret = error_set(err, -ENOMEM, "cannot put together '%s%s': memory is out",
				artefacts->stem, suffix);
		goto out;
	}
	ret = artefact_begin(artefacts, suffix, &file, err);
	if (ret)
		goto out;
	ret = artefact_write(&file, text, length, err);
	if (!ret)
		ret = artefact_write(&file, "\n", 1, err);
	if (!ret)
		ret = artefact_commit(artefacts, &file, err);
	artefact_abandon(&file);
	if (!ret)
		memcpy(path, file.path, strlen(file.path) + 1);
out:
	json_object_put(json);
	return ret;
}

int report_write_failure_dump(struct artefacts *artefacts, const struct report *report, bool repro,
			      char *path, struct error *err)
{
	const struct report_vm *vm = repro ? report->repro : &report->first;
	const struct observation *seen = vm->seen;
	struct object object = object_begin();

	put_common(&object, "ktstr-failure-dump", report, vm);
	put_text(&object, "panic", seen->panic ? seen->panic_line : NULL);
	put(&object, "tracer", tracer_value(seen));
	put(&object, "console_tail", lines_value(&seen->console, "", LOG_LINES));
	put(&object, "kernel_log_tail", lines_value(&seen->kmsg, "", LOG_LINES));
	return write_json(artefacts, repro ? ARTEFACT_REPRO_FAILURE_DUMP : ARTEFACT_FAILURE_DUMP,
			  object_end(&object), path, err);
}

/* The file's path when it is there; dumps are written before the result. */
static void put_artefact(struct object *object, const char *key, const struct artefacts *artefacts,
			 const char *suffix)
{
	char path[PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/%s%s", artefacts->dir, artefacts->stem, suffix);
	put_text(object, key, access(path, F_OK) ? NULL : path);
}

int report_write_result(struct artefacts *artefacts, const struct report *report, char *path,
			struct error *err)
{
	struct object object = object_begin();
	struct object files = object_begin();

	put_artefact(&files, "failure_dump", artefacts, ARTEFACT_FAILURE_DUMP);
	put_artefact(&files, "repro_failure_dump", artefacts, ARTEFACT_REPRO_FAILURE_DUMP);
	put_artefact(&files, "trace", artefacts, ARTEFACT_TRACE);
	put_artefact(&files, "repro_trace", artefacts, ARTEFACT_REPRO_TRACE);
	put_common(&object, "ktstr-result", report, &report->first);
	put(&object, "artefacts", object_end(&files));
	return write_json(artefacts, ARTEFACT_RESULT, object_end(&object), path, err);
}
