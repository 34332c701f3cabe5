/* What does `--help` say of a command? Its text of doc/, and the table of options. */
#ifndef KTSTR_MANUAL_HELP_H
#define KTSTR_MANUAL_HELP_H

#include <stdio.h>

#include "command.h"
#include "util/error.h"

/* help_print - the usage text, as plain text. Returns 0, or text_load's errors. */
int help_print(FILE *out, const struct command *command, struct error *err);

#endif
