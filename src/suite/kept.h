/* Which results does a suite's text list at its end, when all else of them is gone? */
#ifndef KTSTR_SUITE_KEPT_H
#define KTSTR_SUITE_KEPT_H

#include <stddef.h>

#include "report/suite.h"
#include "util/error.h"

struct kept {
	struct suite_result *list; /* for suite_text_end: what it reads, copied, and no more */
	size_t count;
};

/* kept_init - with room for @most. Returns 0 or -ENOMEM; to be destroyed in either case. */
int kept_init(struct kept *kept, size_t most, struct error *err);
void kept_destroy(struct kept *kept);

/* kept_add - @name: that it is to have in the list */
void kept_add(struct kept *kept, const struct suite_result *result, const char *name);

#endif
