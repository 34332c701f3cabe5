/* How does a man page come to be? From the tables, and from doc/<command>.txt by hand. */
#ifndef KTSTR_MANUAL_PAGE_H
#define KTSTR_MANUAL_PAGE_H

#include <stdio.h>

#include "command.h"
#include "util/error.h"

/*
 * page_print - ktstr-launch-<command>(1) in roff (man(7)), or ktstr-launch(1) where @command is
 * NULL. Returns 0, or text_load's errors.
 *
 * The text by hand: "# NAME" begins a section, "= TERM" an entry of a list, four blanks a line that
 * stays as it is; an empty line ends a paragraph; `words` are set in bold.
 */
int page_print(FILE *out, const struct command *command, struct error *err);

#endif
