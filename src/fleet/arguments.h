/* Which words for sbatch does a user give, and do they leave a job what it is? */
#ifndef KTSTR_FLEET_ARGUMENTS_H
#define KTSTR_FLEET_ARGUMENTS_H

#include <stddef.h>

#include "util/error.h"

#define ARGUMENTS_MOST 48

struct arguments {
	const char *words[ARGUMENTS_MOST]; /* they point into @text */
	size_t count;
	char *text; /* owned */
};

/*
 * arguments_read - the words of @line, as entry/words.h parts them.
 * Returns 0, -ENOMEM, or -EINVAL with the word: an array or a cluster, which `test` has to know, a
 * word that is no option, which sbatch would run in the place of the batch script, or too many.
 * On failure there is nothing to destroy.
 */
int arguments_read(const char *line, struct arguments *arguments, struct error *err);
void arguments_destroy(struct arguments *arguments);

#endif
