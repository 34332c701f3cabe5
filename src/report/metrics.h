/* How are a test's metrics shown, to people and to programs? The lines of metrics.h of verdict/. */
#ifndef KTSTR_REPORT_METRICS_H
#define KTSTR_REPORT_METRICS_H

#include <stdio.h>

#include "util/json.h"
#include "verdict/metrics.h"

/* Of "VALUE UNIT", with its NUL. */
#define REPORT_METRIC_SIZE (METRICS_VALUE_SIZE + METRICS_UNIT_SIZE + 1)

/* report_metric_value - "12.5 %", or "12.5" where there is no unit. @text: REPORT_METRIC_SIZE */
void report_metric_value(const struct metrics_item *item, char *text);

/*
 * report_metrics_text - for a terminal: the first ones in one line of 100 columns that says how
 * many more there are, and each warning in a line; all behind @indent, which is of blanks.
 * Printable ASCII but for what a warning shows, which is printable. Nothing where there is nothing.
 */
void report_metrics_text(FILE *out, const char *indent, const struct metrics *metrics);

/*
 * report_metrics_json - two fields: "metrics", a list of objects
 *	name    text
 *	value   number
 *	unit    text; null: none
 *	better  "lower" or "higher"; null: neither
 * in the order in which they were written, and "metrics_warnings", a list of texts.
 * @metrics: NULL: both are empty
 * report_metrics_list - the first of them alone
 */
void report_metrics_list(struct json *json, const struct metrics *metrics);
void report_metrics_json(struct json *json, const struct metrics *metrics);

#endif
