/* How does a shell complete our words? A script: tables that are made here, then doc/completion.*.
 */
#ifndef KTSTR_MANUAL_COMPLETION_H
#define KTSTR_MANUAL_COMPLETION_H

#include <stdio.h>

#include "util/error.h"

/* "bash", ... ; NULL behind the end. */
extern const char *const completion_shells[];

/* Returns 0, -EINVAL for a shell that is not known, or text_load's errors. */
int completion_print(FILE *out, const char *shell, struct error *err);

#endif
