/*
 * What have the runs of a suite measured until now? A history: a file that only grows, by one line
 * for each run (report/suite_history.c), with any number of writers at once. Anybody may have
 * written it: what it says is checked, and printed only by what makes it printable.
 *
 * A writer that dies may leave a line that is cut off. The next one begins a new line, and readers
 * pass it over.
 */
#ifndef KTSTR_RESULTS_HISTORY_H
#define KTSTR_RESULTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "report/suite.h"
#include "results/results.h"
#include "util/error.h"

/* In bytes: of a line; and what is read, from the end. */
#define HISTORY_MAX_LINE ((size_t)64 << 20)
#define HISTORY_MAX_READ ((size_t)256 << 20)

/* Runs that the newest one may be compared with. */
#define HISTORY_MAX_RUNS 1000

/*
 * history_check - could a run be appended to the file @path? It is made, empty, where there is
 * none. Returns 0; -EINVAL: it holds something else, or is no regular file; -ETIMEDOUT: others hold
 * its lock for more than ten seconds; what open, read and flock return; each with the path.
 *
 * history_append - @line: of @size bytes, with its newline, as suite_history writes it. It goes
 * there whole, and never between the parts of another one; where it cannot be written, the file is
 * as before.
 * Returns 0, what history_check returns, -EFBIG, or what write returns.
 *
 * history_append_once - likewise, of a run that may be there already, as it is told from files.
 * Returns also -EALREADY: one with these very results is, in the last HISTORY_MAX_LINE bytes.
 */
int history_check(const char *path, struct error *err);
int history_append(const char *path, const char *line, size_t size, struct error *err);
int history_append_once(const char *path, const char *line, size_t size, struct error *err);

struct history {
	/* Their items have no line. @before: of the runs before the newest, the newer ones first */
	struct results newest, before;
	unsigned int runs;	  /* whose results are in @before */
	unsigned int interrupted; /* of these */
	unsigned int cut_off;	  /* lines that were passed over, of those that were read */
	bool lacks_last;	  /* the last line is one of them: a run newer than @newest */
	char newest_time[SUITE_TIME_SIZE];
	char first_time[SUITE_TIME_SIZE], last_time[SUITE_TIME_SIZE]; /* of @runs */
};

/*
 * history_read - the newest run, and of each of its variants the results of the last @most runs
 * before it that tell something of it (outcome_tells), within HISTORY_MAX_READ. Of the last whole
 * run that shares a variant with the newest those of all variants, so that one that has vanished is
 * seen. Of the newest run all results, its planned and its interrupted.
 * Returns 0; -ENODATA: it has no run, the newest tells nothing, or none before it tells something
 * of one of its variants; -EBADMSG: what is wrong with which line, counted from the end; what
 * input_tail and flock return; each with the path. On failure there is nothing to destroy.
 *
 * history_parse - likewise of @size bytes at @text, which need not stay
 */
int history_read(const char *path, unsigned int most, struct history *history, struct error *err);
int history_parse(const char *text, size_t size, unsigned int most, struct history *history,
		  struct error *err);
void history_destroy(struct history *history);

/* history_lock - inner part: @kind of flock on @fd, within ten seconds. */
int history_lock(int fd, int kind, const char *path, struct error *err);

#endif
