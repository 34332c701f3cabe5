/* What may be sent to a terminal, and what only there? */
#ifndef KTSTR_UTIL_TERMINAL_H
#define KTSTR_UTIL_TERMINAL_H

#include <stdbool.h>

/*
 * terminal_wants_colour - only on a terminal, not on one that is dumb, and not where NO_COLOR is
 * set (https://no-color.org: the variable counts when it is not empty).
 */
bool terminal_wants_colour(int fd);

#endif
