/* What is in a file that a user gives? All of it, within limits; and the JSON in it. */
#ifndef KTSTR_UTIL_INPUT_H
#define KTSTR_UTIL_INPUT_H

#include <stddef.h>

#include "util/error.h"

struct json_object;

/*
 * input_read - all of a regular file. @data: owned by the caller, with a NUL behind its @size bytes
 * Returns 0; -EFBIG: more than @most; -EINVAL: no regular file; what open and read return; each
 * with the path.
 */
int input_read(const char *path, size_t most, char **data, size_t *size, struct error *err);

/*
 * input_tail - the last @most bytes of a regular file, from the beginning of a line on; likewise.
 */
int input_tail(const char *path, size_t most, char **data, size_t *size, struct error *err);

/*
 * input_json - one JSON value of UTF-8 (RFC 8259), nothing behind it; numbers are finite, which
 * JSON has no other ones of, and whole ones are within 64 bits, or they would be others.
 * @size: at most INT_MAX
 * Returns 0; -EBADMSG, with what is wrong and where; -ERANGE, with the number's key; or -ENOMEM.
 * @value: owned by the caller.
 */
int input_json(const char *text, size_t size, struct json_object **value, struct error *err);

/* input_text - the text of a field, or NULL: there is none, or it is none. @object's. */
const char *input_text(struct json_object *object, const char *key);

#endif
