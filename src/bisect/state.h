/*
 * What was seen so far, so that a bisection goes on after an interruption? A file of JSON lines to
 * which each observation is appended: a first line that says what is looked for, then one for each
 * build and each run.
 */
#ifndef KTSTR_BISECT_STATE_H
#define KTSTR_BISECT_STATE_H

#include <limits.h>
#include <stddef.h>

#include "bisect/git.h"
#include "util/error.h"

enum observed {
	OBSERVED_BUILT,
	OBSERVED_UNBUILDABLE,
	OBSERVED_GOOD,
	OBSERVED_BAD,
	OBSERVED_SKIP,
};

struct observation_line {
	char commit[GIT_NAME_SIZE];
	enum observed what;
	int status; /* of the command */
	double seconds;
};

/* What another bisection must not go on with. */
struct bisect_subject {
	const char *good, *bad;	  /* full names */
	const char *build, *test; /* commands, on one line; @build: or "" */
};

struct bisect_state {
	int fd; /* locked; -1: not open */
	char path[PATH_MAX];
};

typedef int (*bisect_state_fn)(void *data, const struct observation_line *line, struct error *err);

/*
 * bisect_state_open - FOLDER/observations.jsonl, made with the folder when missing; @seen is called
 * for each observation that is in it. A last line that a crash has cut off, also the first one, and
 * what lies behind a NUL are removed.
 * Returns 0; -EBUSY: another bisection uses it; -EINVAL: it is of another subject, or a line of it
 * is none of ours; what @seen returns; or another negative errno, each with a message.
 */
int bisect_state_open(struct bisect_state *state, const char *folder,
		      const struct bisect_subject *subject, bisect_state_fn seen, void *data,
		      struct error *err);
void bisect_state_close(struct bisect_state *state);

/* bisect_state_add - in one write. */
int bisect_state_add(struct bisect_state *state, const struct observation_line *line,
		     struct error *err);

/*
 * bisect_state_parse - one line, hostile. Returns 0; -EINVAL with a message: it is none of ours.
 */
int bisect_state_parse(const char *text, size_t length, struct observation_line *line,
		       struct error *err);

#endif
