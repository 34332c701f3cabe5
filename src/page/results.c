/* What does a page show of a suite? See results.h. */
#include "page/results.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "page/failure.h"
#include "page/input.h"
#include "report/suite.h"

/* A suite while it is read. */
struct reading {
	struct page *page;
	const char *folder;
	struct json_object *results; /* an array; owned */
	struct json_object *summary; /* the last line's; owned */
	struct json_object *planned;
	size_t nr_failures;
};

/*
 * Where the dump is: beside the results, by its path or in the folder of its run; else as it was
 * said, from the current folder on. That one may be another project's: failure_add_dump looks at
 * whose it is.
 */
static bool find_dump(const struct reading *reading, const char *said, char path[PATH_MAX])
{
	const char *name = strrchr(said, '/'), *run = name;

	if (*said != '/' && snprintf(path, PATH_MAX, "%s%s", reading->folder, said) < PATH_MAX &&
	    !access(path, R_OK))
		return true;
	while (run && run > said && run[-1] != '/')
		run--;
	if (run && snprintf(path, PATH_MAX, "%s%s", reading->folder, run) < PATH_MAX &&
	    !access(path, R_OK))
		return true;
	return snprintf(path, PATH_MAX, "%s", said) < PATH_MAX && !access(path, R_OK);
}

/* The result gets its failure, or the reason why there is none. */
static int add_failure(struct reading *reading, struct json_object *result)
{
	const char *said = input_text(result, "dump");
	struct json_object *index = NULL, *absent = NULL;
	struct error err = { "" };
	char path[PATH_MAX];
	int ret = -ENOENT;

	if (said && reading->nr_failures == RESULTS_MAX_FAILURES)
		snprintf(
			err.text, sizeof(err.text),
			"left out: the page has the first %d failures; ktstr-launch report %.700s shows it",
			RESULTS_MAX_FAILURES, said);
	else if (said && !find_dump(reading, said, path))
		snprintf(err.text, sizeof(err.text),
			 "its failure dump '%.700s' is not there any more", said);
	else if (said)
		ret = failure_add_dump(reading->page, path, input_text(result, "name"),
				       RESULTS_MAX_TRACES, &err);
	else if (json_object_get_boolean(json_object_object_get(result, "bad")))
		snprintf(err.text, sizeof(err.text), "it left no failure dump");
	if (ret == -ENOMEM)
		return ret;
	if (!ret)
		index = json_object_new_uint64(reading->nr_failures++);
	if (*err.text)
		absent = json_object_new_string(err.text);
	if ((!ret && !index) || (*err.text && !absent) ||
	    json_object_object_add(result, "failure", index) ||
	    json_object_object_add(result, "failure_absent", absent))
		return -ENOMEM;
	/* Its words are those of the dump. */
	if (!ret) {
		json_object_object_del(result, "detail");
		json_object_object_del(result, "output");
	}
	return 0;
}

static int check_result(struct json_object *line, struct error *err)
{
	static const char *const texts[] = { "cause", "detail", "kernel", "topology", "replay" };
	struct json_object *seconds = json_object_object_get(line, "seconds");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (json_object_object_get(line, texts[i]) && !input_text(line, texts[i]))
			return error_set(err, -EBADMSG, "a result whose '%s' is no text", texts[i]);
	if (input_text(line, "name") && input_text(line, "outcome") &&
	    (json_object_is_type(seconds, json_type_double) ||
	     json_object_is_type(seconds, json_type_int)))
		return 0;
	return error_set(err, -EBADMSG, "a result without 'name', 'outcome' or 'seconds'");
}

/* Takes @line over. */
static int take_line(struct reading *reading, struct json_object *line, struct error *err)
{
	const char *type = input_text(line, "type");
	struct json_object *version;
	int ret = 0;

	version = json_object_is_type(line, json_type_object)
			  ? json_object_object_get(line, "schema_version")
			  : NULL;
	if (!type || !json_object_is_type(version, json_type_int)) {
		ret = error_set(err, -EBADMSG, "no line of `ktstr-launch test --json`");
	} else if (json_object_get_int(version) != SUITE_JSON_VERSION) {
		ret = error_set(err, -EBADMSG,
				"its schema version is %d, and this launcher knows %d; take the "
				"launcher that wrote it",
				json_object_get_int(version), SUITE_JSON_VERSION);
	} else if (!strcmp(type, "plan")) {
		json_object_put(reading->planned);
		reading->planned = json_object_get(json_object_object_get(line, "planned"));
	} else if (!strcmp(type, "summary")) {
		json_object_put(reading->summary);
		reading->summary = json_object_get(line);
	} else if (!strcmp(type, "result")) {
		ret = check_result(line, err);
		if (!ret && (add_failure(reading, line) ||
			     json_object_array_add(reading->results, json_object_get(line))))
			ret = error_set(err, -ENOMEM, "page: out of memory");
	}
	json_object_put(line);
	return ret;
}

static int take_lines(struct reading *reading, const char *text, size_t size, struct error *err)
{
	unsigned int number = 0;

	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		struct json_object *line;
		int ret;

		number++;
		/* A report that was cut off may end within a line: the page says that it has no
		 * end. */
		if (!end)
			break;
		ret = input_json(text, length, &line, err);
		if (!ret)
			ret = take_line(reading, line, err);
		if (ret)
			return error_prefix(err, ret, "line %u", number);
		text += length + 1;
		size -= length + 1;
	}
	if (json_object_array_length(reading->results) || reading->planned)
		return 0;
	return error_set(err, -EBADMSG, "it has no results");
}

/* As many as there are of each outcome, where the summary is missing. */
static struct json_object *counted(struct json_object *results)
{
	struct json_object *counts = json_object_new_object();

	for (size_t i = 0; counts && i < json_object_array_length(results); i++) {
		const char *outcome = input_text(json_object_array_get_idx(results, i), "outcome");
		struct json_object *count = json_object_object_get(counts, outcome);

		if (json_object_object_add(counts, outcome,
					   json_object_new_int(json_object_get_int(count) + 1))) {
			json_object_put(counts);
			return NULL;
		}
	}
	return counts;
}

static struct json_object *suite_value(const struct reading *reading)
{
	struct json_object *summary = reading->summary, *seconds, *interrupted;
	struct json json = json_begin();

	json_put(&json, "results", json_object_get(reading->results));
	json_put_int(&json, "planned", json_object_get_int(reading->planned));
	json_put(&json, "counts", counted(reading->results));
	seconds = summary ? json_object_object_get(summary, "seconds") : NULL;
	interrupted = summary ? json_object_object_get(summary, "interrupted") : NULL;
	if (json_object_is_type(seconds, json_type_double) ||
	    json_object_is_type(seconds, json_type_int))
		json_put(&json, "seconds", json_object_get(seconds));
	else
		json_put_null(&json, "seconds");
	json_put_bool(&json, "interrupted", json_object_get_boolean(interrupted));
	json_put_bool(&json, "cut_off", !summary);
	return json_end(&json);
}

int results_add(struct page *page, const char *text, size_t size, const char *folder,
		struct json_object **suite, struct error *err)
{
	struct reading reading = { .page = page, .folder = folder };
	int ret;

	*suite = NULL;
	reading.results = json_object_new_array();
	ret = reading.results ? take_lines(&reading, text, size, err)
			      : error_set(err, -ENOMEM, "page: out of memory");
	if (!ret) {
		*suite = suite_value(&reading);
		if (!*suite)
			ret = error_set(err, -ENOMEM, "page: out of memory");
	}
	json_object_put(reading.results);
	json_object_put(reading.summary);
	json_object_put(reading.planned);
	return ret;
}
