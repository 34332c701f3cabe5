/* How is another program run, so that it ends when we do? */
#ifndef KTSTR_FETCH_CHILD_H
#define KTSTR_FETCH_CHILD_H

#include <stddef.h>

#include "tools/fetch/progress.h"
#include "util/error.h"

/* The last words on stderr that are kept for a message. */
#define CHILD_WORDS 640

struct child {
	const char *const *argv; /* NULL-terminated; argv[0] is looked for in PATH */
	char *const *envp;
	int input;		   /* its stdin, -1: /dev/null */
	struct progress *progress; /* shows what it says of its progress; NULL: nobody */
	const char *what;	   /* for that line */
	char *output;		   /* out: its stdout, with a NUL after it; the caller frees it */
	size_t output_size;
	char words[CHILD_WORDS]; /* out: the last lines of its stderr, joined by "; " */
};

/*
 * child_run - start it and wait for its end.
 * Returns 0, also when it fails: *@status is its exit status, or 128 + N. -EINTR when a signal
 * came: it and its children have ended then. -EFBIG when it prints too much.
 *
 * It is in a session of its own, without a terminal, and dies when we do, however that comes.
 */
int child_run(struct child *child, int *status, struct error *err);

#endif
