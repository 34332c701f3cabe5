/* What does a page show of one failure? See failure.h. */
#include "page/failure.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page/traced.h"
#include "plan/topology.h"
#include "report/artefacts.h"
#include "report/report.h"
#include "util/input.h"

/* Of each stream so much is shown. */
#define TAIL_BYTES (128u << 10)
#define TAIL_LINES 1000

/* One failure while it is gathered. */
struct gathering {
	struct page *page;
	const char *path;	 /* of the dump */
	char folder[PATH_MAX];	 /* its folder, with a slash at the end; "": the current one */
	char stem[NAME_MAX + 1]; /* the name that all files of the run begin with */
	bool is_repro;		 /* the dump is the repro VM's own */
	size_t trace_room;
	struct json_object *dump;   /* owned */
	struct json_object *repro;  /* the repro VM's dump, where there is one; owned */
	struct error repro_absent;  /* why there is none, where there was a repro; else "" */
	struct json_object *traces; /* an array */
	struct error *err;
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct json_object *field(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, key, &value);
	return value;
}

/* --- one trace --- */

/* @why: there is no file, for that reason. Returns 0 or -ENOMEM. */
static int add_trace(const struct gathering *run, const char *title, const char *path,
		     const char *why, struct json_object *dump)
{
	struct json_object *columns = NULL, *value;
	struct json json = json_begin();
	struct error reason = { "" };

	if (!why)
		columns = traced_add(run->page, path, run->trace_room, dump, &reason);
	json_put_text(&json, "title", title);
	json_put_text(&json, "file", why ? NULL : name_of(path));
	json_put_text(&json, "absent", why ? why : reason.text);
	if (columns)
		json_put(&json, "columns", columns);
	else
		json_put_null(&json, "columns");
	value = json_end(&json);
	if (!value || json_object_array_add(run->traces, value)) {
		json_object_put(value);
		return error_set(run->err, -ENOMEM, "page: out of memory");
	}
	return 0;
}

/* --- what lies beside a dump --- */

/* Beside the dump, by this name. Returns whether it is there. */
static bool beside(const struct gathering *run, const char *name, char path[PATH_MAX])
{
	int written = snprintf(path, PATH_MAX, "%s%s", run->folder, name);

	return written < PATH_MAX && !access(path, F_OK);
}

static bool beside_by_suffix(const struct gathering *run, const char *suffix, char path[PATH_MAX])
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", run->stem, suffix);
	return beside(run, name, path);
}

/*
 * A trace that the dump names, @said, or that has the run's name and this suffix.
 * @why: what the dump says of a trace that is not there, or NULL; @dump: of the run that was
 * traced, or NULL
 */
static int take_trace(struct gathering *run, const char *title, const char *said,
		      const char *suffix, const char *why, struct json_object *dump)
{
	char path[PATH_MAX], gone[PATH_MAX + 64];
	bool there = beside_by_suffix(run, suffix, path) ||
		     (said && beside(run, name_of(said), path));

	if (!there && !said && !why)
		return 0;
	if (!there && said) {
		snprintf(gone, sizeof(gone), "'%.4000s' is not beside the dump any more", said);
		why = gone;
	}
	return add_trace(run, title, path, there ? NULL : why, dump);
}

static int take_traces(struct gathering *run)
{
	struct json_object *recording = field(run->dump, "recording");
	struct json_object *trace = field(run->dump, "trace"), *repro = field(run->dump, "repro");
	const char *state = input_text(trace, "state");
	const char *why = input_text(recording, "error");
	int ret;

	if (run->is_repro)
		return take_trace(run, "repro trace", input_text(trace, "path"),
				  ARTEFACT_REPRO_TRACE, "the tracer left none", run->dump);
	if (!recording)
		why = "no flight recorder was on, or nothing failed that it was to show; --record-mib "
		      "4 keeps what the scheduler does up to a failure";
	ret = take_trace(run, "first trace", input_text(recording, "path"), ARTEFACT_FAILURE_TRACE,
			 why, run->dump);
	if (ret)
		return ret;
	why = input_text(trace, "error");
	if (!why && state && strcmp(state, "none"))
		why = "the tracer left none";
	ret = take_trace(run, "trace", input_text(trace, "path"), ARTEFACT_TRACE, why, run->dump);
	/* Without a verdict there was no second run. */
	if (!ret && input_text(repro, "verdict"))
		ret = take_trace(run, "repro trace", input_text(repro, "trace"),
				 ARTEFACT_REPRO_TRACE, "the tracer left none", run->repro);
	return ret;
}

/* The lines of a file's end, for json_put_texts. */
struct tail_lines {
	char *next;
};

static const char *next_line(void *data)
{
	struct tail_lines *lines = data;
	char *line = lines->next, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	lines->next = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

static struct json_object *stream_value(const struct gathering *run, const char *suffix,
					const char *which)
{
	struct json_object *output = field(run->dump, "output");
	struct json_object *bytes = field(output, which);
	struct tail_lines lines = { NULL };
	struct json json = json_begin();
	char path[PATH_MAX], why[128] = "", *data = NULL;
	struct error err = { "" };
	size_t size = 0, count = 0;

	if (!json_object_get_int64(bytes))
		snprintf(why, sizeof(why), "it wrote nothing");
	else if (!beside_by_suffix(run, suffix, path))
		snprintf(why, sizeof(why),
			 "of its %lld bytes none were kept: `run` passes them on, `test` "
			 "keeps them",
			 (long long)json_object_get_int64(bytes));
	else if (!input_tail(path, TAIL_BYTES, &data, &size, &err)) {
		lines.next = data;
		/* No text has a NUL for an end here. */
		for (size_t i = 0; i < size; i++)
			if (!data[i])
				data[i] = ' ';
		for (size_t i = size; i > 0 && count <= TAIL_LINES; i--) {
			count += data[i - 1] == '\n' && i < size;
			if (count == TAIL_LINES)
				lines.next = data + i, count++;
		}
	}
	json_put_texts(&json, "lines", next_line, &lines);
	json_put_text(&json, "absent", *why ? why : err.text);
	free(data);
	return json_end(&json);
}

static struct json_object *output_value(const struct gathering *run)
{
	struct json json = json_begin();

	json_put(&json, "stdout", stream_value(run, ".stdout", "stdout_bytes"));
	json_put(&json, "stderr", stream_value(run, ".stderr", "stderr_bytes"));
	return json_end(&json);
}

struct places {
	const struct topology *topology;
	unsigned int cpu;
};

static struct json_object *next_place(void *data, bool *end)
{
	struct places *places = data;
	struct topology_place place;
	struct json json;

	*end = places->cpu == topology_cpus(places->topology);
	if (*end)
		return NULL;
	place = topology_place(places->topology, places->cpu);
	json = json_begin();
	json_put_number(&json, "cpu", places->cpu++);
	json_put_number(&json, "node", place.node);
	json_put_number(&json, "llc", place.llc);
	json_put_number(&json, "core", place.core);
	return json_end(&json);
}

static struct json_object *topology_value(const struct gathering *run)
{
	const char *spec = input_text(field(run->dump, "topology"), "spec");
	struct topology topology;
	struct places places = { &topology, 0 };
	struct json json = json_begin();
	struct error err = { "" };

	if (!spec || topology_parse(spec, &topology, &err)) {
		json_put_text(&json, "error", spec ? err.text : "its 'spec' has a NUL in it");
		return json_end(&json);
	}
	json_put_list(&json, "places", next_place, &places);
	json_put_number(&json, "memory_nodes", topology.memory_nodes);
	return json_end(&json);
}

/* --- the dump --- */

/* What the page's script takes for granted. */
static const struct {
	const char *key, *within; /* within an object of the dump, or NULL */
	enum json_type type;
} needed[] = {
	{ "test", NULL, json_type_string },	  { "verdict", NULL, json_type_string },
	{ "cause", NULL, json_type_string },	  { "exit_status", NULL, json_type_int },
	{ "memory_mib", NULL, json_type_int },	  { "argv", "payload", json_type_array },
	{ "spec", "topology", json_type_string }, { "cpus", "topology", json_type_int },
	{ "image", "kernel", json_type_string },  { "total_s", "times", json_type_null },
	{ "test_s", "limits", json_type_null },	  { "init_log", "guest", json_type_array },
	{ "lines", "splats", json_type_array },	  { "stdout_bytes", "output", json_type_int },
	{ "metrics", NULL, json_type_array },	  { "metrics_warnings", NULL, json_type_array },
};

static int check_dump(struct json_object *dump, struct error *err)
{
	const char *kind = input_text(dump, "kind");
	struct json_object *version = field(dump, "schema_version");

	if (!kind || (strcmp(kind, "ktstr-failure-dump") && strcmp(kind, "ktstr-result")))
		return error_set(err, -EBADMSG,
				 "no failure dump and no result file: its 'kind' says %.60s",
				 kind ? kind : "nothing");
	if (!json_object_is_type(version, json_type_int) ||
	    json_object_get_int(version) != REPORT_SCHEMA_VERSION)
		return error_set(
			err, -EBADMSG,
			"its schema version is %.20s, and this launcher knows %d; take the "
			"launcher that wrote it",
			version ? json_object_get_string(version) : "missing",
			REPORT_SCHEMA_VERSION);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct json_object *value = needed[i].within ? field(dump, needed[i].within) : dump;

		/* null: it may be anything, but the object is there. */
		if (needed[i].type == json_type_null
			    ? !json_object_is_type(value, json_type_object)
			    : !json_object_is_type(field(value, needed[i].key), needed[i].type))
			return error_set(err, -EBADMSG,
					 "not whole: '%s%s%s' is missing or not as "
					 "`ktstr-launch schema` has it",
					 needed[i].within ? needed[i].within : "",
					 needed[i].within ? "." : "", needed[i].key);
	}
	return 0;
}

static int load_dump(const char *path, struct json_object **dump, struct error *err)
{
	size_t size;
	char *text;
	int ret = input_read(path, FAILURE_MAX_DUMP, &text, &size, err);

	if (ret)
		return ret;
	ret = input_json(text, size, dump, err);
	free(text);
	if (!ret)
		ret = check_dump(*dump, err);
	if (ret) {
		json_object_put(*dump);
		*dump = NULL;
		return error_prefix(err, ret, "'%s'", path);
	}
	return 0;
}

/* The run's name: the file's without what says which of its files it is. */
static void find_names(struct gathering *run)
{
	static const char *const suffixes[] = { ARTEFACT_REPRO_FAILURE_DUMP, ARTEFACT_FAILURE_DUMP,
						ARTEFACT_RESULT, ".json" };
	const char *name = name_of(run->path);
	size_t length = strlen(name);

	snprintf(run->folder, sizeof(run->folder), "%.*s", (int)(name - run->path), run->path);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && !strcmp(name + length - suffix, suffixes[i])) {
			length -= suffix;
			break;
		}
	}
	snprintf(run->stem, sizeof(run->stem), "%.*s", (int)length, name);
	run->is_repro =
		!strcmp(input_text(run->dump, "vm") ? input_text(run->dump, "vm") : "", "repro");
}

/* The repro VM's dump, where there is one; else why not. */
static void find_repro(struct gathering *run)
{
	struct error *err = &run->repro_absent;
	char path[PATH_MAX];

	if (!input_text(field(run->dump, "repro"), "verdict"))
		;
	else if (!beside_by_suffix(run, ARTEFACT_REPRO_FAILURE_DUMP, path))
		snprintf(err->text, sizeof(err->text),
			 "the repro VM left no dump: it passed, or the file is not there any more");
	else
		(void)load_dump(path, &run->repro, err);
}

static int add_failure(struct gathering *run)
{
	struct json json = json_begin();
	struct json_object *value;

	json_put_text(&json, "name", input_text(run->dump, "test"));
	json_put(&json, "dump", json_object_get(run->dump));
	if (run->repro)
		json_put(&json, "repro", json_object_get(run->repro));
	else
		json_put_null(&json, "repro");
	json_put_text(&json, "repro_absent", run->repro_absent.text);
	json_put(&json, "topology", topology_value(run));
	json_put(&json, "traces", json_object_get(run->traces));
	json_put(&json, "output", output_value(run));
	value = json_end(&json);
	if (!value || json_object_array_add(run->page->failures, value)) {
		json_object_put(value);
		return error_set(run->err, -ENOMEM, "page: out of memory");
	}
	return 0;
}

/*
 * Whether @variant ("gauntlet/fair/smt-2llc") is one of @test ("fair.sh", the name of its file):
 * the test's name, without what follows the last dot, is one of the variant's words.
 */
static bool is_variant_of(const char *variant, const char *test)
{
	const char *dot = strrchr(test, '.');
	size_t length = dot && dot > test ? (size_t)(dot - test) : strlen(test);

	for (const char *word = variant; word; word = strchr(word, '/'), word += !!word)
		if (strcspn(word, "/") == length && !strncmp(word, test, length))
			return true;
	return false;
}

int failure_add_dump(struct page *page, const char *path, const char *variant, size_t trace_room,
		     struct error *err)
{
	struct gathering run = { .page = page, .path = path, .trace_room = trace_room, .err = err };
	int ret = load_dump(path, &run.dump, err);
	const char *test;

	if (ret)
		return ret;
	test = input_text(run.dump, "test");
	if (variant && (!test || !is_variant_of(variant, test))) {
		error_set(err, -EBADMSG, "'%s': is of another test, '%.100s'", path,
			  test ? test : "");
		json_object_put(run.dump);
		return -EBADMSG;
	}
	find_names(&run);
	find_repro(&run);
	run.traces = json_object_new_array();
	ret = run.traces ? take_traces(&run) : error_set(err, -ENOMEM, "page: out of memory");
	if (!ret)
		ret = add_failure(&run);
	json_object_put(run.traces);
	json_object_put(run.dump);
	json_object_put(run.repro);
	return ret;
}

int failure_add_trace(struct page *page, const char *path, struct error *err)
{
	struct json_object *traces = json_object_new_array(), *columns, *value;
	struct json json = json_begin(), trace = json_begin();

	columns = traced_add(page, path, SIZE_MAX, NULL, err);
	if (!columns || !traces) {
		json_object_put(columns);
		json_object_put(traces);
		json_object_put(json_end(&json));
		json_object_put(json_end(&trace));
		return columns ? error_set(err, -ENOMEM, "page: out of memory") : -EBADMSG;
	}
	json_put_text(&trace, "title", "trace");
	json_put_text(&trace, "file", name_of(path));
	json_put_null(&trace, "absent");
	json_put(&trace, "columns", columns);
	json_object_array_add(traces, json_end(&trace));
	json_put_text(&json, "name", name_of(path));
	json_put_null(&json, "dump");
	json_put_null(&json, "repro");
	json_put_null(&json, "repro_absent");
	json_put_null(&json, "topology");
	json_put(&json, "traces", traces);
	json_put_null(&json, "output");
	value = json_end(&json);
	if (!value || json_object_array_add(page->failures, value)) {
		json_object_put(value);
		return error_set(err, -ENOMEM, "page: out of memory");
	}
	return 0;
}
