/* What does another program say? Git, Slurm's commands: run by name, without a shell. */
#ifndef KTSTR_UTIL_TOOL_H
#define KTSTR_UTIL_TOOL_H

#include <stddef.h>

#include "util/error.h"

struct tool {
	const char *const *argv;      /* argv[0] as PATH has it */
	const char *folder;	      /* where it runs */
	const char *const *variables; /* "K=V", NULL-terminated; or NULL */
	int cancel_fd;		      /* it is ended when this is readable; -1: never */
	size_t most;		      /* of each stream so many bytes are read */
};

struct tool_said {
	int status;	    /* its exit status, or 128 + the signal that ended it */
	char *out, *errors; /* what it wrote, each with a NUL behind; owned */
};

/*
 * tool_run - wait for it; it has no standard input, and no signals blocked.
 * Returns 0, also where it failed; what process_run returns, -ENOENT among it: there is none of
 * that name; -ENOMEM; with a message. @said: to be destroyed in either case
 */
int tool_run(const struct tool *tool, struct tool_said *said, struct error *err);
void tool_said_destroy(struct tool_said *said);

#endif
