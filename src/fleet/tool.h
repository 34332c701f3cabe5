/* What does another program say? Slurm's commands: run by name, without a shell. */
#ifndef KTSTR_FLEET_TOOL_H
#define KTSTR_FLEET_TOOL_H

#include "util/error.h"

struct tool_said {
	int status;	    /* its exit status, or 128 + the signal that ended it */
	char *out, *errors; /* what it wrote, at most TOOL_MOST of each; owned */
};

#define TOOL_MOST ((size_t)64 << 20)

/*
 * tool_run - wait for it; it has no standard input, and no signals blocked.
 * @cancel_fd: it is ended when this is readable; -1: never
 * Returns 0, also where it failed; -ENOENT: there is none of that name; -EINTR: it was ended; and
 * what fork and the like return, with a message. @said: to be destroyed in either case
 */
int tool_run(const char *const *argv, int cancel_fd, struct tool_said *said, struct error *err);
void tool_said_destroy(struct tool_said *said);

#endif
