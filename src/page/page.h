/*
 * How is a page put together, one file that a browser shows without any network? The template
 * (page.html, with script and style inside, a blob of the launcher) with data in it: one JSON
 * object, and blocks that are packed by zlib (RFC 1950) and written as base64 (RFC 4648, 4), each
 * in pieces of PAGE_PIECE characters: "block0", "block0.1", "block0.2" and so on.
 *
 * The JSON object, which js/main.js reads:
 *	format		PAGE_FORMAT; the script knows one
 *	version		the launcher's
 *	title		of the page
 *	failures	list of objects, one where there is no suite
 *	suite		object, or null
 *
 * Of a failure:
 *	name		the test's, or the trace's file
 *	dump		a failure dump or a result as it is, see `ktstr-launch schema`;
 *			null: a trace alone
 *	repro		the dump of the repro VM; null: there is none
 *	repro_absent	why; null where there was no repro either
 *	topology	object: places, a list of {cpu, node, llc, core}, and memory_nodes;
 *			or error, why there is no picture; null: no dump
 *	traces		list of objects, in the order of the runs
 *	output		object: stdout and stderr, each an object of lines (list of texts, the
 *			last ones) and absent (why they are not there; null); null: no dump
 *
 * Of a trace:
 *	title		"first trace", "trace", "repro trace"
 *	file		its name; null: there is none
 *	absent		why it is not shown; null: it is
 *	columns		object, or null
 *
 * Of columns, by columns.c but for the first and the last two:
 *	block		the id of the block that holds them
 *	bytes		unpacked
 *	span_ns		from the first event to the last one or mark
 *	since_ns	of an opening: since when it is complete; what it has of the time before
 *			tells what tasks and CPUs did then; else 0
 *	cpus		list of [number, switches, wake-ups]
 *	pids, names	of the tasks, by their number
 *	mark_ns, mark_names
 *			of the marks, by time
 *	left_out	events before the first one that is in the columns
 *	lost		in how many places events are missing
 *	cut_off		bool: the file ends within a packet
 *	opening		columns of the last part, which are shown until all are unpacked; null: the
 *			trace is small; an opening has neither this nor cut_off
 *
 * Of a suite:
 *	planned		number of variants
 *	counts		object: outcome -> number
 *	seconds		wall time; null: not known
 *	interrupted	bool
 *	cut_off		bool: the results have no end
 *	results		list of what `test --json` says of each, with failure (its place in
 *			failures) or failure_absent (why there is none, where it failed)
 *
 * All of it may be a guest's: the script puts texts into text nodes only, a Content-Security-Policy
 * forbids all other script and any request, and page_escape keeps the JSON within its element.
 */
#ifndef KTSTR_PAGE_PAGE_H
#define KTSTR_PAGE_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "util/error.h"
#include "util/json.h"

#define PAGE_FORMAT 1
#define PAGE_PIECE  (256u << 10) /* of whole base64 groups */

/* One packed block. */
struct page_block {
	char *text; /* base64; owned */
	size_t size;
	bool first; /* it is needed for the first picture: the script stands behind it */
};

struct page {
	struct json_object *failures; /* an array; owned */
	struct page_block *blocks;    /* owned; the N-th has the id "blockN" */
	size_t nr_blocks;
	size_t size; /* of all of them, bytes of base64 */
};

/* Returns 0 or -ENOMEM. page_end ends it in any case. */
int page_begin(struct page *page, struct error *err);
void page_end(struct page *page);

/*
 * page_add_block - pack @size bytes at @data, for the first picture or for what comes behind it
 * @id: of the block, PAGE_ID_SIZE
 * Returns 0 or -ENOMEM.
 */
#define PAGE_ID_SIZE 32
int page_add_block(struct page *page, const void *data, size_t size, bool first, char *id,
		   struct error *err);

/*
 * page_write - all of it to @out, whose errors are the caller's (ferror)
 * @suite: or NULL; stays the caller's
 * Returns 0, -ENOMEM, or -EIO: the template in this launcher is damaged.
 */
int page_write(struct page *page, const char *title, struct json_object *suite, FILE *out,
	       struct error *err);

/* page_begins - whether a file whose first @size bytes are @text is a page; PAGE_BEGIN_SIZE do. */
#define PAGE_BEGIN_SIZE 512
bool page_begins(const char *text, size_t size);

/*
 * page_escape - @size bytes of JSON so that nothing of it ends a script element or begins a comment
 * in it (the HTML Standard, "Restrictions for contents of script elements"), nor ends a line of
 * script: '<', '>', '&', U+2028 and U+2029, which JSON has in strings only, become \u003c and so
 * on.
 */
void page_escape(const char *text, size_t size, FILE *out);

#endif
