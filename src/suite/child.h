/*
 * How does a process of the suite's own begin, and what comes back from it? Forked before there are
 * any threads: what goes wrong in it, a crash or the host's out-of-memory killer, is one variant's
 * error and nobody else's. What it has to say comes through a socket, up to its end.
 */
#ifndef KTSTR_SUITE_CHILD_H
#define KTSTR_SUITE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct child {
	pid_t pid;
	int fd;	      /* readable when there is news; -1: there is no process */
	int files[2]; /* that it handed over, ours until child_end; -1: none yet */
	char *bytes;  /* all other that came, with a NUL behind it; NULL: none */
	size_t used;
	uint64_t begin_ns;
};

/* What a child does: @fd is the socket, @signal_fd readable when it is to end. It ends by
 * returning. */
typedef void (*child_fn)(int fd, int signal_fd, const void *data);

/*
 * child_start - @what: for messages, "a variant". The child has no terminal, nothing on its
 * standard streams, and ends with us. Returns 0 or a negative errno with a message.
 */
int child_start(struct child *child, const char *what, child_fn work, const void *data,
		struct error *err);

/* child_read - take what is there. Returns 1 at its end: child_end is next; else 0. */
int child_read(struct child *child);

/* child_end - wait for the process, give all back. Returns its status, as waitpid has it. */
int child_end(struct child *child);

/*
 * child_send_files - in the child: two open files for whoever looks at @files. They are copies;
 * that they do not arrive is no error, since nobody may be there any more.
 */
void child_send_files(int fd, int first, int second);

#endif
