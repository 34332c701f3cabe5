/* What does a page show of a suite? See results.h. */
#include "page/results.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page/failure.h"
#include "results/item.h"
#include "util/input.h"
#include "util/json.h"

/* A suite while it is read. */
struct reading {
	struct page *page;
	const char *folder;
	bool is_foreign;	   /* anybody may have written the results */
	struct json_object *lines; /* an array; owned */
	struct json_object *rates; /* likewise */
	size_t nr_failures;
};

/* Through all symbolic links. */
static bool lies_below(const char *path, const char *folder)
{
	char *real = realpath(path, NULL), *top = realpath(*folder ? folder : ".", NULL);
	size_t length = top ? strlen(top) : 0;
	bool is_so;

	/* Of the root it is the slash. */
	if (length && top[length - 1] == '/')
		length--;
	is_so = real && top && !strncmp(real, top, length) && real[length] == '/';
	free(real);
	free(top);
	return is_so;
}

/*
 * Where the dump is: beside the results, by its path or in the folder of its run; else as it was
 * said, from the current folder on. That one may be another project's: failure_add_dump looks at
 * whose it is. Results are often somebody else's, and name files as they like: what lies neither
 * below them nor below the current folder is not opened, -EACCES. -ENOENT: it is nowhere.
 */
static int find_dump(const struct reading *reading, const char *said, char path[PATH_MAX])
{
	const char *name = strrchr(said, '/'), *run = name;
	char places[3][PATH_MAX] = { "", "", "" };
	int ret = -ENOENT;

	while (run && run > said && run[-1] != '/')
		run--;
	if (*said != '/')
		snprintf(places[0], PATH_MAX, "%s%s", reading->folder, said);
	if (run)
		snprintf(places[1], PATH_MAX, "%s%s", reading->folder, run);
	snprintf(places[2], PATH_MAX, "%s", said);
	for (size_t i = 0; i < 3; i++) {
		if (access(places[i], R_OK))
			continue;
		ret = -EACCES;
		if (reading->is_foreign && !lies_below(places[i], reading->folder) &&
		    !lies_below(places[i], "."))
			continue;
		memcpy(path, places[i], PATH_MAX);
		return 0;
	}
	return ret;
}

/* The result gets its failure, or the reason why there is none. */
static int add_failure(struct reading *reading, struct json_object *result)
{
	const char *said = input_text(result, "dump");
	struct json_object *index = NULL, *absent = NULL;
	struct error err = { "" };
	char path[PATH_MAX];
	int ret = -ENOENT, found;

	if (said && reading->nr_failures == RESULTS_MAX_FAILURES)
		snprintf(
			err.text, sizeof(err.text),
			"left out: the page has the first %d failures; ktstr-launch report %.700s shows it",
			RESULTS_MAX_FAILURES, said);
	else if (said && (found = find_dump(reading, said, path)))
		snprintf(
			err.text, sizeof(err.text),
			found == -EACCES
				? "its failure dump '%.700s' is not read, as it lies neither below "
				  "the results' folder nor below the current one; "
				  "ktstr-launch report of that file shows it"
				: "its failure dump '%.700s' is not there any more",
			said);
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

/* What the page's script takes for text. */
static int check_texts(struct json_object *line, struct error *err)
{
	static const char *const texts[] = { "cause", "detail", "replay", "folder" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (json_object_object_get(line, texts[i]) && !input_text(line, texts[i]))
			return error_set(err, -EBADMSG, "a result whose '%s' is no text", texts[i]);
	return 0;
}

static int add_line(struct reading *reading, const struct results_item *item, struct error *err)
{
	struct json_object *line;
	int ret = results_line(item, &line, err);

	if (!ret)
		ret = check_texts(line, err);
	if (!ret && (add_failure(reading, line) ||
		     json_object_array_add(reading->lines, json_object_get(line))))
		ret = error_set(err, -ENOMEM, "page: out of memory");
	json_object_put(line);
	return ret ? error_prefix(err, ret, "line %u", item->line_number) : 0;
}

/* What the page's script takes for numbers and texts. */
static int check_rate(struct json_object *line, struct error *err)
{
	static const char *const counts[] = { "passed", "failed", "neither" };
	static const char *const shares[] = { "low", "high", "confidence", "limit", "width" };
	static const char *const texts[] = { "method", "decision", "good", "bad" };
	unsigned int count;
	double share;
	char *text;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(counts) / sizeof(counts[0]); i++)
		ret = results_count(line, counts[i], 0, &count, err);
	for (size_t i = 0; !ret && i < sizeof(shares) / sizeof(shares[0]); i++)
		/* The first three are always there. */
		if (i < 3 || json_object_object_get(line, shares[i]))
			ret = results_number(line, shares[i], &share, err);
	for (size_t i = 0; !ret && i < sizeof(texts) / sizeof(texts[0]); i++) {
		ret = results_text(line, texts[i], &text, err);
		free(text);
	}
	return ret;
}

static int add_rate(struct reading *reading, const struct results_rate *rate, struct error *err)
{
	struct json_object *line;
	int ret = results_rate_line(rate, &line, err);

	if (!ret)
		ret = check_rate(line, err);
	if (!ret && json_object_array_add(reading->rates, json_object_get(line)))
		ret = error_set(err, -ENOMEM, "page: out of memory");
	json_object_put(line);
	return ret ? error_prefix(err, ret, "line %u", rate->line_number) : 0;
}

/* As many as there are of each outcome, also where the summary is missing. */
static struct json_object *counted(const struct results *results)
{
	unsigned int counts[OUTCOME_NOT_RUN + 1] = { 0 };
	struct json json = json_begin();

	for (size_t i = 0; i < results->count; i++)
		counts[results->list[i].outcome]++;
	for (enum outcome_kind kind = OUTCOME_PASS; kind <= OUTCOME_NOT_RUN; kind++)
		if (counts[kind])
			json_put_number(&json, outcome_name(kind), counts[kind]);
	return json_end(&json);
}

static struct json_object *suite_value(const struct reading *reading, const struct results *results)
{
	struct json json = json_begin();

	json_put(&json, "results", json_object_get(reading->lines));
	json_put(&json, "rates", json_object_get(reading->rates));
	json_put_number(&json, "planned", results->planned);
	json_put(&json, "counts", counted(results));
	json_put_seconds(&json, "seconds", results->seconds);
	json_put_bool(&json, "interrupted", results->interrupted);
	json_put_bool(&json, "cut_off", *results->cut_off);
	return json_end(&json);
}

int results_add(struct page *page, const struct results *results, const char *folder,
		struct json_object **suite, struct error *err)
{
	struct reading reading = { .page = page,
				   .folder = folder ? folder : "",
				   .is_foreign = folder };
	int ret = 0;

	*suite = NULL;
	reading.lines = json_object_new_array();
	reading.rates = json_object_new_array();
	if (!reading.lines || !reading.rates)
		ret = error_set(err, -ENOMEM, "page: out of memory");
	for (size_t i = 0; !ret && i < results->count; i++)
		ret = add_line(&reading, &results->list[i], err);
	for (size_t i = 0; !ret && i < results->nr_rates; i++)
		ret = add_rate(&reading, &results->rates[i], err);
	if (!ret) {
		*suite = suite_value(&reading, results);
		if (!*suite)
			ret = error_set(err, -ENOMEM, "page: out of memory");
	}
	json_object_put(reading.lines);
	json_object_put(reading.rates);
	return ret;
}
