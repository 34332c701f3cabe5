/* Where do the reports of a suite go, beside the text for people? See sinks.h. */
#include "suite/sinks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "page/suite_html.h"
#include "results/history.h"

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

int sinks_check(const struct sinks_wish *wish, struct error *err)
{
	const struct {
		const char *option, *path;
	} files[] = { { "--junit", wish->junit },
		      { "--json", wish->json },
		      { "--html", wish->html },
		      { "--history", wish->history } };
	const char *on_stdout[5];
	size_t count = 0;

	if (wish->tap)
		on_stdout[count++] = "--tap";
	if (wish->ktap)
		on_stdout[count++] = "--ktap";
	if (wish->junit && !strcmp(wish->junit, "-"))
		on_stdout[count++] = "--junit -";
	if (wish->json && !strcmp(wish->json, "-"))
		on_stdout[count++] = "--json -";
	if (wish->html && !strcmp(wish->html, "-"))
		on_stdout[count++] = "--html -";
	if (count > 1)
		return error_set(err, -EINVAL,
				 "%s and %s both write to standard output; give one of them",
				 on_stdout[0], on_stdout[1]);
	if (is_stdout(wish->history))
		return error_set(err, -EINVAL, "--history -: give a file, it grows by each run");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		for (size_t k = 0; k < i; k++) {
			if (files[k].path && files[i].path && !strcmp(files[k].path, files[i].path))
				return error_set(
					err, -EINVAL,
					"%s and %s both write to the file '%s'; give two files",
					files[k].option, files[i].option, files[i].path);
		}
	}
	return 0;
}

bool sinks_use_stdout(const struct sinks_wish *wish)
{
	return wish->tap || wish->ktap || is_stdout(wish->junit) || is_stdout(wish->json) ||
	       is_stdout(wish->html);
}

/* Could the history be appended to, and would no report take its place? */
static int try_history(const struct sinks_wish *wish, struct error *err)
{
	const char *const paths[] = { wish->junit, wish->json, wish->html };
	struct stat history, st;
	int ret = history_check(wish->history, err);

	if (ret)
		return ret;
	if (stat(wish->history, &history))
		return error_set(err, -errno, "history '%s': %s", wish->history, strerror(errno));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i] && !stat(paths[i], &st) && st.st_dev == history.st_dev &&
		    st.st_ino == history.st_ino)
			return error_set(
				err, -EINVAL,
				"the report '%s' would take the place of the history '%s'; "
				"give two files",
				paths[i], wish->history);
	return 0;
}

int sinks_try(const struct sinks_wish *wish, struct error *err)
{
	const char *const paths[] = { wish->junit, wish->json, wish->html };
	struct output_file file;
	struct stat st;

	if (wish->history) {
		int ret = try_history(wish, err);

		if (ret)
			return ret;
	}

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int ret;

		/* A FIFO would wait for its reader, and tell it that this was all. */
		if (!paths[i] || is_stdout(paths[i]) ||
		    (!stat(paths[i], &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			continue;
		ret = output_file_open(&file, paths[i], err);
		if (ret)
			return ret;
		output_file_abandon(&file);
	}
	return 0;
}

/* @path: NULL for standard output. */
static int open_one(struct sinks *sinks, const struct suite_format *format, const char *path,
		    unsigned int planned, const struct suite_part *part, struct error *err)
{
	struct sink *sink = &sinks->list[sinks->count];
	int fd, ret;

	ret = output_file_open(&sink->file, path ? path : "-", err);
	if (ret)
		return ret;
	sinks->count++;
	sinks->use_stdout = sinks->use_stdout || !path || !strcmp(path, "-");
	fd = dup(sink->file.fd);
	sink->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!sink->out) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return error_set(err, ret, "writing '%s': %s", sink->file.name, strerror(-ret));
	}
	return suite_begin_part(&sink->writer, format, sink->out, planned, part, err);
}

/* Its line is put together in memory, and appended at the end. */
static int open_history(struct sinks *sinks, const struct sinks_wish *wish, unsigned int planned,
			struct error *err)
{
	struct sink *sink = &sinks->list[sinks->count];
	int ret = try_history(wish, err);

	if (ret)
		return ret;
	sinks->count++;
	sink->file.fd = -1;
	sink->history = wish->history;
	sink->once = wish->retold;
	snprintf(sink->file.name, sizeof(sink->file.name), "%s", wish->history);
	sink->out = open_memstream(&sink->line, &sink->size);
	if (!sink->out)
		return error_set(err, -ENOMEM, "out of memory");
	return suite_begin(&sink->writer, &suite_history, sink->out, planned, err);
}

int sinks_open(struct sinks *sinks, const struct sinks_wish *wish, unsigned int planned,
	       const struct suite_part *part, struct error *err)
{
	int ret = 0;

	*sinks = (struct sinks){ 0 };
	if (wish->history)
		ret = open_history(sinks, wish, planned, err);
	if (!ret && (wish->tap || wish->ktap))
		ret = open_one(sinks,
			       !wish->tap   ? &suite_ktap
			       : wish->open ? &suite_tap_open
					    : &suite_tap,
			       NULL, planned, part, err);
	if (!ret && wish->junit)
		ret = open_one(sinks, &suite_junit, wish->junit, planned, part, err);
	if (!ret && wish->json)
		ret = open_one(sinks, &suite_json, wish->json, planned, part, err);
	if (!ret && wish->html)
		ret = open_one(sinks, &suite_html, wish->html, planned, part, err);
	if (ret)
		sinks_abandon(sinks);
	return ret;
}

/* Only the first thing that went wrong is kept. */
static void note(struct sink *sink, int ret, const struct error *err)
{
	if (ret && !*sink->failed)
		snprintf(sink->failed, sizeof(sink->failed), "%s", err->text);
}

void sinks_add(struct sinks *sinks, const struct suite_result *result)
{
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->list[i];
		struct error err = { "" };

		if (!*sink->failed)
			note(sink, suite_add(&sink->writer, result, &err), &err);
	}
}

void sinks_rate(struct sinks *sinks, const struct suite_rate *rate)
{
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->list[i];
		struct error err = { "" };

		if (!*sink->failed)
			note(sink, suite_add_rate(&sink->writer, rate, &err), &err);
	}
}

/* A run of which nothing is known is none. */
static int finish(struct sink *sink, struct error *err)
{
	if (!sink->history)
		return output_file_commit(&sink->file, err);
	if (!sink->writer.written)
		return 0;
	return sink->once ? history_append_once(sink->history, sink->line, sink->size, err)
			  : history_append(sink->history, sink->line, sink->size, err);
}

unsigned int sinks_end(struct sinks *sinks, const struct suite_counts *counts, double seconds,
		       bool interrupted, void (*complain)(const char *line))
{
	unsigned int bad = 0;

	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->list[i];
		struct error err = { "" };
		char line[ERROR_TEXT_SIZE + PATH_MAX + 64];
		int ret;

		if (suite_end(&sink->writer, counts, seconds, interrupted, &err) && !*sink->failed)
			snprintf(sink->failed, sizeof(sink->failed), "%s", err.text);
		if (fclose(sink->out) && sink->history && !*sink->failed)
			snprintf(sink->failed, sizeof(sink->failed), "out of memory");
		sink->out = NULL;
		ret = *sink->failed ? 0 : finish(sink, &err);
		if (ret == -EALREADY)
			complain(err.text);
		else
			note(sink, ret, &err);
		output_file_abandon(&sink->file);
		free(sink->line);
		if (!*sink->failed)
			continue;
		bad++;
		snprintf(line, sizeof(line), "the report %s is incomplete: %s",
			 strcmp(sink->file.name, "-") ? sink->file.name : "on standard output",
			 sink->failed);
		complain(line);
	}
	sinks->count = 0;
	return bad;
}

void sinks_abandon(struct sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++) {
		suite_abandon(&sinks->list[i].writer);
		if (sinks->list[i].out)
			fclose(sinks->list[i].out);
		output_file_abandon(&sinks->list[i].file);
		free(sinks->list[i].line);
	}
	sinks->count = 0;
}
