/* Which results does a suite's text list at its end? See kept.h. */
#include "suite/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kept_init(struct kept *kept, size_t most, struct error *err)
{
	*kept = (struct kept){ .list = calloc(most + 1, sizeof(*kept->list)) };
	return kept->list ? 0 : error_set(err, -ENOMEM, "out of memory");
}

void kept_destroy(struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++) {
		free((char *)kept->list[i].name);
		free((char *)kept->list[i].cause);
		free((char *)kept->list[i].replay);
	}
	free(kept->list);
	*kept = (struct kept){ 0 };
}

void kept_add(struct kept *kept, const struct suite_result *result, const char *name)
{
	struct suite_result *copy = &kept->list[kept->count++];

	*copy = *result;
	copy->name = strdup(name);
	copy->cause = strdup(result->cause ? result->cause : "");
	copy->replay = strdup(result->replay ? result->replay : "");
	copy->detail = copy->output = copy->topology = copy->kernel = NULL;
	copy->start = copy->folder = copy->dump = copy->trace = NULL;
	copy->metrics = NULL;
	copy->host_took = NULL;
}
