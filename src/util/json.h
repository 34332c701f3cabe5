/*
 * How is a JSON object put together? On json-c, which takes a NULL for JSON's null, so that a value
 * for which there was no memory would silently read as "none", and passes bytes on as they are.
 * Here a lack of memory is remembered until the end, and what is not UTF-8 becomes U+FFFD.
 */
#ifndef KTSTR_UTIL_JSON_H
#define KTSTR_UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* One object while it is put together. */
struct json {
	struct json_object *object;
	bool failed;
};

struct json json_begin(void);

/*
 * json_end - the object as a value for json_put or json_text, owned by the caller.
 * Returns NULL when memory ran out.
 */
struct json_object *json_end(struct json *json);

/* Each adds one field, in the order in which they are called. json_put takes @value over. */
void json_put(struct json *json, const char *key, struct json_object *value);
void json_put_null(struct json *json, const char *key);
void json_put_bool(struct json *json, const char *key, bool value);
void json_put_number(struct json *json, const char *key, uint64_t number);
void json_put_int(struct json *json, const char *key, int number);
/* NULL and "" read as null: nothing was said. */
void json_put_text(struct json *json, const char *key, const char *text);
/* With three decimals; null for what is no number or negative. */
void json_put_seconds(struct json *json, const char *key, double seconds);

/* A list of texts: @next gives one after the other, and NULL behind the last. */
void json_put_texts(struct json *json, const char *key, const char *(*next)(void *data),
		    void *data);

/* json_put_double - a finite number as @text has it, which is a number of JSON's. */
void json_put_double(struct json *json, const char *key, double value, const char *text);
/* A list of any values: @next gives one after the other, which is taken over, and then *@end. */
void json_put_list(struct json *json, const char *key,
		   struct json_object *(*next)(void *data, bool *end), void *data);

/*
 * json_text - @value as text, in one line or with line feeds and indents, and a line feed at its
 * end. Takes @value over. @size: without the NUL.
 * Returns a string that the caller frees; NULL when memory ran out, or @value is NULL.
 */
char *json_text(struct json_object *value, bool pretty, size_t *size);

#endif
