/*
 * How are many variants run? As many at once as the host holds, each in a process of its own; their
 * results go to whoever listens as they come.
 */
#ifndef KTSTR_SUITE_SUITE_H
#define KTSTR_SUITE_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/suite.h"
#include "suite/schedule.h"
#include "suite/stream.h"
#include "suite/variants.h"
#include "suite/worker.h"

struct suite_listener {
	void *data;
	/* One variant has had its turn; @result's strings live until this returns. */
	void (*result)(void *data, const struct variant *variant,
		       const struct suite_result *result);
	/* Need no more rounds of it be run? Asked after a result of it; NULL: all are run. */
	bool (*enough)(void *data, const struct variant *variant);
	/* A line that a variant's test printed, on either stream; NULL: nobody wants them. */
	void (*line)(void *data, const struct variant *variant, const char *line, size_t length);
	/* Something that the user may want to know, one line. */
	void (*note)(void *data, const char *line);
	/* About twice a second, and after each result. */
	void (*progress)(void *data, const struct suite_progress *progress);
};

/*
 * suite_run - @fail_fast: start no more once one is bad. @signal_fd: a signalfd; a signal ends it
 * all within two seconds.
 * @counts: what came of them, also of those that had no turn; rounds that were not needed any more
 * are not planned
 * Returns 0 when all had their turn, the signal's number (> 0) when one ended it, or a negative
 * errno.
 */
int suite_run(const struct variants *variants, const struct bases *bases,
	      const struct worker_settings *settings, const struct suite_limits *limits,
	      bool fail_fast, int signal_fd, const struct suite_listener *listener,
	      struct suite_counts *counts, struct error *err);

#endif
