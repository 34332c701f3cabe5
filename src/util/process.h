/* How is one of the user's commands, or git, run and waited for, so that the user can end it? */
#ifndef KTSTR_UTIL_PROCESS_H
#define KTSTR_UTIL_PROCESS_H

#include "util/error.h"

struct process {
	const char *const *argv;      /* argv[0] as PATH has it */
	const char *folder;	      /* where it runs */
	int out_fd, err_fd;	      /* its standard streams; its input is empty */
	int cancel_fd;		      /* readable when it is to end; -1: never */
	const char *const *variables; /* "K=V", NULL-terminated; or NULL */
};

/*
 * process_run - git's own variables (GIT_DIR and the like) are taken from its environment: they
 * would send it to another repository. It has a process group of its own, which is ended when
 * cancel_fd asks for it, and when we are killed: SIGTERM, and SIGKILL for what is left of it after
 * some seconds. What a command leaves behind at its own end goes on.
 * @status: as waitpid has it
 * Returns 0; -EINTR: its group was ended, as cancel_fd asked for, or it ended by itself just then,
 * and nobody knows why; or a negative errno with a message, what exec returns included.
 */
int process_run(const struct process *process, int *status, struct error *err);

#endif
