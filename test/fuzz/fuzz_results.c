/* Any bytes as a file of `test --json`, or of `test --history`: what is read of it is within its
 * bounds, and can be compared. */
#include <json-c/json.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/print.h"
#include "results/history.h"
#include "results/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct results_item *item)
{
	if (!item->name || !*item->name || !item->number || item->outcome > OUTCOME_NOT_RUN ||
	    !isfinite(item->seconds) || item->seconds < 0 || item->nr_metrics > METRICS_MAX)
		abort();
	for (size_t i = 0; i < item->nr_metrics; i++)
		if (strlen(item->metrics[i].name) >= METRICS_NAME_SIZE || !*item->metrics[i].name ||
		    strlen(item->metrics[i].unit) >= METRICS_UNIT_SIZE ||
		    !isfinite(item->metrics[i].value))
			abort();
}

static void check_line(const struct results_item *item)
{
	struct json_object *line;
	struct error err = { "" };

	if (results_line(item, &line, &err) ||
	    strcmp(json_object_get_string(json_object_object_get(line, "name")), item->name))
		abort();
	json_object_put(line);
}

/* Nothing is better or worse of what is compared with itself. */
static void check_comparison(const struct results *a, const struct results *b,
			     enum compare_method method)
{
	const struct compare_settings settings = { .method = method, .alpha = 0.05 };
	const struct compare_source baseline = { .name = "a", .results = a },
				    compared = { .name = "b", .results = b };
	struct compare_table table;
	struct error err = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (!compare_make(a, b, &settings, &table, &err)) {
		if (a == b && (table.verdicts[COMPARE_WORSE] || table.verdicts[COMPARE_BETTER] ||
			       table.verdicts[COMPARE_CHANGED]))
			abort();
		for (enum compare_format format = COMPARE_TEXT; format <= COMPARE_JSON; format++)
			if (compare_print(out, format, &baseline, &compared, &table))
				abort();
		compare_destroy(&table);
	} else if (a->count) {
		abort();
	}
	fclose(out);
	free(text);
}

static void check_results(const char *text, size_t size)
{
	struct results results;
	struct error err = { "" };

	if (results_parse(text, size, &results, &err)) {
		if (!*err.text || results.count || results.list)
			abort();
		return;
	}
	for (size_t i = 0; i < results.count; i++) {
		check_item(&results.list[i]);
		check_line(&results.list[i]);
	}
	check_comparison(&results, &results, COMPARE_PERMUTATION);
	check_comparison(&results, &results, COMPARE_WELCH);
	results_destroy(&results);
}

static void check_history(const char *text, size_t size)
{
	struct history history;
	struct error err = { "" };

	if (history_parse(text, size, 2, &history, &err)) {
		if (!*err.text || history.newest.list || history.before.list)
			abort();
		return;
	}
	if (!history.runs || !history.newest.count || !history.before.count)
		abort();
	for (size_t i = 0; i < history.newest.count; i++)
		check_item(&history.newest.list[i]);
	for (size_t i = 0; i < history.before.count; i++)
		check_item(&history.before.list[i]);
	/* Each variant of the baseline is one of the newest run's. */
	check_comparison(&history.before, &history.newest, COMPARE_PERMUTATION);
	history_destroy(&history);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Exactly so many bytes, so that a read beyond is seen. */
	char *text = malloc(size ? size : 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	check_results(text, size);
	check_history(text, size);
	free(text);
	return 0;
}
