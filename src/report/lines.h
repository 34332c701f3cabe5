/* Which of the last lines that someone said are to be shown? Walks over the end of a tail. */
#ifndef KTSTR_REPORT_LINES_H
#define KTSTR_REPORT_LINES_H

#include <stddef.h>
#include <stdio.h>

#include "util/tail.h"

struct lines {
	char *text; /* owned */
	const char *at, *end;
	const char *prefix;
	size_t left_out; /* lines that match but come before the last @most */
};

/*
 * lines_begin - the last @most lines that are not empty and begin with @prefix ("": all do). A
 * carriage return ends a line as well. Returns 0 or -ENOMEM; lines_end must follow in both cases.
 */
int lines_begin(struct lines *lines, const struct tail *tail, const char *prefix, size_t most);
const char *lines_next(struct lines *lines); /* NULL after the last */
void lines_end(struct lines *lines);

/* lines_put - a guest's line, printable, and cut so that it stays within 100 columns */
void lines_put(FILE *out, const char *line);

#endif
