/*
 * How is the commit looked for? Choose one, build it, run the test, learn from it, until it is sure
 * enough. The user's working tree is never touched: all happens in one of our own, in the state
 * folder, beside what was observed and the logs.
 */
#ifndef KTSTR_BISECT_SEARCH_H
#define KTSTR_BISECT_SEARCH_H

#include <limits.h>

#include "bisect/git.h"
#include "bisect/model.h"
#include "bisect/state.h"

struct bisect_wish {
	const char *repository; /* a folder of it */
	const char *good, *bad; /* as the user calls them */
	const char *build;	/* a line for sh; NULL: nothing is to be built */
	const char *const *test;
	const char *folder; /* of the state; NULL: in the repository's .git, named by both ends */
	double confidence;  /* when it is sure enough */
	double false_positive;
	double build_cost;     /* in runs; negative: as measured */
	unsigned int max_runs; /* in all */
	bool first_parent;
	int cancel_fd;
	void (*say)(const char *line); /* of each step; NULL: not */
};

/* What something took. */
struct bisect_time {
	unsigned int count;
	double seconds;
};

struct bisect_search {
	struct bisect_wish wish;
	struct git git;
	char good[GIT_NAME_SIZE], bad[GIT_NAME_SIZE];
	char folder[PATH_MAX], tree[PATH_MAX + 8];
	struct git_history history;
	struct bisect_model model;
	struct bisect_state state;
	unsigned int *skips;	 /* of each commit; in a row, while it is not untestable */
	unsigned int *all_skips; /* of each commit */
	size_t built;		 /* what lies in our tree; BISECT_NONE: not known */
	struct bisect_time builds, runs;
	unsigned int resumed; /* runs that were in the state folder */
	bool odd_status;      /* that was warned of */
};

/* How it ended. */
enum bisect_end {
	BISECT_FOUND,
	BISECT_OUT_OF_RUNS,
	BISECT_NOTHING_TO_TELL, /* no commit that can be tested would tell more */
};

/*
 * bisect_search_open - read the history and what was seen of it before.
 * Returns 0 or a negative errno with a message; destroy it in either case.
 */
int bisect_search_open(struct bisect_search *search, const struct bisect_wish *wish,
		       struct error *err);
void bisect_search_destroy(struct bisect_search *search);

/*
 * bisect_search_go - Returns an enum bisect_end; -EINTR: cancel_fd, the same call goes on later;
 * -ECANCELED: the test or the build ended with a status or a signal that ends a bisection, and
 * that is not recorded; or another negative
 * errno, each with a message.
 */
int bisect_search_go(struct bisect_search *search, struct error *err);

#endif
