/* How is another program run, so that it ends when we do? */
#ifndef KTSTR_FETCH_CHILD_H
#define KTSTR_FETCH_CHILD_H

#include <stddef.h>

#include "tools/fetch/run.h"

/* The last words on stderr that are kept for a message. */
#define CHILD_WORDS 640

struct child {
	const char *const *argv; /* NULL-terminated; argv[0] is looked for in PATH */
	const char *const *env;	 /* NAME=VALUE on top of our own, NULL-terminated */
	const char *what;	 /* names the step on a terminal; NULL: it is a short one */
	long first_word_s;	 /* it is ended when it says nothing for so long; 0: never */
	int status;		 /* out: its exit status, or 128 + N */
	char *output;		 /* out: its stdout, with a NUL after it; the caller frees it */
	size_t output_size;
	char words[CHILD_WORDS]; /* out: the last lines of its stderr, joined by "; " */
};

/*
 * child_run - start it and wait for its end. Returns 0 also when it fails: child->status. When a
 * signal came (-EINTR), no first word did (-ETIMEDOUT) or it prints too much (-EFBIG), it and its
 * children have ended.
 *
 * It is in a session of its own, without a terminal, and dies when we do, however that comes.
 */
int child_run(struct run *run, struct child *child, struct error *err);

#endif
