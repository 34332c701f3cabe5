/*
 * Which files are tests? A file that is named is one; in a folder, with all below it, scripts that
 * carry a directive and what has a NAME.ktstr beside it. Links to files are followed, links to
 * folders are not.
 */
#ifndef KTSTR_SUITE_LOAD_H
#define KTSTR_SUITE_LOAD_H

#include <stddef.h>

#include "entry/test.h"
#include "util/error.h"

struct tests {
	struct test *list;
	size_t count;
};

/*
 * Of a file that is named the test's name is the file's without its suffix; in a folder it has the
 * folders below that one before it: tests/ has "fair" and "sub/fair".
 *
 * tests_load - from the paths, in their order, a folder's sorted by name. Hidden files are left
 * out, a file that is there twice is loaded once.
 * @complain: called for each that cannot be, with its message; the others are loaded all the same.
 * Also for the second of a name: it is in the list, so that who looks a name up sees both.
 * Returns how many were complained of, or a negative errno with a message (-ENOENT: no test at
 * all).
 */
int tests_load(const char *const *paths, struct tests *tests, void (*complain)(const char *line),
	       struct error *err);
void tests_destroy(struct tests *tests);

#endif
