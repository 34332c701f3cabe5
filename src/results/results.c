/* What does a file of `test --json` say? See results.h. */
#include "results/results.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/suite.h"
#include "results/item.h"
#include "util/input.h"

/* A file while it is read. */
struct reading {
	struct results *results;
	size_t room; /* items that the list has memory for */
	bool has_plan, has_summary;
};

static int add_result(struct reading *reading, struct json_object *line,
		      const struct results_item *place, struct error *err)
{
	struct results *results = reading->results;
	struct results_item *item;
	int ret;

	if (results->count == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 16;

		item = reallocarray(results->list, room, sizeof(*item));
		if (!item)
			return error_set(err, -ENOMEM, "out of memory");
		results->list = item;
		reading->room = room;
	}
	item = &results->list[results->count];
	ret = results_item_take(line, item, err);
	if (ret)
		return ret;
	item->line = place->line;
	item->length = place->length;
	item->line_number = place->line_number;
	results->count++;
	return 0;
}

static int take_plan(struct reading *reading, struct json_object *line,
		     const struct results_item *place, struct error *err)
{
	if (reading->has_plan)
		return error_set(err, -EBADMSG,
				 "a second plan: this is more than one file; give each for itself");
	reading->has_plan = true;
	reading->results->plan = place->line;
	reading->results->plan_length = place->length;
	return results_count(line, "planned", 0, &reading->results->planned, err);
}

static int take_summary(struct reading *reading, struct json_object *line, struct error *err)
{
	struct json_object *interrupted = json_object_object_get(line, "interrupted");

	if (interrupted && !json_object_is_type(interrupted, json_type_boolean))
		return error_set(err, -EBADMSG,
				 "a summary whose 'interrupted' is no true or false");
	reading->has_summary = true;
	reading->results->interrupted = json_object_get_boolean(interrupted);
	/* Without the rounds that were not needed any more; the plan has the most. */
	if (json_object_object_get(line, "planned")) {
		int ret = results_count(line, "planned", 0, &reading->results->planned, err);

		if (ret)
			return ret;
	}
	/* The clock of a suite is null where it is not known. */
	if (!json_object_object_get(line, "seconds"))
		return 0;
	return results_number(line, "seconds", &reading->results->seconds, err);
}

static int take_rate(struct results *results, struct json_object *line,
		     const struct results_item *place, struct error *err)
{
	struct results_rate *grown = results->rates, *rate;
	int ret;

	/* It doubles. */
	if (!(results->nr_rates & (results->nr_rates - 1)))
		grown = reallocarray(grown, results->nr_rates ? 2 * results->nr_rates : 1,
				     sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	results->rates = grown;
	rate = &grown[results->nr_rates];
	*rate = (struct results_rate){ .line = place->line,
				       .length = place->length,
				       .line_number = place->line_number };
	results->nr_rates++;
	ret = results_text(line, "name", &rate->name, err);
	if (!ret && !rate->name)
		ret = error_set(err, -EBADMSG, "a rate without a 'name'");
	return ret ? ret : results_text(line, "good", &rate->good, err);
}

static int check_version(struct json_object *line, const char *type, struct error *err)
{
	struct json_object *version = json_object_is_type(line, json_type_object)
					      ? json_object_object_get(line, "schema_version")
					      : NULL;

	if (!type || !json_object_is_type(version, json_type_int))
		return error_set(err, -EBADMSG, "no line of `ktstr-launch test --json`");
	if (json_object_get_int64(version) == SUITE_JSON_VERSION)
		return 0;
	return error_set(err, -EBADMSG,
			 "its schema version is %lld, and this launcher knows %d; take the "
			 "launcher that wrote it",
			 (long long)json_object_get_int64(version), SUITE_JSON_VERSION);
}

static int take_line(struct reading *reading, struct json_object *line,
		     const struct results_item *place, struct error *err)
{
	const char *type = input_text(line, "type");
	int ret = check_version(line, type, err);

	if (ret)
		return ret;
	if (!reading->has_plan && strcmp(type, "plan"))
		return error_set(
			err, -EBADMSG,
			"no plan stands before it: this is the end of a file, or of another one");
	if (reading->has_summary)
		return error_set(err, -EBADMSG,
				 "it stands behind the summary, which is a file's last line");
	if (!strcmp(type, "plan"))
		return take_plan(reading, line, place, err);
	if (!strcmp(type, "summary"))
		return take_summary(reading, line, err);
	if (!strcmp(type, "rate"))
		return take_rate(reading->results, line, place, err);
	return strcmp(type, "result") ? 0 : add_result(reading, line, place, err);
}

/* @cut: it is the last one, and has no newline: it may be there in part. */
static int read_line(struct reading *reading, const struct results_item *place, bool *cut,
		     struct error *err)
{
	struct json_object *line;
	int ret;

	if (place->length > RESULTS_MAX_LINE)
		return error_set(err, -EBADMSG, "it has %zu bytes, at most %zu are read",
				 place->length, RESULTS_MAX_LINE);
	ret = input_json(place->line, place->length, &line, err);
	if (ret == -ERANGE)
		return -EBADMSG;
	if (ret == -EBADMSG && *cut && !reading->has_summary)
		return 0;
	*cut = false;
	if (!ret)
		ret = take_line(reading, line, place, err);
	json_object_put(line);
	return ret;
}

static int by_number(const void *a, const void *b)
{
	const struct results_item *x = *(const struct results_item *const *)a;
	const struct results_item *y = *(const struct results_item *const *)b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The same, and then in the file's order. */
static int by_line(const void *a, const void *b)
{
	const struct results_item *x = *(const struct results_item *const *)a;
	const struct results_item *y = *(const struct results_item *const *)b;
	int order = by_number(a, b);

	return order ? order : (x > y) - (x < y);
}

static int refuse_twice(const struct results *results, struct error *err)
{
	const struct results_item **sorted = calloc(results->count + 1, sizeof(*sorted));
	int ret = 0;

	if (!sorted)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < results->count; i++)
		sorted[i] = &results->list[i];
	qsort(sorted, results->count, sizeof(*sorted), by_line);
	for (size_t i = 1; !ret && i < results->count; i++)
		if (!by_number(&sorted[i - 1], &sorted[i]))
			ret = error_set(
				err, -EBADMSG,
				"result '%.100s', number %u, is there twice: in line %u and %u",
				sorted[i]->name, sorted[i]->number, sorted[i - 1]->line_number,
				sorted[i]->line_number);
	free(sorted);
	return ret;
}

static int read_lines(struct reading *reading, const char *text, size_t size, struct error *err)
{
	struct results *results = reading->results;
	struct results_item place = { 0 };
	const char *begin = text;
	bool cut = false;

	/* A machine that died may leave a hole where its last bytes were to be. */
	while (size && !text[size - 1])
		size--;
	while (size) {
		const char *end = memchr(text, '\n', size);
		int ret;

		place.line = text;
		place.length = end ? (size_t)(end - text) : size;
		place.line_number++;
		cut = !end;
		ret = read_line(reading, &place, &cut, err);
		if (ret)
			return error_prefix(err, ret, "line %u", place.line_number);
		size -= place.length + (end ? 1 : 0);
		text = end ? end + 1 : text;
	}
	if (!reading->has_plan && (!place.line_number || (cut && *begin == '{')))
		return error_set(err, -ENODATA, "cut off before the end of its first line");
	if (!reading->has_plan)
		return error_set(err, -EBADMSG,
				 "no plan, which `ktstr-launch test --json` writes first");
	if (!reading->has_summary)
		snprintf(results->cut_off, sizeof(results->cut_off),
			 "cut off: it has %zu of %u results and no summary%s", results->count,
			 results->planned, cut ? ", and its last line is not whole" : "");
	return refuse_twice(results, err);
}

int results_parse(const char *text, size_t size, struct results *results, struct error *err)
{
	struct reading reading = { .results = results };
	int ret;

	*results = (struct results){ .seconds = -1 };
	ret = read_lines(&reading, text, size, err);
	if (ret)
		results_destroy(results);
	return ret;
}

int results_read(const char *path, struct results *results, struct error *err)
{
	char *text;
	size_t size;
	int ret = input_read(path, RESULTS_MAX_FILE, &text, &size, err);

	if (ret)
		return ret;
	ret = results_parse(text, size, results, err);
	if (ret) {
		free(text);
		return error_prefix(err, ret, "'%s'", path);
	}
	results->text = text;
	return 0;
}

int results_line(const struct results_item *item, struct json_object **line, struct error *err)
{
	return input_json(item->line, item->length, line, err);
}

int results_plan(const struct results *results, struct json_object **line, struct error *err)
{
	return input_json(results->plan, results->plan_length, line, err);
}

int results_rate_line(const struct results_rate *rate, struct json_object **line, struct error *err)
{
	return input_json(rate->line, rate->length, line, err);
}

void results_destroy(struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		results_item_destroy(&results->list[i]);
	for (size_t i = 0; i < results->nr_rates; i++) {
		free(results->rates[i].name);
		free(results->rates[i].good);
	}
	free(results->list);
	free(results->rates);
	free(results->text);
	*results = (struct results){ .seconds = -1 };
}
