/*
 * What has been told of each side of a comparison (suite/sides.h), and is each variant known on
 * both?
 */
#ifndef KTSTR_SUITE_SIDE_RECORDS_H
#define KTSTR_SUITE_SIDE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "results/results.h"
#include "suite/sides.h"
#include "suite/sinks.h"

/* A side's results: as lines in memory, which are compared, and in the file that the user named. */
struct side_record {
	struct suite_writer lines;
	FILE *out; /* into @text */
	char *text;
	size_t size;
	struct sinks sinks;
	struct suite_counts counts;
};

/* All zeros at the start. */
struct side_records {
	struct side_record list[2];
	unsigned char *counted; /* by variant of a side: bit i: side i has told something of it */
	bool incomplete;	/* a file of results is not whole, which was complained of */
	const char *failed;	/* why a result is lost; or NULL */
};

/* side_records_open - @file_a, @file_b: of JSON lines, or NULL. Returns 0 or a negative errno. */
int side_records_open(struct side_records *records, const struct side sides[2], const char *file_a,
		      const char *file_b, struct error *err);

/* side_records_add - @side: 0 or 1; @variant: which of that side's */
void side_records_add(struct side_records *records, int side, size_t variant,
		      const struct suite_result *result);

/*
 * side_records_end - both files are written, and what is in them is read as if they were.
 * @results: point into @records; those of a side that was not read are as they were
 * Returns 0 or a negative errno.
 */
int side_records_end(struct side_records *records, double seconds, bool interrupted,
		     struct results results[2], void (*complain)(const char *line),
		     struct error *err);

/*
 * side_records_lack - is too little known of a variant? @variants: of the first side; @complain:
 * called with a line for each that has run on one side alone
 */
bool side_records_lack(const struct side_records *records, const struct variants *variants,
		       void (*complain)(const char *line));

void side_records_destroy(struct side_records *records);

#endif
