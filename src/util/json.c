/* How is a JSON object put together? See json.h. */
#include "util/json.h"

#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

struct json json_begin(void)
{
	struct json_object *object = json_object_new_object();

	return (struct json){ .object = object, .failed = !object };
}

struct json_object *json_end(struct json *json)
{
	if (!json->failed)
		return json->object;
	json_object_put(json->object);
	return NULL;
}

void json_put(struct json *json, const char *key, struct json_object *value)
{
	if (!value || json->failed || json_object_object_add(json->object, key, value)) {
		json->failed = true;
		json_object_put(value);
	}
}

void json_put_null(struct json *json, const char *key)
{
	if (!json->failed && json_object_object_add(json->object, key, NULL))
		json->failed = true;
}

void json_put_bool(struct json *json, const char *key, bool value)
{
	json_put(json, key, json_object_new_boolean(value));
}

void json_put_number(struct json *json, const char *key, uint64_t number)
{
	json_put(json, key, json_object_new_uint64(number));
}

void json_put_int(struct json *json, const char *key, int number)
{
	json_put(json, key, json_object_new_int(number));
}

/* NULL when memory is out. */
static struct json_object *text_value(const char *text)
{
	size_t left = strlen(text), size = 0;
	struct json_object *value = NULL;
	char *valid = NULL;
	FILE *out = open_memstream(&valid, &size);

	if (!out)
		return NULL;
	while (left) {
		size_t step = utf8_decode(text, left, NULL);

		if (step)
			fwrite(text, 1, step, out);
		else
			fputs("\xef\xbf\xbd", out);
		step = step ? step : 1;
		text += step;
		left -= step;
	}
	if (!ferror(out) && !fflush(out) && size <= INT_MAX)
		value = json_object_new_string_len(valid, (int)size);
	fclose(out);
	free(valid);
	return value;
}

void json_put_text(struct json *json, const char *key, const char *text)
{
	if (text && *text)
		json_put(json, key, text_value(text));
	else
		json_put_null(json, key);
}

void json_put_seconds(struct json *json, const char *key, double seconds)
{
	char text[512];

	if (!isfinite(seconds) || seconds < 0) {
		json_put_null(json, key);
		return;
	}
	/* json-c would write seventeen digits. */
	snprintf(text, sizeof(text), "%.3f", seconds);
	json_put(json, key, json_object_new_double_s(seconds, text));
}

void json_put_double(struct json *json, const char *key, double value, const char *text)
{
	json_put(json, key, json_object_new_double_s(value, text));
}

/* Takes @value over. Returns the array, or NULL, which frees it, when memory is out. */
static struct json_object *add_to_array(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return array;
	json_object_put(value);
	json_object_put(array);
	return NULL;
}

void json_put_list(struct json *json, const char *key,
		   struct json_object *(*next)(void *data, bool *end), void *data)
{
	struct json_object *array = json_object_new_array(), *value;
	bool end;

	while (array) {
		value = next(data, &end);
		if (end)
			break;
		array = add_to_array(array, value);
	}
	json_put(json, key, array);
}

void json_put_texts(struct json *json, const char *key, const char *(*next)(void *data), void *data)
{
	struct json_object *array = json_object_new_array();
	const char *text;

	while (array && (text = next(data)))
		array = add_to_array(array, text_value(text));
	json_put(json, key, array);
}

char *json_text(struct json_object *value, bool pretty, size_t *size)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
		    (pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN);
	const char *text;
	char *line = NULL;
	size_t length;

	text = value ? json_object_to_json_string_length(value, flags, &length) : NULL;
	if (text)
		line = malloc(length + 2);
	if (line) {
		memcpy(line, text, length);
		memcpy(line + length, "\n", 2);
		*size = length + 1;
	}
	json_object_put(value);
	return line;
}
