/* Which result files are meant by a folder? */
#ifndef KTSTR_RESULTS_GATHER_H
#define KTSTR_RESULTS_GATHER_H

#include <stddef.h>

#include "util/error.h"

struct gathered {
	char **paths; /* owned */
	size_t count;
};

/*
 * gather_results - @path itself where it is a file; of a folder, with all below it and sorted by
 * name, the files *.json and *.jsonl that begin as `test --json` begins them: artefacts lie there
 * as well. @gathered: they come to those that are there
 * @note: called with a line for each that is empty, as one is that was cut off at once
 * Returns 0; -ENOENT: the folder has none; what stat and opendir return, with the path.
 */
int gather_results(const char *path, struct gathered *gathered,
		   void (*note)(void *data, const char *line), void *data, struct error *err);
void gathered_destroy(struct gathered *gathered);

#endif
