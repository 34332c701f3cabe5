/*
 * Which lines does the user mean? A glob for a whole line, or /an extended regular expression/ for
 * a part of one.
 */
#ifndef KTSTR_UTIL_PATTERN_H
#define KTSTR_UTIL_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* The longest text of a pattern. */
#define PATTERN_MAX 512

struct pattern {
	char *text; /* as it was given; owned; NULL: there is none */
	regex_t regex;
};

/*
 * pattern_parse - "*starved*": * is any text, ? any character, [a-z] one of a set, [!a-z] one that
 * is not, \ takes the next character as it is; "/starv(ed|ing)/". Lines can be as hostile as a
 * guest: so that none takes long to match, back-references and counted repeats are refused.
 * @what: of the message
 * Returns 0, -EINVAL with a message that says what would be right, -ENOMEM. @out is only written on
 * success, and then to be freed.
 */
int pattern_parse(const char *what, const char *text, struct pattern *out, struct error *err);

/* @line: without its newline */
bool pattern_matches(const struct pattern *pattern, const char *line);

/* Also of zeros. */
void pattern_free(struct pattern *pattern);

/* A list of patterns, of which a line is to match any. Zeros: an empty one. */
struct patterns {
	struct pattern *items; /* owned */
	size_t count;
};

/* As pattern_parse. */
int patterns_add(struct patterns *patterns, const char *what, const char *text, struct error *err);
bool patterns_match(const struct patterns *patterns, const char *line);
void patterns_free(struct patterns *patterns);

#endif
