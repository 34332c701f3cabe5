/* What may be sent to a terminal, and what only there? */
#ifndef KTSTR_UTIL_TERMINAL_H
#define KTSTR_UTIL_TERMINAL_H

#include <stdbool.h>

/*
 * terminal_wants_colour - only on a terminal, not on one that is dumb, and not where NO_COLOR is
 * set (https://no-color.org: the variable counts when it is not empty).
 */
bool terminal_wants_colour(int fd);

/* The one table of colours: SGR sequences of ECMA-48, section 8.3.117. */
#define TERMINAL_GOOD  "\033[1;32m" /* bold green */
#define TERMINAL_BAD   "\033[1;31m" /* bold red */
#define TERMINAL_MIND  "\033[1;33m" /* bold yellow: neither, but look */
#define TERMINAL_PLAIN "\033[0m"

/* Back to the line's start, and all of it cleared (ECMA-48, EL). */
#define TERMINAL_CLEAR_LINE "\r\033[K"

#endif
