/*
 * What does a page show of one failure? Its dump, and what lies beside it: the repro VM's dump, the
 * traces, what the payload printed. What is not there leaves the reason.
 */
#ifndef KTSTR_PAGE_FAILURE_H
#define KTSTR_PAGE_FAILURE_H

#include "page/page.h"

/* A dump has some hundred KiB. */
#define FAILURE_MAX_DUMP  (256u << 20)
/* What the built-in tracer writes of 16 million events, which is the most that is decoded. */
#define FAILURE_MAX_TRACE (2048ull << 20)

/*
 * failure_add_dump - a failure dump, or a result file, whose schema version must be ours
 * @variant: the name of a suite's variant, whose test it must be of; NULL: any
 * @trace_room: bytes of base64 that the page's blocks may have in all: a trace beyond it is left
 * out, with that reason
 *
 * Its traces are looked for beside it, by the names that it says and by its own.
 *
 * Returns 0; -EBADMSG: it is neither, cut off, not whole, of another version or of another test;
 * what input_read returns.
 */
int failure_add_dump(struct page *page, const char *path, const char *variant, size_t trace_room,
		     struct error *err);

/* failure_add_trace - a trace alone; one that cannot be read is an error here. */
int failure_add_trace(struct page *page, const char *path, struct error *err);

#endif
