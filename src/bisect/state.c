/* What was seen so far of a bisection? See state.h. */
#include "bisect/state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/json.h"

#define VERSION 1

/* What the first line begins with. */
#define FIRST_KEY   "bisection"
#define FIRST_BYTES "{\"" FIRST_KEY "\":"

/* No bisection takes that many runs. */
#define MAX_BYTES (256ll << 20)

static const char *const words[] = {
	[OBSERVED_BUILT] = "built", [OBSERVED_UNBUILDABLE] = "unbuildable",
	[OBSERVED_GOOD] = "good",   [OBSERVED_BAD] = "bad",
	[OBSERVED_SKIP] = "skip",
};

#define NR_WORDS (sizeof(words) / sizeof(words[0]))

/* An object that is all of the line, or NULL; owned. */
static struct json_object *parse_object(const char *text, size_t length)
{
	struct json_tokener *tokener = length < INT_MAX ? json_tokener_new_ex(4) : NULL;
	struct json_object *object = NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	/* A number's end is not known before something follows; an object's is. */
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != length ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

/* A field's string, or NULL. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static bool is_name(const char *text)
{
	size_t length = text ? strspn(text, "0123456789abcdef") : 0;

	return length && !text[length] && (length == 40 || length == 64);
}

static bool take_fields(struct json_object *object, struct observation_line *line)
{
	const char *commit = text_of(object, "commit"), *what = text_of(object, "what");
	struct json_object *status = json_object_object_get(object, "status");
	struct json_object *seconds = json_object_object_get(object, "seconds");
	size_t i = 0;

	while (what && i < NR_WORDS && strcmp(what, words[i]) != 0)
		i++;
	if (!is_name(commit) || !what || i == NR_WORDS ||
	    !json_object_is_type(status, json_type_int))
		return false;
	*line = (struct observation_line){ .what = (enum observed)i,
					   .status = json_object_get_int(status),
					   .seconds = json_object_get_double(seconds) };
	snprintf(line->commit, sizeof(line->commit), "%s", commit);
	return line->status >= 0 && line->status <= 255 && isfinite(line->seconds) &&
	       line->seconds >= 0;
}

int bisect_state_parse(const char *text, size_t length, struct observation_line *line,
		       struct error *err)
{
	struct json_object *object = parse_object(text, length);
	bool whole = object && take_fields(object, line);

	json_object_put(object);
	return whole ? 0
		     : error_set(err, -EINVAL,
				 "no observation with \"what\", \"commit\", \"status\" and "
				 "\"seconds\"");
}

/* In one write, so that a line is there or not. */
static int append(struct bisect_state *state, struct json *json, struct error *err)
{
	size_t size;
	char *text = json_text(json_end(json), false, &size);
	int ret = text ? file_write_all(state->fd, text, size) : -ENOMEM;

	free(text);
	return ret ? error_set(err, ret, "writing '%s': %s", state->path, strerror(-ret)) : 0;
}

int bisect_state_add(struct bisect_state *state, const struct observation_line *line,
		     struct error *err)
{
	struct json json = json_begin();

	json_put_text(&json, "what", words[line->what]);
	json_put_text(&json, "commit", line->commit);
	json_put_int(&json, "status", line->status);
	json_put_seconds(&json, "seconds", line->seconds);
	return append(state, &json, err);
}

/* The fields of the first line. */
struct said {
	const char *key, *value;
};

#define NR_SAID 4

static void list_subject(const struct bisect_subject *subject, struct said said[NR_SAID])
{
	said[0] = (struct said){ "good", subject->good };
	said[1] = (struct said){ "bad", subject->bad };
	said[2] = (struct said){ "build", subject->build };
	said[3] = (struct said){ "test", subject->test };
}

static struct json begin_line(const struct bisect_subject *subject)
{
	struct said said[NR_SAID];
	struct json json = json_begin();

	list_subject(subject, said);
	json_put_int(&json, FIRST_KEY, VERSION);
	for (size_t i = 0; i < NR_SAID; i++)
		json_put_text(&json, said[i].key, said[i].value);
	return json;
}

static int begin(struct bisect_state *state, const struct bisect_subject *subject,
		 struct error *err)
{
	struct json json = begin_line(subject);

	return append(state, &json, err);
}

/* @was and @is: the first line, as it is and as it would be now. */
static int compare_subjects(const struct bisect_state *state, struct json_object *was,
			    struct json_object *is, const struct bisect_subject *subject,
			    struct error *err)
{
	struct json_object *version = json_object_object_get(was, FIRST_KEY);
	struct said said[NR_SAID];

	list_subject(subject, said);
	if (!json_object_is_type(version, json_type_int) || json_object_get_int(version) != VERSION)
		return error_set(err, -EINVAL,
				 "'%s' is not what a bisection by this version has left; give "
				 "another --state",
				 state->path);
	for (size_t i = 0; i < NR_SAID; i++) {
		const char *old = text_of(was, said[i].key), *new = text_of(is, said[i].key);

		if (strcmp(old ? old : "", new ? new : "") != 0)
			return error_set(err, -EINVAL,
					 "'%s' is of a bisection with another %s: '%.200s', not "
					 "'%.200s'; say the same, or give another --state",
					 state->path, said[i].key, old ? old : "", new ? new : "");
	}
	return 0;
}

static int check_subject(const struct bisect_state *state, const char *text, size_t length,
			 const struct bisect_subject *subject, struct error *err)
{
	struct json json = begin_line(subject);
	/* What is not UTF-8 is not stored as it was said: both are compared as stored. */
	struct json_object *is = json_end(&json), *was = parse_object(text, length);
	int ret = is ? compare_subjects(state, was, is, subject, err)
		     : error_set(err, -ENOMEM, "out of memory");

	json_object_put(was);
	json_object_put(is);
	return ret;
}

static int read_lines(struct bisect_state *state, const char *text,
		      const struct bisect_subject *subject, bisect_state_fn seen, void *data,
		      struct error *err)
{
	unsigned int number = 1;
	int ret = 0;

	for (const char *end; !ret && (end = strchr(text, '\n')); text = end + 1, number++) {
		struct observation_line line;

		if (number == 1) {
			ret = check_subject(state, text, (size_t)(end - text), subject, err);
			continue;
		}
		ret = bisect_state_parse(text, (size_t)(end - text), &line, err);
		if (!ret)
			ret = seen(data, &line, err);
		if (ret)
			error_prefix(err, ret, "'%s', line %u", state->path, number);
	}
	return ret;
}

/* Can it be what a crash has left of our first line, its last byte not included? */
static bool is_torn_first(const char *text, size_t length)
{
	const size_t known = strlen(FIRST_BYTES);

	return !memchr(text, '\n', length) &&
	       !memcmp(text, FIRST_BYTES, length < known ? length : known);
}

/*
 * What is there, and a NUL behind the last line that has an end; @size: up to there. After a loss
 * of power a file may be as long as it was to be, with NULs where the disk got nothing: it ends
 * there.
 */
static int read_whole(struct bisect_state *state, char **text, size_t *size, struct error *err)
{
	struct stat stat;
	size_t length;
	char *end;

	if (fstat(state->fd, &stat))
		return error_set(err, -errno, "'%s': %s", state->path, strerror(errno));
	if (!S_ISREG(stat.st_mode) || stat.st_size > MAX_BYTES)
		return error_set(err, -EINVAL, "'%s': not a file of at most 256 MiB", state->path);
	*size = (size_t)stat.st_size;
	*text = calloc(1, *size + 1);
	if (!*text)
		return error_set(err, -ENOMEM, "out of memory");
	if (pread(state->fd, *text, *size, 0) != (ssize_t)*size)
		return error_set(err, -EIO, "'%s' cannot be read", state->path);
	length = strlen(*text);
	end = memrchr(*text, '\n', length);
	if (!end && !is_torn_first(*text, length))
		return error_set(err, -EINVAL, "'%s': no lines of text; give another --state",
				 state->path);
	*size = end ? (size_t)(end + 1 - *text) : 0;
	(*text)[*size] = '\0';
	return 0;
}

/* What a crash has cut off goes, when the rest is ours. */
static int cut(struct bisect_state *state, size_t size, struct error *err)
{
	return ftruncate(state->fd, (off_t)size)
		       ? error_set(err, -errno, "'%s': %s", state->path, strerror(errno))
		       : 0;
}

int bisect_state_open(struct bisect_state *state, const char *folder,
		      const struct bisect_subject *subject, bisect_state_fn seen, void *data,
		      struct error *err)
{
	int ret = file_make_dirs(folder, err);
	char *text = NULL;
	size_t size = 0;

	state->fd = -1;
	if (ret)
		return ret;
	if (snprintf(state->path, sizeof(state->path), "%s/observations.jsonl", folder) >=
	    (int)sizeof(state->path))
		return error_set(err, -ENAMETOOLONG, "folder '%.60s...': too long", folder);
	state->fd = open(state->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (state->fd < 0)
		return error_set(err, -errno, "'%s': %s", state->path, strerror(errno));
	if (flock(state->fd, LOCK_EX | LOCK_NB))
		ret = error_set(err, -EBUSY,
				"'%s' is used by another bisection now, or by what one that was "
				"killed still has to end: try again in some seconds",
				state->path);
	if (!ret)
		ret = read_whole(state, &text, &size, err);
	if (!ret && size)
		ret = read_lines(state, text, subject, seen, data, err);
	if (!ret)
		ret = cut(state, size, err);
	if (!ret && !size)
		ret = begin(state, subject, err);
	free(text);
	if (ret)
		bisect_state_close(state);
	return ret;
}

void bisect_state_close(struct bisect_state *state)
{
	if (state->fd >= 0)
		close(state->fd);
	state->fd = -1;
}
