/*
 * What of a trace's file goes onto a page? Its columns as blocks, the last part of a large one
 * first; with the marks that it lacks and the dump of its run has.
 */
#ifndef KTSTR_PAGE_TRACED_H
#define KTSTR_PAGE_TRACED_H

#include "page/page.h"

/*
 * traced_add - the trace in the file @path
 * @room: bytes of base64 that the page's blocks may have in all; SIZE_MAX: the page is of this
 * trace
 * @dump: of the run that was traced, an object; or NULL
 *
 * Returns what page.h says of columns, owned by the caller; or NULL with the reason.
 */
struct json_object *traced_add(struct page *page, const char *path, size_t room,
			       struct json_object *dump, struct error *why);

#endif
