/* Where do the reports of a suite go, beside the text for people? See sinks.h. */
#include "suite/sinks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "page/suite_html.h"

int sinks_check(const struct sinks_wish *wish, struct error *err)
{
	const struct {
		const char *option, *path;
	} files[] = { { "--junit", wish->junit },
		      { "--json", wish->json },
		      { "--html", wish->html } };
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
	for (size_t i = 0; i < 3; i++) {
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

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

bool sinks_use_stdout(const struct sinks_wish *wish)
{
	return wish->tap || wish->ktap || is_stdout(wish->junit) || is_stdout(wish->json) ||
	       is_stdout(wish->html);
}

int sinks_try(const struct sinks_wish *wish, struct error *err)
{
	const char *const paths[] = { wish->junit, wish->json, wish->html };
	struct output_file file;
	struct stat st;

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

int sinks_open(struct sinks *sinks, const struct sinks_wish *wish, unsigned int planned,
	       const struct suite_part *part, struct error *err)
{
	int ret = 0;

	*sinks = (struct sinks){ 0 };
	if (wish->tap || wish->ktap)
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

unsigned int sinks_end(struct sinks *sinks, const struct suite_counts *counts, double seconds,
		       bool interrupted, void (*complain)(const char *line))
{
	unsigned int bad = 0;

	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->list[i];
		struct error err = { "" };
		char line[ERROR_TEXT_SIZE + PATH_MAX + 64];

		if (suite_end(&sink->writer, counts, seconds, interrupted, &err) && !*sink->failed)
			snprintf(sink->failed, sizeof(sink->failed), "%s", err.text);
		fclose(sink->out);
		sink->out = NULL;
		if (!*sink->failed && output_file_commit(&sink->file, &err))
			snprintf(sink->failed, sizeof(sink->failed), "%s", err.text);
		output_file_abandon(&sink->file);
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
	}
	sinks->count = 0;
}
