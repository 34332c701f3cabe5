/* What do the formats of a suite's report share? Text that breaks none of them. For suite_*.c only.
 */
#ifndef KTSTR_REPORT_SUITE_FORMAT_H
#define KTSTR_REPORT_SUITE_FORMAT_H

#include <stdio.h>

#include "report/suite.h"

enum suite_escape {
	SUITE_PLAIN, /* a terminal */
	SUITE_TAP,   /* '#' begins a directive, unless there is a backslash before it */
	SUITE_KTAP,  /* '#' cannot be escaped: it becomes '?' */
	SUITE_XML,   /* an attribute's value or an element's text */
};

/*
 * suite_put - @text (NULL: nothing) as part of one line: never a newline, a control character or
 * ill-formed UTF-8, and nothing that means something in the format. Nothing is cut.
 */
void suite_put(FILE *out, enum suite_escape escape, const char *text);

/* suite_put_lines - each line of @text behind @prefix, empty ones too. */
void suite_put_lines(FILE *out, enum suite_escape escape, const char *prefix, const char *text);

/* suite_put_cause - what the result's one line says; never empty, and said when a pass is a
 * failure. */
void suite_put_cause(FILE *out, enum suite_escape escape, const struct suite_result *result);

/* suite_put_details - the lines of a bad result: detail, paths, the replay command. */
void suite_put_details(FILE *out, enum suite_escape escape, const char *prefix,
		       const struct suite_result *result);
void suite_put_trace(FILE *out, enum suite_escape escape, const char *prefix,
		     const struct suite_result *result);

/*
 * suite_put_metrics - each metric in a line, "metric: NAME VALUE UNIT lower", the unit '-' for
 * none, and each warning, "metrics: warning: ...".
 */
void suite_put_metrics(FILE *out, enum suite_escape escape, const char *prefix,
		       const struct suite_result *result);

/* "passed 17 of 20: 85.0 %, between 64.0 and 94.8 (Wilson, 95 %)", and what was decided */
void suite_put_rate(FILE *out, const struct suite_rate *rate);

/* suite_rate_line - as a comment of TAP and KTAP; a suite_format's rate. */
int suite_rate_line(struct suite_writer *writer, const struct suite_rate *rate, struct error *err);

/* "12 passed, 1 failed, 2 skipped (3.2 min)"; no newline */
void suite_put_counts(FILE *out, const struct suite_counts *counts, double seconds);

/* "ended early: 5 of 20 not run" */
void suite_put_interrupted(FILE *out, const struct suite_counts *counts);

/* 0 for what is not a time: not finite, or negative. */
double suite_seconds(double seconds);

#endif
