/* How is git run, so that nothing but what was asked for takes part? */
#ifndef KTSTR_FETCH_GIT_RUN_H
#define KTSTR_FETCH_GIT_RUN_H

#include "tools/fetch/fetch.h"

/* One bare repository, and the folder to check out to. */
struct git {
	struct fetch *fetch;
	const char *repo; /* absolute */
	const char *tree; /* absolute */
};

struct git_call {
	int input; /* -1: none */
	const char
		*protocols; /* what may be used to reach a server; NULL: this call reaches none */
	const char *what;   /* names the step on a terminal; NULL: it is a short one */
	char *output;	    /* out: stdout when it is not NULL; the caller frees it */
	size_t output_size;
};

/*
 * git_run - git with these arguments (NULL-terminated).
 *
 * Calls that reach a server see the user's own configuration: proxies, certificates,
 * url.*.insteadOf. All others see none: no hooks, filters, templates, attributes of this machine.
 * -EIO and git's own words when it fails.
 */
int git_run(const struct git *git, struct git_call *call, const char *const *args,
	    struct error *err);

#endif
