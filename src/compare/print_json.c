/* How is a comparison told to a program? The fields are those of print.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compare/print.h"
#include "util/json.h"

#define SCHEMA_VERSION 1

static void put_number(struct json *json, const char *key, double value)
{
	char text[METRICS_VALUE_SIZE];

	if (!isfinite(value)) {
		json_put_null(json, key);
		return;
	}
	metrics_value(value, text);
	json_put_double(json, key, value, text);
}

static const char *next_kernel(void *data)
{
	const struct results_item ***at = data;

	return **at ? (*(*at)++)->kernel : NULL;
}

/* Returns NULL when memory ran out. */
static struct json_object *source_value(const struct compare_source *source)
{
	const struct results_item **kernels = compare_kernels(source->results), **at = kernels;
	struct json json;

	if (!kernels)
		return NULL;
	json = json_begin();
	json_put_text(&json, "file", source->name);
	json_put_number(&json, "results", source->results->count);
	json_put_texts(&json, "kernels", next_kernel, &at);
	free(kernels);
	json_put_text(&json, "cut_off", source->results->cut_off);
	if (source->results->planned)
		json_put_number(&json, "planned", source->results->planned);
	else
		json_put_null(&json, "planned");
	json_put_number(&json, "interrupted",
			source->runs ? source->interrupted : source->results->interrupted);
	if (!source->runs)
		return json_end(&json);
	json_put_number(&json, "runs", source->runs);
	json_put_text(&json, "first_time", source->first);
	json_put_text(&json, "last_time", source->last);
	json_put_number(&json, "passed_over", source->passed_over);
	return json_end(&json);
}

static struct json_object *side_value(const struct compare_row *row,
				      const struct compare_side *side)
{
	struct json json = json_begin();

	json_put_number(&json, "runs", side->count);
	put_number(&json, "mean", side->mean);
	put_number(&json, "std", side->std);
	if (row->kind == COMPARE_PASSES)
		json_put_number(&json, "passed", side->passed);
	else
		json_put_null(&json, "passed");
	return json_end(&json);
}

struct place {
	const struct compare_table *table;
	size_t at;
};

static struct json_object *next_row(void *data, bool *end)
{
	static const char *const kinds[] = {
		[COMPARE_PASSES] = "pass-rate",
		[COMPARE_DURATION] = "duration",
		[COMPARE_METRIC] = "metric",
	};
	struct place *place = data;
	const struct compare_row *row = &place->table->list[place->at];
	struct json json;

	*end = place->at == place->table->count;
	if (*end)
		return NULL;
	place->at++;
	json = json_begin();
	json_put_text(&json, "case", row->name);
	json_put_text(&json, "metric", row->what);
	json_put_text(&json, "kind", kinds[row->kind]);
	json_put_text(&json, "unit", row->unit);
	json_put_text(&json, "better", metrics_better_name(row->better));
	json_put(&json, "baseline", side_value(row, &row->a));
	json_put(&json, "compared", side_value(row, &row->b));
	put_number(&json, "difference_percent", row->difference);
	put_number(&json, "p", row->p);
	put_number(&json, "p_corrected", row->corrected);
	json_put_bool(&json, "p_exact", row->exact);
	json_put_text(&json, "verdict", compare_verdict_name(row->verdict));
	return json_end(&json);
}

int compare_print_json(FILE *out, const struct compare_source *a, const struct compare_source *b,
		       const struct compare_table *table)
{
	struct place place = { table, 0 };
	struct json json = json_begin();
	size_t size;
	char *text;

	json_put_text(&json, "type", "comparison");
	json_put_number(&json, "schema_version", SCHEMA_VERSION);
	put_number(&json, "alpha", table->settings.alpha);
	json_put_number(&json, "tested", table->tested);
	json_put_text(&json, "method",
		      table->settings.method == COMPARE_WELCH ? "welch" : "permutation");
	json_put(&json, "baseline", source_value(a));
	json_put(&json, "compared", source_value(b));
	json_put_list(&json, "rows", next_row, &place);
	text = json_text(json_end(&json), true, &size);
	if (!text)
		return -ENOMEM;
	fwrite(text, 1, size, out);
	free(text);
	return 0;
}
