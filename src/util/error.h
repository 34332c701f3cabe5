/*
 * How does a function say what went wrong? It returns a negative errno and leaves one full
 * sentence in a struct error; only main and the commands print it and exit.
 */
#ifndef KTSTR_UTIL_ERROR_H
#define KTSTR_UTIL_ERROR_H

#include <stddef.h>

/* Longest message kept; what is longer is cut, never overrun. */
#define ERROR_TEXT_SIZE 1024

struct error {
	char text[ERROR_TEXT_SIZE]; /* NUL-terminated, no trailing newline; "" while nothing failed
				     */
};

/*
 * error_set - leave a message and return @code, so that `return error_set(err, -EINVAL, ...)` reads
 * as one step.
 * @err:  where to leave the text; may be NULL when the caller wants only the code
 * @code: a negative errno
 *
 * The text says what was tried, on what, why it failed and what to do:
 * "kernel '/boot/x': not a bzImage (no \"HdrS\" at 0x202); give a bzImage or an uncompressed
 * vmlinux"
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* error_prefix - put "<prefix>: " before the message that is there already; returns @code. */
int error_prefix(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
