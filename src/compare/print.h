/* How is a comparison shown: for a mail, as Markdown, CSV or JSON? */
#ifndef KTSTR_COMPARE_PRINT_H
#define KTSTR_COMPARE_PRINT_H

#include <stdio.h>

#include "compare/compare.h"

enum compare_format { COMPARE_TEXT, COMPARE_MARKDOWN, COMPARE_CSV, COMPARE_JSON };

/* One side, as its file has it. */
struct compare_source {
	const char *name; /* the file's, or what was said of the side */
	const struct results *results;
	/* Of a history (results/history.h): */
	unsigned int runs;	  /* 0: it is none; 1 with @most 0: its newest one */
	unsigned int most;	  /* of each variant */
	unsigned int interrupted; /* of the runs */
	unsigned int passed_over; /* lines that were cut off */
	const char *first, *last; /* when they began */
};

/*
 * compare_print - all of @table to @out, whose errors are the caller's to see. Whatever the
 *results' texts hold: text and Markdown are printable lines, CSV is of RFC 4180, JSON of RFC 8259.
 * Returns 0 or -ENOMEM.
 *
 * JSON, one object; null: there is none
 *	type            "comparison"
 *	schema_version  1
 *	alpha, tested   number; how many rows the p-values are corrected for, by Holm
 *	method          "permutation" or "welch", of durations and metrics; pass rates are "fisher"
 *	baseline, compared
 *	                objects: file, results (how many), kernels (list of texts), cut_off (text),
 *	                planned (how many, where that is known), interrupted (how many runs); of a
 *	                history: runs, first_time, last_time, passed_over (lines that were cut off)
 *	rows            list of objects, in the order of the baseline:
 *		case            the variant's name
 *		metric          "pass rate", "duration", or a metric's name
 *		kind            "pass-rate", "duration" or "metric"
 *		unit, better    text
 *		baseline, compared
 *		                objects: runs, mean, std, passed (of a pass rate)
 *		difference_percent
 *		p, p_corrected  numbers
 *		p_exact         bool: of all permutations, and not of drawn ones
 *		verdict         compare_verdict_name's text; null: no difference is shown
 */
int compare_print(FILE *out, enum compare_format format, const struct compare_source *a,
		  const struct compare_source *b, const struct compare_table *table);

/* compare_print_json - inner part of it */
int compare_print_json(FILE *out, const struct compare_source *a, const struct compare_source *b,
		       const struct compare_table *table);

/*
 * compare_kernels - of each kernel that the results name the first result, in their order, and NULL
 * behind the last; the list is the caller's. Returns NULL when memory ran out.
 */
const struct results_item **compare_kernels(const struct results *results);

#endif
