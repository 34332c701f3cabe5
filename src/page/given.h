/* What did the user give to `report`, and what page does it make? */
#ifndef KTSTR_PAGE_GIVEN_H
#define KTSTR_PAGE_GIVEN_H

#include <limits.h>

#include "page/page.h"

/*
 * given_gather - the folder of a run, a failure dump, a result file, the JSON lines of a suite, or
 * a trace: which of them is seen from what is in it
 * @title: of the page; @file: where the page goes when nobody says otherwise, beside what was given
 * @suite: for page_write, or NULL; the caller puts it
 * Returns 0, or a negative errno with a message that names the path.
 */
int given_gather(struct page *page, const char *path, char title[NAME_MAX + 64],
		 char file[PATH_MAX], struct json_object **suite, struct error *err);

#endif
