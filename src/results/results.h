/*
 * What does a file of `test --json` say? Its JSON lines (report/suite_json.c), for what compares,
 * merges and shows them. Anybody may have written the file: what it says is checked, and printed
 * only by what makes it printable (utf8_printable).
 */
#ifndef KTSTR_RESULTS_RESULTS_H
#define KTSTR_RESULTS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "verdict/metrics.h"
#include "verdict/outcome.h"

struct json_object;

/* The longest file and line that are read, in bytes. */
#define RESULTS_MAX_FILE ((size_t)1 << 30)
#define RESULTS_MAX_LINE ((size_t)16 << 20)

/* One result. Its texts are its own; those that may be NULL were null, or not there. */
struct results_item {
	char *name;
	char *test;		 /* or NULL: not said */
	char *preset;		 /* or NULL */
	char *kernel, *topology; /* or NULL */
	unsigned int number;	 /* from 1 */
	unsigned int round;	 /* from 1; 0: not said */
	enum outcome_kind outcome;
	double seconds;		      /* 0 or more */
	struct metrics_item *metrics; /* of different names; values are finite */
	size_t nr_metrics;
	/* Its line, as the file has it, without the newline and without a NUL behind it. */
	const char *line;
	size_t length;
	unsigned int line_number; /* from 1 */
};

/* What a rate says beside what its results do. Its texts are its own. */
struct results_rate {
	char *name;	  /* the variant's */
	char *good;	  /* the folder of a round that passed; or NULL */
	const char *line; /* as of an item */
	size_t length;
	unsigned int line_number;
};

struct results {
	struct results_item *list; /* in the file's order */
	size_t count;
	struct results_rate *rates; /* likewise */
	size_t nr_rates;
	unsigned int planned; /* as the summary says, or else the plan */
	/* "", or why it is not whole: it has no summary. What is there can be used. */
	char cut_off[128];
	bool interrupted; /* by a signal or --fail-fast, as the summary says */
	double seconds;	  /* of all, as the summary says; below 0: not known */
	char *text;	  /* what results_read read; owned */
	const char *plan; /* the plan's line, likewise as the file has it */
	size_t plan_length;
};

/*
 * results_read - all of a regular file
 * Returns 0; -EFBIG: larger than RESULTS_MAX_FILE; -EINVAL: no regular file; what open and read
 * return; what results_parse returns; each with the path. On failure there is nothing to destroy.
 *
 * results_parse - @size bytes at @text, which the results point into: the caller's, and to be kept
 * Returns 0; -ENOMEM; -EBADMSG, with the line: not JSON, no line of this kind, of another schema
 * version, a field that is missing or of another type, a number that is not finite, a metric or a
 * result (by name and number) that was there before, more than one plan or summary, a result behind
 * the summary or before the plan, or no plan; -ENODATA: cut off before the end of its first line. A
 * last line without its newline may be incomplete, as a writer that died leaves it, and NULs behind
 * it do not count. Lines of types that are not known yet are passed over.
 */
int results_read(const char *path, struct results *results, struct error *err);
int results_parse(const char *text, size_t size, struct results *results, struct error *err);
void results_destroy(struct results *results);

/*
 * results_line - a result's line as a JSON object, with all its fields; owned by the caller
 * results_plan, results_rate_line - likewise the plan's, and a rate's
 * Return 0 or -ENOMEM.
 */
int results_line(const struct results_item *item, struct json_object **line, struct error *err);
int results_plan(const struct results *results, struct json_object **line, struct error *err);
int results_rate_line(const struct results_rate *rate, struct json_object **line,
		      struct error *err);

#endif
