/* Of which suite is a result file a shard? What its plan line says, checked. */
#ifndef KTSTR_RESULTS_PART_H
#define KTSTR_RESULTS_PART_H

#include "report/suite.h"
#include "util/error.h"

struct json_object;

/*
 * results_part_take - @line: an object of type "plan". @part: its shards are 0 where the file is of
 * no shard; shard 0 of so many is the plan alone.
 * Returns 0, -EBADMSG with what is wrong, or -ENOMEM. On failure there is nothing to destroy.
 */
int results_part_take(struct json_object *line, struct suite_part *part, struct error *err);
void results_part_destroy(struct suite_part *part);

/*
 * results_part_same - are both of one suite, cut in the same way? Returns 0, or -EINVAL with how
 * the second differs from the first: "..., not ...".
 */
int results_part_same(const struct suite_part *first, const struct suite_part *second,
		      struct error *err);

#endif
