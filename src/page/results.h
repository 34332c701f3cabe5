/*
 * What does a page show of a suite? The lines of `test --json` (report/suite_json.c), and of what
 * failed all that failure.h gathers.
 */
#ifndef KTSTR_PAGE_RESULTS_H
#define KTSTR_PAGE_RESULTS_H

#include "page/page.h"
#include "results/results.h"

/*
 * What the failures of one page may take: so many of them, and bytes of their traces, packed. Those
 * beyond are in the matrix, with the reason why there is no more of them.
 */
#define RESULTS_MAX_FAILURES 300
#define RESULTS_MAX_TRACES   (48u << 20)

/*
 * results_add - the results of a suite, and the failures that they name
 * @folder: where dumps are looked for first, with a slash at its end, or "". Of those that lie
 * neither below it nor below the current folder none is opened. NULL: the results are of this
 * process itself, and their dumps are opened wherever they are.
 * @suite: for page_write, owned by the caller
 * Returns 0; -EBADMSG: a line with a field that the page shows and cannot; -ENOMEM.
 */
int results_add(struct page *page, const struct results *results, const char *folder,
		struct json_object **suite, struct error *err);

#endif
