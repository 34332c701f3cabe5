/* Any bytes as a file of `test --json`: what is read of it is within its bounds, and can be
 * compared. */
#include <json-c/json.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/print.h"
#include "results/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct results_item *item)
{
	struct json_object *line;
	struct error err = { "" };

	if (!item->name || !*item->name || !item->number || item->outcome > OUTCOME_NOT_RUN ||
	    !isfinite(item->seconds) || item->seconds < 0 || item->nr_metrics > METRICS_MAX)
		abort();
	for (size_t i = 0; i < item->nr_metrics; i++)
		if (strlen(item->metrics[i].name) >= METRICS_NAME_SIZE || !*item->metrics[i].name ||
		    strlen(item->metrics[i].unit) >= METRICS_UNIT_SIZE ||
		    !isfinite(item->metrics[i].value))
			abort();
	if (results_line(item, &line, &err) ||
	    strcmp(json_object_get_string(json_object_object_get(line, "name")), item->name))
		abort();
	json_object_put(line);
}

/* With itself: nothing is better or worse. */
static void check_comparison(const struct results *results, enum compare_method method)
{
	const struct compare_settings settings = { .method = method, .alpha = 0.05 };
	const struct compare_source source = { "it", results };
	struct compare_table table;
	struct error err = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (!compare_make(results, results, &settings, &table, &err)) {
		if (table.verdicts[COMPARE_WORSE] || table.verdicts[COMPARE_BETTER] ||
		    table.verdicts[COMPARE_CHANGED])
			abort();
		for (enum compare_format format = COMPARE_TEXT; format <= COMPARE_JSON; format++)
			if (compare_print(out, format, &source, &source, &table))
				abort();
		compare_destroy(&table);
	} else if (results->count) {
		abort();
	}
	fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct results results;
	struct error err = { "" };
	/* Exactly so many bytes, so that a read beyond is seen. */
	char *text = malloc(size ? size : 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	if (!results_parse(text, size, &results, &err)) {
		for (size_t i = 0; i < results.count; i++)
			check_item(&results.list[i]);
		check_comparison(&results, COMPARE_PERMUTATION);
		check_comparison(&results, COMPARE_WELCH);
		results_destroy(&results);
	} else if (!*err.text || results.count || results.list) {
		abort();
	}
	free(text);
	return 0;
}
