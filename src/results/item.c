/* Is this JSON object a result of a suite, and what does it say? See item.h. */
#include "results/item.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/input.h"

/* What is shown of a text in a message. */
#define SHOWN "%.100s"

static int is_wrong(const char *key, const char *wanted, struct json_object *value,
		    struct error *err)
{
	return error_set(err, -EBADMSG, "its '%s' is %s%s, and no %s", key, value ? "a " : "",
			 json_type_to_name(json_object_get_type(value)), wanted);
}

int results_number(struct json_object *object, const char *key, double *value, struct error *err)
{
	struct json_object *field = json_object_object_get(object, key);

	if (!json_object_is_type(field, json_type_double) &&
	    !json_object_is_type(field, json_type_int))
		return is_wrong(key, "number", field, err);
	*value = json_object_get_double(field);
	if (*value < 0)
		return error_set(err, -EBADMSG, "its '%s' is below 0", key);
	return 0;
}

int results_count(struct json_object *object, const char *key, unsigned int least,
		  unsigned int *value, struct error *err)
{
	struct json_object *field = json_object_object_get(object, key);
	int64_t number = json_object_get_int64(field);

	if (!json_object_is_type(field, json_type_int))
		return is_wrong(key, "whole number", field, err);
	if (number < least || number > UINT_MAX)
		return error_set(err, -EBADMSG, "its '%s' is %lld, which is not within %u and %u",
				 key, (long long)number, least, UINT_MAX);
	*value = (unsigned int)number;
	return 0;
}

int results_text(struct json_object *object, const char *key, char **text, struct error *err)
{
	struct json_object *field = json_object_object_get(object, key);

	*text = NULL;
	if (!field)
		return 0;
	if (!json_object_is_type(field, json_type_string))
		return is_wrong(key, "text", field, err);
	if (strlen(json_object_get_string(field)) != (size_t)json_object_get_string_len(field))
		return error_set(err, -EBADMSG, "its '%s' has a NUL in it", key);
	*text = strdup(json_object_get_string(field));
	return *text ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int take_better(struct json_object *metric, enum metrics_better *better, struct error *err)
{
	struct json_object *field = json_object_object_get(metric, "better");
	const char *text = input_text(metric, "better");

	*better = METRICS_NEITHER;
	if (!field)
		return 0;
	if (text && !strcmp(text, metrics_better_name(METRICS_LOWER)))
		*better = METRICS_LOWER;
	else if (text && !strcmp(text, metrics_better_name(METRICS_HIGHER)))
		*better = METRICS_HIGHER;
	else
		return error_set(err, -EBADMSG, "its 'better' is neither \"lower\" nor \"higher\"");
	return 0;
}

static int take_metric(struct json_object *metric, struct metrics_item *item, struct error *err)
{
	struct json_object *value, *unit_field;
	const char *name = input_text(metric, "name"), *unit = input_text(metric, "unit");
	int ret;

	if (!name || !*name || strlen(name) >= METRICS_NAME_SIZE)
		return error_set(err, -EBADMSG, "a metric without a 'name' of 1 to %d bytes",
				 METRICS_NAME_SIZE - 1);
	strcpy(item->name, name);
	value = json_object_object_get(metric, "value");
	unit_field = json_object_object_get(metric, "unit");
	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		ret = is_wrong("value", "number", value, err);
	else if (unit_field && (!unit || strlen(unit) >= METRICS_UNIT_SIZE))
		ret = error_set(err, -EBADMSG, "its 'unit' is no text of at most %d bytes",
				METRICS_UNIT_SIZE - 1);
	else
		ret = take_better(metric, &item->better, err);
	if (ret)
		return error_prefix(err, ret, "metric '" SHOWN "'", name);
	item->value = json_object_get_double(value);
	strcpy(item->unit, unit ? unit : "");
	return 0;
}

static int take_metrics(struct json_object *line, struct results_item *item, struct error *err)
{
	struct json_object *list = json_object_object_get(line, "metrics");
	size_t count;

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return is_wrong("metrics", "list", list, err);
	count = json_object_array_length(list);
	if (!count)
		return 0;
	if (count > METRICS_MAX)
		return error_set(err, -EBADMSG, "it has %zu metrics, more than %d", count,
				 METRICS_MAX);
	item->metrics = calloc(count, sizeof(*item->metrics));
	if (!item->metrics)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		int ret = take_metric(json_object_array_get_idx(list, i), &item->metrics[i], err);

		for (size_t j = 0; !ret && j < i; j++)
			if (!strcmp(item->metrics[j].name, item->metrics[i].name))
				ret = error_set(err, -EBADMSG, "metric '" SHOWN "' is there twice",
						item->metrics[i].name);
		if (ret)
			return ret;
		item->nr_metrics++;
	}
	return 0;
}

static int take_outcome(struct json_object *line, struct results_item *item, struct error *err)
{
	const char *outcome = input_text(line, "outcome");

	if (!outcome)
		return is_wrong("outcome", "text", json_object_object_get(line, "outcome"), err);
	if (!outcome_named(outcome, &item->outcome))
		return error_set(err, -EBADMSG, "its 'outcome' is '" SHOWN "', which is none",
				 outcome);
	return 0;
}

static int take_fields(struct json_object *line, struct results_item *item, struct error *err)
{
	int ret = results_text(line, "test", &item->test, err);

	if (!ret)
		ret = results_text(line, "preset", &item->preset, err);
	if (!ret)
		ret = results_text(line, "kernel", &item->kernel, err);
	if (!ret)
		ret = results_text(line, "topology", &item->topology, err);
	if (!ret)
		ret = results_count(line, "number", 1, &item->number, err);
	if (!ret && json_object_object_get(line, "round"))
		ret = results_count(line, "round", 1, &item->round, err);
	if (!ret)
		ret = take_outcome(line, item, err);
	if (!ret)
		ret = results_number(line, "seconds", &item->seconds, err);
	if (!ret)
		ret = take_metrics(line, item, err);
	return ret;
}

int results_item_take(struct json_object *line, struct results_item *item, struct error *err)
{
	int ret;

	*item = (struct results_item){ 0 };
	ret = results_text(line, "name", &item->name, err);
	if (!ret && (!item->name || !*item->name))
		ret = error_set(err, -EBADMSG, "a result without a 'name'");
	else if (!ret && (ret = take_fields(line, item, err)))
		error_prefix(err, ret, "result '" SHOWN "'", item->name);
	if (ret)
		results_item_destroy(item);
	return ret;
}

void results_item_destroy(struct results_item *item)
{
	free(item->name);
	free(item->test);
	free(item->preset);
	free(item->kernel);
	free(item->topology);
	free(item->metrics);
	*item = (struct results_item){ 0 };
}
