/* What does a suite look like to people who look rather than read? See suite_html.h. */
#include "page/suite_html.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "page/page.h"
#include "page/results.h"

/* The JSON lines so far. */
struct collected {
	struct suite_writer lines;
	FILE *out; /* into @text */
	char *text;
	size_t size;
};

static int report_begin(struct suite_writer *writer, struct error *err)
{
	struct collected *collected = calloc(1, sizeof(*collected));

	writer->collected = collected;
	if (collected)
		collected->out = open_memstream(&collected->text, &collected->size);
	if (!collected || !collected->out)
		return error_set(err, -ENOMEM, "HTML report: out of memory");
	return suite_begin(&collected->lines, &suite_json, collected->out, writer->planned, err);
}

static int report_result(struct suite_writer *writer, const struct suite_result *result,
			 struct error *err)
{
	struct collected *collected = writer->collected;
	struct suite_result mine = *result;

	/* Its paths are of a file that may lie elsewhere. */
	mine.line = NULL;
	return suite_add(&collected->lines, &mine, err);
}

static int report_rate(struct suite_writer *writer, const struct suite_rate *rate,
		       struct error *err)
{
	struct collected *collected = writer->collected;
	struct suite_rate mine = *rate;

	/* Likewise. */
	mine.good_json = mine.bad_json = NULL;
	return suite_add_rate(&collected->lines, &mine, err);
}

static int report_end(struct suite_writer *writer, const struct suite_counts *counts,
		      double seconds, bool interrupted, struct error *err)
{
	struct collected *collected = writer->collected;
	struct json_object *suite = NULL;
	struct results results;
	struct page page;
	int ret = suite_end(&collected->lines, counts, seconds, interrupted, err);

	if (!ret)
		ret = results_parse(collected->text, collected->size, &results, err);
	if (ret)
		return ret;
	ret = page_begin(&page, err);
	if (!ret)
		ret = results_add(&page, &results, NULL, &suite, err);
	if (!ret)
		ret = page_write(&page, "Test suite", suite, writer->out, err);
	json_object_put(suite);
	page_end(&page);
	results_destroy(&results);
	return ret;
}

static void report_destroy(struct suite_writer *writer)
{
	struct collected *collected = writer->collected;

	suite_abandon(&collected->lines);
	if (collected->out)
		fclose(collected->out);
	free(collected->text);
	free(collected);
}

const struct suite_format suite_html = {
	.name = "HTML",
	.begin = report_begin,
	.result = report_result,
	.rate = report_rate,
	.end = report_end,
	.destroy = report_destroy,
};
