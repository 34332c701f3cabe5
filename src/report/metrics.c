/* How are a test's metrics shown, to people and to programs? See metrics.h. */
#include "report/metrics.h"

#include <string.h>

#define COLUMNS 100
/* ", and 512 more" */
#define MORE	14

void report_metric_value(const struct metrics_item *item, char *text)
{
	char value[METRICS_VALUE_SIZE];

	metrics_value(item->value, value);
	snprintf(text, REPORT_METRIC_SIZE, "%s%s%s", value, *item->unit ? " " : "", item->unit);
}

static void put_first(FILE *out, const char *indent, const struct metrics *metrics)
{
	size_t used = (size_t)fprintf(out, "%smetrics: ", indent), shown;

	for (shown = 0; shown < metrics->count; shown++) {
		const struct metrics_item *item = &metrics->list[shown];
		char value[REPORT_METRIC_SIZE], text[METRICS_NAME_SIZE + REPORT_METRIC_SIZE + 4];
		size_t length;

		report_metric_value(item, value);
		length = (size_t)snprintf(text, sizeof(text), "%s%s %s", shown ? ", " : "",
					  item->name, value);
		if (used + length + MORE > COLUMNS && shown)
			break;
		used += (size_t)fprintf(out, "%s", text);
	}
	if (shown < metrics->count)
		fprintf(out, ", and %zu more", metrics->count - shown);
	fputc('\n', out);
}

void report_metrics_text(FILE *out, const char *indent, const struct metrics *metrics)
{
	if (metrics->count)
		put_first(out, indent, metrics);
	for (size_t i = 0; i < metrics->nr_warnings; i++)
		fprintf(out, "%smetrics: warning: %s\n", indent, metrics->warnings[i]);
}

struct place {
	const struct metrics *metrics;
	size_t at;
};

static struct json_object *next_item(void *data, bool *end)
{
	struct place *place = data;
	const struct metrics_item *item;
	char value[METRICS_VALUE_SIZE];
	struct json json;

	*end = !place->metrics || place->at == place->metrics->count;
	if (*end)
		return NULL;
	item = &place->metrics->list[place->at++];
	metrics_value(item->value, value);
	json = json_begin();
	json_put_text(&json, "name", item->name);
	json_put_double(&json, "value", item->value, value);
	json_put_text(&json, "unit", item->unit);
	json_put_text(&json, "better", metrics_better_name(item->better));
	return json_end(&json);
}

static const char *next_warning(void *data)
{
	struct place *place = data;

	if (!place->metrics || place->at == place->metrics->nr_warnings)
		return NULL;
	return place->metrics->warnings[place->at++];
}

void report_metrics_list(struct json *json, const struct metrics *metrics)
{
	struct place items = { .metrics = metrics };

	json_put_list(json, "metrics", next_item, &items);
}

void report_metrics_json(struct json *json, const struct metrics *metrics)
{
	struct place warnings = { .metrics = metrics };

	report_metrics_list(json, metrics);
	json_put_texts(json, "metrics_warnings", next_warning, &warnings);
}
