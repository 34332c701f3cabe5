/* How is a result told again that another process has told, in a file that lies elsewhere? */
#ifndef KTSTR_RESULTS_RETOLD_H
#define KTSTR_RESULTS_RETOLD_H

#include "report/suite.h"
#include "results/results.h"
#include "util/error.h"

/* All zeros at the start. */
struct retold {
	struct suite_result result;  /* its texts are those of what stands below */
	struct json_object *line;    /* owned: all that the file says of it */
	struct metrics metrics;	     /* owned */
	char *folder, *dump, *trace; /* owned; or NULL */
};

/*
 * retold_make - the paths of artefacts are made to lead to them: in @retold->result from the
 * current folder on, in its JSON line from @json_folder on. Where an artefact is looked for: from
 * @path's folder on, in that folder (whoever collects result files copies artefacts beside them),
 * and as it was said. What is nowhere stays as it was said.
 * @item: to be kept as long; @path: its file; @json_folder: absolute
 * Returns 0 or -ENOMEM. @retold: to be destroyed in either case
 */
int retold_make(const struct results_item *item, const char *path, const char *json_folder,
		struct retold *retold, struct error *err);
void retold_destroy(struct retold *retold);

/* retold_locate - where the artefact @said of the file @path lies. Owned by the caller; NULL: out
 * of memory. */
char *retold_locate(const char *said, const char *path);

/* retold_relative - @path, which is there, from the absolute @folder on; absolute where the two
 * have nothing in common. Owned by the caller; NULL: out of memory. */
char *retold_relative(const char *path, const char *folder);

#endif
