/* Which variants were bad the last time? See last_failed.h. */
#include "suite/last_failed.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"

#define FILE_NAME "last-failed"

/* The suite that ran now. */
struct now {
	const struct suite_result *results;
	const struct variant *const *variants;
	size_t count;
};

/* Cut a text into its lines. */
static char **split_lines(char *text)
{
	size_t count = 0, used = 0;
	char **lines;

	for (const char *c = text; *c; c++)
		count += *c == '\n';
	lines = calloc(count + 2, sizeof(*lines));
	for (char *line = strtok(text, "\n"); lines && line; line = strtok(NULL, "\n"))
		lines[used++] = line;
	return lines;
}

/* Returns 0 or -errno; names stays NULL for an empty file. */
static int read_names(struct last_failed *last, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int ret = 0;

	*last = (struct last_failed){ 0 };
	if (!file)
		return -errno;
	if (getdelim(&last->text, &size, '\0', file) > 0) {
		last->names = split_lines(last->text);
		ret = last->names ? 0 : -ENOMEM;
	} else if (ferror(file)) {
		ret = -errno;
	}
	fclose(file);
	return ret;
}

int last_failed_read(struct last_failed *last, const char *folder, struct error *err)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
	ret = read_names(last, path);
	if (ret)
		return error_set(err, ret,
				 "--failed: '%s': %s; it is written by each run of `test`", path,
				 strerror(-ret));
	if (!last->names)
		return error_set(err, -ENODATA, "--failed: nothing failed the last time ('%s')",
				 path);
	return 0;
}

void last_failed_destroy(struct last_failed *last)
{
	free(last->names);
	free(last->text);
	*last = (struct last_failed){ 0 };
}

static bool is_to_remember(const struct suite_result *result)
{
	return outcome_is_bad(result->outcome) || result->outcome == OUTCOME_NOT_RUN;
}

/* Has what is called so run, and is none of its rounds to be remembered? A skip has not run. */
static bool went_well(const struct now *now, const char *name)
{
	bool ran = false;

	for (size_t i = 0; i < now->count; i++) {
		if (!variant_is_called(now->variants[i], name))
			continue;
		if (is_to_remember(&now->results[i]))
			return false;
		ran = ran || now->results[i].outcome != OUTCOME_SKIP;
	}
	return ran;
}

/* Is it in the list already, by this name or by that in a suite of several kernels? */
static bool is_remembered(const struct now *now, char **names, size_t result)
{
	for (; names && *names; names++)
		if (variant_is_called(now->variants[result], *names))
			return true;
	for (size_t i = 0; i < result; i++)
		if (is_to_remember(&now->results[i]) &&
		    !strcmp(now->results[i].name, now->results[result].name))
			return true;
	return false;
}

static int write_names(const struct now *now, char **old, const char *path, struct error *err)
{
	char temporary[PATH_MAX + 32], *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int ret;

	if (!file)
		return error_set(err, -ENOMEM, "out of memory");
	for (char **name = old; name && *name; name++)
		if (!went_well(now, *name))
			fprintf(file, "%s\n", *name);
	for (size_t i = 0; i < now->count; i++)
		if (is_to_remember(&now->results[i]) && !is_remembered(now, old, i))
			fprintf(file, "%s\n", now->results[i].name);
	snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
	ret = fclose(file) ? error_set(err, -ENOMEM, "out of memory")
			   : file_write_new(temporary, text, size, 0644, err);
	if (!ret && rename(temporary, path)) {
		ret = error_set(err, -errno, "%s", strerror(errno));
		unlink(temporary);
	}
	free(text);
	return ret;
}

int last_failed_write(const char *folder, const struct suite_result *results,
		      const struct variant *const *variants, size_t count, struct error *err)
{
	const struct now now = { results, variants, count };
	struct error wrong = { "" };
	struct last_failed old;
	char path[PATH_MAX];
	bool any = false;
	int ret;

	snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
	ret = read_names(&old, path);
	for (size_t i = 0; i < count; i++)
		any = any || is_to_remember(&results[i]);
	if (ret == -ENOENT && !any)
		return 0;
	if (ret && ret != -ENOENT)
		error_set(&wrong, ret, "%s", strerror(-ret));
	else
		ret = file_make_dirs(folder, &wrong);
	if (!ret)
		ret = write_names(&now, old.names, path, &wrong);
	last_failed_destroy(&old);
	return ret ? error_set(err, ret,
			       "'%s' could not be written: %s; --failed will not know of this run",
			       path, wrong.text)
		   : 0;
}
