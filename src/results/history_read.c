/* What does a history say of the newest run, and of those before it? See history.h. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "results/history.h"
#include "results/item.h"
#include "util/input.h"
#include "util/utf8.h"

static const char begin_of_line[] = SUITE_HISTORY_BEGIN;

/* A variant of the newest run. */
struct wanted {
	const char *name;
	unsigned int runs; /* before it that tell something of it */
	unsigned int line; /* from the end: the last of them */
};

/* A file while it is read, from its end on. */
struct reading {
	struct history *history;
	unsigned int most, line;
	struct wanted *wanted; /* sorted by name; NULL: the newest run was not met yet */
	size_t nr_wanted;
	bool shares;	/* this run: it tells something of one of them */
	bool saw_whole; /* a run before that shares one, and was not interrupted */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->name, ((const struct wanted *)b)->name);
}

static int want(struct reading *reading, struct error *err)
{
	const struct results *newest = &reading->history->newest;
	size_t count = 0;

	reading->wanted = calloc(newest->count, sizeof(*reading->wanted));
	if (!reading->wanted)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < newest->count; i++)
		reading->wanted[i].name = newest->list[i].name;
	qsort(reading->wanted, newest->count, sizeof(*reading->wanted), by_name);
	for (size_t i = 0; i < newest->count; i++)
		if (!count || strcmp(reading->wanted[count - 1].name, reading->wanted[i].name))
			reading->wanted[count++] = reading->wanted[i];
	reading->nr_wanted = count;
	return 0;
}

static bool has_all(const struct reading *reading)
{
	for (size_t i = 0; i < reading->nr_wanted; i++)
		if (reading->wanted[i].runs < reading->most)
			return false;
	return reading->wanted && reading->saw_whole;
}

static struct wanted *find_wanted(const struct reading *reading, const char *name)
{
	struct wanted key = { .name = name };

	return bsearch(&key, reading->wanted, reading->nr_wanted, sizeof(key), by_name);
}

/* Does this run count for the variant of @item? @others: also for one that the newest has not. */
static bool is_wanted(struct reading *reading, const struct results_item *item, bool others)
{
	struct wanted *wanted;

	if (!reading->wanted)
		return true;
	if (!outcome_tells(item->outcome))
		return false;
	wanted = find_wanted(reading, item->name);
	if (!wanted)
		return others;
	if (wanted->line != reading->line && wanted->runs == reading->most)
		return false;
	wanted->runs += wanted->line != reading->line;
	wanted->line = reading->line;
	reading->shares = true;
	return true;
}

/* Room for one more; it doubles. */
static int grow(struct results *results, struct error *err)
{
	struct results_item *grown;

	if (results->count & (results->count - 1))
		return 0;
	grown = reallocarray(results->list, results->count ? 2 * results->count : 1,
			     sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	results->list = grown;
	return 0;
}

static int take_results(struct reading *reading, struct json_object *list, bool others,
			struct results *results, struct error *err)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *result = json_object_array_get_idx(list, i);
		struct results_item *item;
		int ret;

		if (!json_object_is_type(result, json_type_object))
			return error_set(err, -EBADMSG, "result %zu is no object", i + 1);
		ret = grow(results, err);
		item = &results->list[results->count];
		if (!ret)
			ret = results_item_take(result, item, err);
		if (ret)
			return ret;
		if (is_wanted(reading, item, others))
			results->count++;
		else
			results_item_destroy(item);
	}
	return 0;
}

static bool shares_variant(const struct reading *reading, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = input_text(json_object_array_get_idx(list, i), "name");

		if (name && find_wanted(reading, name))
			return true;
	}
	return false;
}

/* What a run says of itself, beside its results. */
struct run {
	const char *time;
	struct json_object *list;
	unsigned int planned; /* 0: not said */
	bool interrupted;
};

static int read_run(struct json_object *line, struct run *run, struct error *err)
{
	struct json_object *interrupted = json_object_object_get(line, "interrupted");
	unsigned int version;
	int ret = results_count(line, "schema_version", 0, &version, err);

	*run = (struct run){ .time = input_text(line, "time"),
			     .list = json_object_object_get(line, "results"),
			     .interrupted = json_object_get_boolean(interrupted) };
	if (ret)
		return ret;
	if (version != SUITE_HISTORY_VERSION)
		return error_set(err, -EBADMSG,
				 "its schema version is %u, and this launcher knows %d; take the "
				 "launcher that wrote it",
				 version, SUITE_HISTORY_VERSION);
	if (!json_object_is_type(run->list, json_type_array))
		return error_set(err, -EBADMSG, "a run without its list 'results'");
	if (!run->time || strlen(run->time) >= SUITE_TIME_SIZE)
		return error_set(err, -EBADMSG, "a run without its 'time'");
	if (interrupted && !json_object_is_type(interrupted, json_type_boolean))
		return error_set(err, -EBADMSG, "its 'interrupted' is neither true nor false");
	return json_object_object_get(line, "planned")
		       ? results_count(line, "planned", 0, &run->planned, err)
		       : 0;
}

static int take_newest(struct reading *reading, const struct run *run, struct error *err)
{
	struct results *newest = &reading->history->newest;
	int ret = take_results(reading, run->list, true, newest, err);

	if (ret || !newest->count)
		return ret;
	strcpy(reading->history->newest_time, run->time);
	newest->planned = run->planned;
	newest->interrupted = run->interrupted;
	for (size_t i = 0; i < newest->count; i++)
		if (outcome_tells(newest->list[i].outcome))
			return want(reading, err);
	return error_set(err, -ENODATA,
			 "the newest run, of %.32s, tells nothing: its %zu results are errors, "
			 "skips or inconclusive",
			 run->time, newest->count);
}

static int take_run(struct reading *reading, struct json_object *line, struct error *err)
{
	struct history *history = reading->history;
	struct run run;
	bool others;
	int ret = read_run(line, &run, err);

	if (ret)
		return ret;
	if (!reading->wanted)
		return take_newest(reading, &run, err);
	others = !reading->saw_whole && !run.interrupted && shares_variant(reading, run.list);
	reading->saw_whole |= others;
	reading->shares = false;
	ret = take_results(reading, run.list, others, &history->before, err);
	if (ret || !reading->shares)
		return ret;
	/* Runs stand in the order of their ends. */
	if (!history->runs || strcmp(run.time, history->last_time) > 0)
		strcpy(history->last_time, run.time);
	if (!history->runs || strcmp(run.time, history->first_time) < 0)
		strcpy(history->first_time, run.time);
	history->runs++;
	history->interrupted += run.interrupted;
	return 0;
}

static void pass_over(struct reading *reading)
{
	reading->history->cut_off++;
	reading->history->lacks_last |= reading->line == 1;
}

/* One that is no JSON, as it was cut off, is passed over. */
static int read_line(struct reading *reading, const char *line, size_t length, struct error *err)
{
	size_t begin = sizeof(begin_of_line) - 1;
	struct json_object *run;
	struct error why = { "" };
	int ret;

	/* A machine that died may leave a hole where bytes were to be; JSON has no NUL. */
	if (memchr(line, 0, length)) {
		pass_over(reading);
		return 0;
	}
	if (memcmp(line, begin_of_line, length < begin ? length : begin))
		return error_set(err, -EBADMSG, "no run of `ktstr-launch test --history`");
	if (length > HISTORY_MAX_LINE)
		return error_set(err, -EBADMSG, "it has %zu bytes, at most %zu are read", length,
				 HISTORY_MAX_LINE);
	ret = input_json(line, length, &run, &why);
	if (ret == -EBADMSG) {
		pass_over(reading);
		return 0;
	}
	ret = ret ? error_set(err, ret, "%s", why.text) : take_run(reading, run, err);
	json_object_put(run);
	return ret;
}

static int read_lines(struct reading *reading, const char *text, size_t size, struct error *err)
{
	while (size && !has_all(reading)) {
		size_t end = text[size - 1] == '\n' ? size - 1 : size;
		const char *newline = memrchr(text, '\n', end);
		size_t begin = newline ? (size_t)(newline + 1 - text) : 0;
		int ret;

		reading->line++;
		ret = read_line(reading, text + begin, end - begin, err);
		if (ret)
			return error_prefix(err, ret, "line %u from its end", reading->line);
		size = begin;
	}
	if (!reading->wanted)
		return error_set(err, -ENODATA, "it has no run yet");
	if (!reading->history->runs)
		return error_set(err, -ENODATA,
				 "too few runs: none before the newest, of %.32s, tells something "
				 "of one of its variants, so that there is nothing to compare it "
				 "with yet",
				 reading->history->newest_time);
	return 0;
}

int history_parse(const char *text, size_t size, unsigned int most, struct history *history,
		  struct error *err)
{
	struct reading reading = { .history = history, .most = most };
	int ret;

	*history = (struct history){ .newest.seconds = -1, .before.seconds = -1 };
	ret = read_lines(&reading, text, size, err);
	free(reading.wanted);
	if (ret)
		history_destroy(history);
	return ret;
}

int history_read(const char *path, unsigned int most, struct history *history, struct error *err)
{
	/* Held while it is read, by a descriptor of its own: no writer is in the midst of a line.
	 */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret = fd < 0 ? 0 : history_lock(fd, LOCK_SH, path, err);
	char *text;
	size_t size;

	if (!ret)
		ret = input_tail(path, HISTORY_MAX_READ, &text, &size, err);
	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	ret = history_parse(text, size, most, history, err);
	free(text);
	return ret ? error_prefix(err, ret, "history '%s'", path) : 0;
}

void history_destroy(struct history *history)
{
	results_destroy(&history->newest);
	results_destroy(&history->before);
	*history = (struct history){ .newest.seconds = -1, .before.seconds = -1 };
}
