/*
 * Which variants were bad the last time? A file in the output folder, a line each: its name, a tab,
 * its test's path. Suites that end at once add to it one after the other.
 */
#ifndef KTSTR_SUITE_LAST_FAILED_H
#define KTSTR_SUITE_LAST_FAILED_H

#include <stddef.h>

#include "report/suite.h"
#include "suite/variants.h"
#include "util/error.h"

struct last_failed {
	char **names; /* NULL-terminated; NULL: none was read */
	char **paths; /* of each, their tests'; "": not known (an older launcher's list) */
	char *text;   /* that they point into */
};

/*
 * last_failed_read - what --failed is about, from the file in @folder. Tests whose file is gone are
 * left out.
 * Returns 0; -ENODATA when nothing failed, or what fopen returns, with a message.
 */
int last_failed_read(struct last_failed *last, const char *folder, struct error *err);

void last_failed_destroy(struct last_failed *last);

/*
 * last_failed_write - a name leaves the list when it has run and was as it should be; what did not
 * run is remembered as it was, so that a replay of one test does not forget the others, unless its
 * test's file is gone. The file is replaced as a whole or not at all; where there is none, a suite
 * that went well leaves none.
 * @results, @variants: @count of each
 * Returns 0 or a negative errno, with a message.
 */
int last_failed_write(const char *folder, const struct suite_result *results,
		      const struct variant *const *variants, size_t count, struct error *err);

#endif
