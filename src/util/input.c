/* What is in a file that a user gives? See input.h. */
#include "util/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of values within values: a dump has eight. */
#define MAX_DEPTH 32

static int failed(const char *path, int error, struct error *err)
{
	return error_set(err, -error, "'%s': %s", path, strerror(error));
}

/* From @at on, no more than @most bytes; a file that grows meanwhile is read as far as it was. */
static int read_part(int fd, const char *path, off_t at, size_t most, char **data, size_t *size,
		     struct error *err)
{
	size_t used = 0;

	*data = malloc(most + 1);
	if (!*data)
		return error_set(err, -ENOMEM, "'%s': out of memory for %zu bytes", path, most);
	while (used < most) {
		ssize_t n = pread(fd, *data + used, most - used, at + (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = errno;

			free(*data);
			*data = NULL;
			return failed(path, error, err);
		}
		if (n == 0)
			break;
		used += (size_t)n;
	}
	(*data)[used] = '\0';
	*size = used;
	return 0;
}

static int open_regular(const char *path, off_t *size, struct error *err)
{
	/* A FIFO is to be told of, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct stat st;

	if (fd < 0)
		return failed(path, errno, err);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		*size = st.st_size;
		return fd;
	}
	error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	close(fd);
	return error_set(err, -error, "'%s': no regular file; give the file itself", path);
}

int input_read(const char *path, size_t most, char **data, size_t *size, struct error *err)
{
	off_t there;
	int fd, ret;

	*data = NULL;
	fd = open_regular(path, &there, err);
	if (fd < 0)
		return fd;
	if ((uint64_t)there > most)
		ret = error_set(err, -EFBIG, "'%s': has %" PRIu64 " MiB, at most %zu are read",
				path, (uint64_t)there >> 20, most >> 20);
	else
		ret = read_part(fd, path, 0, (size_t)there, data, size, err);
	close(fd);
	return ret;
}

int input_tail(const char *path, size_t most, char **data, size_t *size, struct error *err)
{
	off_t there, from;
	char *line;
	int fd, ret;

	*data = NULL;
	fd = open_regular(path, &there, err);
	if (fd < 0)
		return fd;
	from = there > (off_t)most ? there - (off_t)most : 0;
	ret = read_part(fd, path, from, (size_t)(there - from), data, size, err);
	close(fd);
	line = !ret && from ? memchr(*data, '\n', *size) : NULL;
	if (line) {
		*size -= (size_t)(line + 1 - *data);
		memmove(*data, line + 1, *size + 1);
	}
	return ret;
}

/* json-c takes NaN and Infinity, and 1e999 for one: a browser's JSON.parse refuses the first two.
 */
static bool is_not_finite(struct json_object *value)
{
	return json_object_is_type(value, json_type_double) &&
	       !isfinite(json_object_get_double(value));
}

/* It makes these two of whole numbers that its 64 bits do not hold. */
static bool is_at_limit(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) &&
	       (json_object_get_uint64(value) == UINT64_MAX ||
		json_object_get_int64(value) == INT64_MIN);
}

/* Where a number that is wrong is, @key and @name say: its key, and the "name" beside it; or NULL.
 */
static bool has(struct json_object *value, bool (*is_wrong)(struct json_object *), const char **key,
		const char **name)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (has(json_object_array_get_idx(value, i), is_wrong, key, name))
				return true;
	} else if (json_object_is_type(value, json_type_object)) {
		struct json_object_iterator at = json_object_iter_begin(value);
		struct json_object_iterator end = json_object_iter_end(value);

		for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
			if (!has(json_object_iter_peek_value(&at), is_wrong, key, name))
				continue;
			if (!*key) {
				*key = json_object_iter_peek_name(&at);
				*name = input_text(value, "name");
			}
			return true;
		}
	}
	return is_wrong(value);
}

/* Is it whole, and beyond what 64 bits hold? @length: of it, which has no leading zeros */
static bool is_too_large(const char *number, size_t length)
{
	char digits[24];

	if (memchr(number, '.', length) || memchr(number, 'e', length) ||
	    memchr(number, 'E', length))
		return false;
	if (length >= sizeof(digits))
		return true;
	memcpy(digits, number, length);
	digits[length] = '\0';
	errno = 0;
	if (*digits == '-')
		strtoll(digits, NULL, 10);
	else
		strtoull(digits, NULL, 10);
	return errno == ERANGE;
}

/* Of JSON that was parsed: has it such a number? */
static bool has_too_large(const char *text, size_t size)
{
	static const char in_numbers[] = "+-.0123456789Ee";
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		size_t begin = i;

		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		if (in_string || (text[i] != '-' && (text[i] < '0' || text[i] > '9')))
			continue;
		while (i + 1 < size && memchr(in_numbers, text[i + 1], sizeof(in_numbers) - 1))
			i++;
		if (is_too_large(text + begin, i + 1 - begin))
			return true;
	}
	return false;
}

static int refuse_numbers(const char *text, size_t size, struct json_object *value,
			  struct error *err)
{
	const char *key = NULL, *name = NULL, *what;
	int ret = -EBADMSG;

	if (has(value, is_not_finite, &key, &name)) {
		what = "no JSON: it has a number that is not finite";
	} else if (has(value, is_at_limit, &key, &name) && has_too_large(text, size)) {
		what = "it has a whole number that 64 bits do not hold, which would be read as "
		       "another one (as 1e20 it can be)";
		ret = -ERANGE;
	} else {
		return 0;
	}
	return error_set(err, ret, "%s%s%.64s%s%.64s", what, key ? ": " : "", key ? key : "",
			 name ? " of " : "", name ? name : "");
}

int input_json(const char *text, size_t size, struct json_object **value, struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	enum json_tokener_error error;
	size_t end;
	int ret;

	*value = NULL;
	if (!tokener)
		return error_set(err, -ENOMEM, "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
						JSON_TOKENER_ALLOW_TRAILING_CHARS);
	*value = json_tokener_parse_ex(tokener, text, (int)size);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	while (end < size && text[end] && strchr(" \t\r\n", text[end]))
		end++;
	if (error == json_tokener_success && end >= size)
		ret = refuse_numbers(text, size, *value, err);
	else if (error == json_tokener_success)
		ret = error_set(err, -EBADMSG, "no JSON: it goes on behind its end, at byte %zu",
				end);
	else if (error == json_tokener_continue || end >= size)
		ret = error_set(err, -EBADMSG, "cut off: its JSON has no end");
	else
		ret = error_set(err, -EBADMSG, "no JSON: %s at byte %zu",
				json_tokener_error_desc(error), end);
	if (!ret)
		return 0;
	json_object_put(*value);
	*value = NULL;
	return ret;
}

const char *input_text(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	/* Behind a NUL nobody would read on: "pass\0x" is no "pass". */
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}
