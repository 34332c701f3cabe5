/* Which lines come in a stream that arrives in pieces? Of any length; each is kept up to a bound.
 */
#ifndef KTSTR_UTIL_LINE_SPLIT_H
#define KTSTR_UTIL_LINE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* Of one line, with its NUL; the rest is cut. */
#define LINE_SPLIT_SIZE 1024

struct line_split {
	char line[LINE_SPLIT_SIZE]; /* NUL-terminated, when line_split_next has returned true */
	size_t used;
};

/*
 * line_split_next - take bytes up to the first newline; *@bytes and *@count move behind what was
 * taken. NUL bytes become '?'. Returns true when a line has ended: it is in @split->line, until
 * the next call.
 */
bool line_split_next(struct line_split *split, const char **bytes, size_t *count);

/* The same of the current line: no more comes. */
bool line_split_end(struct line_split *split);

#endif
