/*
 * A file of metrics, of any bytes, with any head: what comes of it is within its bounds, can be
 * shown, and goes from process to process without a change.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/metrics.h"
#include "verdict/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct metrics_item *item)
{
	size_t length = strlen(item->name);

	if (!length || length >= METRICS_NAME_SIZE || strpbrk(item->name, " \t\n#!\"<>&'\\") ||
	    strlen(item->unit) >= METRICS_UNIT_SIZE || !isfinite(item->value))
		abort();
	for (const char *c = item->unit; *c; c++)
		if (*c <= ' ' || *c > '~')
			abort();
}

static void check_lines(const struct metrics *metrics)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	report_metrics_text(out, "", metrics);
	fclose(out);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
			abort();
	free(text);
}

static void check_json(const struct metrics *metrics)
{
	struct json json = json_begin();
	size_t size;
	char *text;

	report_metrics_json(&json, metrics);
	text = json_text(json_end(&json), false, &size);
	if (!text)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct metrics metrics = { 0 }, again = { 0 };
	char *text, *twice;

	if (size < sizeof(struct ktstr_file) ||
	    size > sizeof(struct ktstr_file) + KTSTR_METRICS_MAX)
		return 0;
	metrics_take(&metrics, data, size);
	if (metrics.count > METRICS_MAX || metrics.nr_warnings > METRICS_WARNINGS)
		abort();
	for (size_t i = 0; i < metrics.count; i++)
		check_item(&metrics.list[i]);
	check_lines(&metrics);
	check_json(&metrics);
	text = metrics_text(&metrics);
	if (!text)
		abort();
	metrics_read(&again, text);
	twice = metrics_text(&again);
	if (!twice || strcmp(text, twice))
		abort();
	metrics_destroy(&again);
	/* A text that is none of ours. */
	free(twice);
	twice = strndup((const char *)data, size);
	if (!twice)
		abort();
	metrics_read(&again, twice);
	if (again.count > METRICS_MAX || again.nr_warnings > METRICS_WARNINGS)
		abort();
	free(twice);
	free(text);
	metrics_destroy(&again);
	metrics_destroy(&metrics);
	return 0;
}
