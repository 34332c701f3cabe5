/*
 * How does what runs in the guest, and what it shares with the launcher, say what went wrong? It
 * returns a negative errno and leaves one sentence here; only main prints it.
 */
#ifndef KTSTR_TRACE_FAILURE_H
#define KTSTR_TRACE_FAILURE_H

struct failure {
	char text[512]; /* NUL-terminated, no newline */
};

/* Leaves the text (when @failure is not NULL) and returns @code, a negative errno. */
int failure_set(struct failure *failure, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
