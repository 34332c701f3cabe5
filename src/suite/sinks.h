/* Where do the reports of a suite go, beside the text for people? */
#ifndef KTSTR_SUITE_SINKS_H
#define KTSTR_SUITE_SINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/suite.h"
#include "util/output_file.h"

/* One report. */
struct sink {
	struct suite_writer writer;
	struct output_file file;
	FILE *out;
	const char *history; /* the file to which @line is appended, and not @file; or NULL */
	bool once;	     /* but not where it is there already */
	char *line;	     /* of @size bytes, when @out is closed */
	size_t size;
	char failed[ERROR_TEXT_SIZE]; /* "" or why it is not whole */
};

struct sinks {
	struct sink list[5];
	size_t count;
	bool use_stdout; /* one of them does: no text may go there */
};

/* What the user asked for; paths as for output_file_open, NULL: none. */
struct sinks_wish {
	bool tap, ktap; /* on standard output */
	bool open;	/* there may be less results than are planned */
	const char *junit, *json, *html;
	const char *history; /* a file that the run is appended to (results/history.h); or NULL */
	bool retold;	     /* a run of before, which may have been appended already */
};

/*
 * sinks_check - do they go together? Of all that would use standard output only one can, and one
 * file takes one report. Returns 0 or -EINVAL with a message.
 */
int sinks_check(const struct sinks_wish *wish, struct error *err);

/* sinks_use_stdout - would one of them write there? */
bool sinks_use_stdout(const struct sinks_wish *wish);

/*
 * sinks_try - could the files be written? For whoever opens them much later. Nothing is replaced.
 * Returns 0, or what output_file_open returns, with a message.
 */
int sinks_try(const struct sinks_wish *wish, struct error *err);

/*
 * sinks_open - begin all reports, for @planned variants. @part: as suite_begin_part has it. On
 * error none is left, and nothing was replaced.
 */
int sinks_open(struct sinks *sinks, const struct sinks_wish *wish, unsigned int planned,
	       const struct suite_part *part, struct error *err);

/* sinks_rate - behind all results. */
void sinks_rate(struct sinks *sinks, const struct suite_rate *rate);

/* sinks_add - one result. What cannot be written is said by sinks_end, once. */
void sinks_add(struct sinks *sinks, const struct suite_result *result);

/*
 * sinks_end - end the reports and give the files their names, also of a suite that was interrupted.
 * @complain: called with a line for each report that is not whole; the file that was there before
 * it stays. Returns how many.
 */
unsigned int sinks_end(struct sinks *sinks, const struct suite_counts *counts, double seconds,
		       bool interrupted, void (*complain)(const char *line));

/* sinks_abandon - drop what has no end; fine at any time. */
void sinks_abandon(struct sinks *sinks);

#endif
