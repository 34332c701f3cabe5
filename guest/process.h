/* How does a program start, and how does all that it left behind end? */
#ifndef KTSTR_GUEST_PROCESS_H
#define KTSTR_GUEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process_spec {
	char *const *argv; /* argv[0] is the path */
	char *const *envp;
	const char *cwd; /* NULL: stay; made when missing */
	int out, err;	 /* its standard output and error; stay the caller's */
	int in;		 /* its standard input, the caller's; -1: /dev/null */
	int terminal;	 /* -1, or its standard input and controlling terminal; the caller's */
};

/*
 * process_spawn - in a session of its own, with @in, @terminal or /dev/null as standard input,
 * every signal at its default and none blocked, an OOM score of 0. Returns when the exec has
 * succeeded or failed. Returns 0 with @pid, or the negative errno of the step that failed, with one
 * line in
 * @why.
 */
int process_spawn(const struct process_spec *spec, pid_t *pid, char *why, size_t why_size);

/*
 * process_kill_all - SIGKILL to every process but init, the kernel's own and the session @spare (0:
 * none). Complete also against a program that forks without end.
 * @proc: a descriptor of /proc
 */
void process_kill_all(int proc, pid_t spare);

/*
 * process_go_on - SIGCONT to the process group that the spared session began with
 * A child that is just being forked inherits the SIGSTOP of process_kill_all. A SIGCONT sent
 * meanwhile is lost: the kernel drops what the parent ignores, as it does by default, before it is
 * noted for the child (prepare_signal in kernel/signal.c). So it is sent again for as long as the
 * session's end is waited for.
 */
void process_go_on(pid_t session);

/* process_any_left - is there still one of those, be it a zombie? */
bool process_any_left(int proc, pid_t spare);

#endif
