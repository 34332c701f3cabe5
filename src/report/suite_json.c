/*
 * What does a suite look like to a program? JSON lines (https://jsonlines.org): one object a line.
 *
 * Each line:
 *	type            "plan" (the first), "result" (one for each variant), "summary" (the last; a
 *	                report without one was cut off)
 *	schema_version  1; goes up when a field changes its meaning or goes away
 *
 * "plan":
 *	planned         number of variants
 *
 * "result", in the order in which they ended; null: not known, or there is none
 *	name            the variant's: "fair", "gauntlet/fair/smt-2llc"
 *	number          its place in the plan, from 1
 *	outcome         "pass", "fail", "timeout", "xfail", "xpass", "skip", "error", "not-run"
 *	bad             bool: makes the suite fail (fail, timeout, xpass, error)
 *	cause           one line: why
 *	detail          lines more, with '\n' between them
 *	output          the payload's last lines
 *	kernel          release, or the image's path where the release did not come to be known
 *	topology        "1n2l2c2t"
 *	memory_mib      number
 *	seconds         number, wall time of all of it, the repro included
 *	folder, dump, trace
 *	                paths of the artefacts' folder, the failure dump and the Perfetto trace
 *	replay          the command that runs this variant again, quoted for a shell
 *
 * "summary":
 *	planned         as above
 *	counts          object: outcome -> number, all eight
 *	failed          bool: one at least was bad
 *	interrupted     bool: ended by a signal or by --fail-fast before all had had their turn
 *	seconds         number, wall time
 *
 * All strings are UTF-8: bytes that are not read as U+FFFD.
 */
#include <errno.h>
#include <json-c/json.h>

#include "report/json_text.h"
#include "report/suite_format.h"

#define SCHEMA_VERSION 1

/*
 * A JSON object while it is put together. json-c takes a NULL for JSON's null, so that a value for
 * which there was no memory would silently read as "none": it is remembered here instead.
 */
struct object {
	struct json_object *json;
	bool failed;
};

static void put(struct object *object, const char *key, struct json_object *value)
{
	if (!value || object->failed || json_object_object_add(object->json, key, value)) {
		object->failed = true;
		json_object_put(value);
	}
}

static void put_bool(struct object *object, const char *key, bool value)
{
	put(object, key, json_object_new_boolean(value));
}

static void put_number(struct object *object, const char *key, uint64_t number)
{
	put(object, key, json_object_new_uint64(number));
}

static void put_seconds(struct object *object, const char *key, double seconds)
{
	char text[512];

	/* With three decimals, where json-c would write seventeen digits. */
	snprintf(text, sizeof(text), "%.3f", suite_seconds(seconds));
	put(object, key, json_object_new_double_s(suite_seconds(seconds), text));
}

/* NULL and "" read as null: nothing was said. */
static void put_text(struct object *object, const char *key, const char *text)
{
	if (text && *text)
		put(object, key, json_text(text));
	else if (!object->failed && json_object_object_add(object->json, key, NULL))
		object->failed = true;
}

static struct object object_begin(const char *type)
{
	struct json_object *json = json_object_new_object();
	struct object object = { .json = json, .failed = !json };

	put_text(&object, "type", type);
	put_number(&object, "schema_version", SCHEMA_VERSION);
	return object;
}

/* The line is whole or not there. */
static int object_write(struct object *object, FILE *out, struct error *err)
{
	const char *text = NULL;
	size_t length = 0;
	int ret = 0;

	if (!object->failed)
		text = json_object_to_json_string_length(
			object->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&length);
	if (text) {
		fwrite(text, 1, length, out);
		fputc('\n', out);
	} else {
		ret = error_set(err, -ENOMEM,
				"cannot put together a line of the JSON report: memory is out");
	}
	json_object_put(object->json);
	return ret;
}

static int json_begin(struct suite_writer *writer, struct error *err)
{
	struct object object = object_begin("plan");

	put_number(&object, "planned", writer->planned);
	return object_write(&object, writer->out, err);
}

static int json_result(struct suite_writer *writer, const struct suite_result *result,
		       struct error *err)
{
	struct object object = object_begin("result");

	put_text(&object, "name", result->name);
	put_number(&object, "number", result->number);
	put_text(&object, "outcome", outcome_name(result->outcome));
	put_bool(&object, "bad", outcome_is_bad(result->outcome));
	put_text(&object, "cause", result->cause);
	put_text(&object, "detail", result->detail);
	put_text(&object, "output", result->output);
	put_text(&object, "kernel", result->kernel);
	put_text(&object, "topology", result->topology);
	if (result->memory_mib)
		put_number(&object, "memory_mib", result->memory_mib);
	else
		put_text(&object, "memory_mib", NULL);
	put_seconds(&object, "seconds", result->seconds);
	put_text(&object, "folder", result->folder);
	put_text(&object, "dump", result->dump);
	put_text(&object, "trace", result->trace);
	put_text(&object, "replay", result->replay);
	return object_write(&object, writer->out, err);
}

static struct json_object *counts_value(const struct suite_counts *counts)
{
	struct json_object *json = json_object_new_object();
	struct object object = { .json = json, .failed = !json };

	put_number(&object, outcome_name(OUTCOME_PASS), counts->pass);
	put_number(&object, outcome_name(OUTCOME_FAIL), counts->fail);
	put_number(&object, outcome_name(OUTCOME_TIMEOUT), counts->timeout);
	put_number(&object, outcome_name(OUTCOME_XFAIL), counts->xfail);
	put_number(&object, outcome_name(OUTCOME_XPASS), counts->xpass);
	put_number(&object, outcome_name(OUTCOME_SKIP), counts->skip);
	put_number(&object, outcome_name(OUTCOME_ERROR), counts->error);
	put_number(&object, outcome_name(OUTCOME_NOT_RUN), suite_not_run(counts));
	if (!object.failed)
		return json;
	json_object_put(json);
	return NULL;
}

static int json_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
		    bool interrupted, struct error *err)
{
	struct object object = object_begin("summary");

	put_number(&object, "planned", counts->planned);
	put(&object, "counts", counts_value(counts));
	put_bool(&object, "failed",
		 counts->fail || counts->timeout || counts->xpass || counts->error);
	put_bool(&object, "interrupted", interrupted);
	put_seconds(&object, "seconds", seconds);
	return object_write(&object, writer->out, err);
}

const struct suite_format suite_json = {
	.name = "JSON",
	.begin = json_begin,
	.result = json_result,
	.end = json_end,
};
