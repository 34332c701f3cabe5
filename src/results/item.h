/* Is this JSON object a result of a suite, and what does it say? */
#ifndef KTSTR_RESULTS_ITEM_H
#define KTSTR_RESULTS_ITEM_H

#include "results/results.h"

/*
 * results_item_take - @line: an object of type "result"; its texts are copied
 * Returns 0, -EBADMSG with the field and what is wrong with it, or -ENOMEM. On failure there is
 * nothing to destroy.
 */
int results_item_take(struct json_object *line, struct results_item *item, struct error *err);
void results_item_destroy(struct results_item *item);

/*
 * results_text - a copy of a text, owned by the caller; NULL for null, and for what is not there
 * Returns 0, -EBADMSG or -ENOMEM.
 */
int results_text(struct json_object *object, const char *key, char **text, struct error *err);

/* results_number - a field that is a number of 0 or more. Returns 0 or -EBADMSG. */
int results_number(struct json_object *object, const char *key, double *value, struct error *err);

/* results_count - a field that is a whole number of @least or more. Returns 0 or -EBADMSG. */
int results_count(struct json_object *object, const char *key, unsigned int least,
		  unsigned int *value, struct error *err);

#endif
