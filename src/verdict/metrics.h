/*
 * What did a test measure? The lines that its payload appended to the file named by $KTSTR_METRICS:
 *
 *	NAME VALUE UNIT [lower|higher]
 *
 * with blanks or tabs between the words. NAME: 1 to 64 of A-Z a-z 0-9 _ . : / -. VALUE: a decimal
 * number, finite, "12", "-0.5", "1e-3". UNIT: 1 to 16 printable ASCII characters, "-" for none. The
 * last word says which way is better; without it, neither is. Empty lines are nothing.
 *
 * Each metric has one value: of a name that comes again, the first line counts. A line without its
 * newline was perhaps written in part, and does not count. Of all that does not count there is a
 * warning, which names the line; a warning never changes what became of the test.
 *
 * The lines are a guest's, and may be anything.
 */
#ifndef KTSTR_VERDICT_METRICS_H
#define KTSTR_VERDICT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "../../guest/protocol.h"

/* Of one test. */
#define METRICS_MAX	     512
/* Longest words, with their NUL. */
#define METRICS_NAME_SIZE    65
#define METRICS_UNIT_SIZE    17
#define METRICS_VALUE_SIZE   32
/* Warnings that are kept, each one printable line; a last one tells how many more there were. */
#define METRICS_WARNINGS     9
#define METRICS_WARNING_SIZE 224

enum metrics_better { METRICS_NEITHER, METRICS_LOWER, METRICS_HIGHER };

struct metrics_item {
	char name[METRICS_NAME_SIZE];
	char unit[METRICS_UNIT_SIZE]; /* "": none */
	enum metrics_better better;
	double value;
};

/* All zeros at the start. */
struct metrics {
	struct metrics_item *list; /* owned; in the order in which they were written */
	size_t count;
	char warnings[METRICS_WARNINGS][METRICS_WARNING_SIZE];
	size_t nr_warnings;
	uint64_t warned; /* of them and those that had no room */
};

/*
 * metrics_take - what init or host_job sent: a struct ktstr_file and the file's beginning.
 * @length: within the bounds of the protocol. A lack of memory is a warning, too. Once.
 */
void metrics_take(struct metrics *metrics, const void *frame, size_t length);

/* "lower", "higher", or "" */
const char *metrics_better_name(enum metrics_better better);

/* metrics_value - the shortest text that reads as the same number. @text: METRICS_VALUE_SIZE */
void metrics_value(double value, char *text);

/*
 * metrics_text - all of it as text, from one of our processes to another; owned by the caller.
 * NULL: no memory. metrics_read - take such a text. What is no such line becomes a warning.
 */
char *metrics_text(const struct metrics *metrics);
void metrics_read(struct metrics *metrics, const char *text);

void metrics_destroy(struct metrics *metrics);

#endif
