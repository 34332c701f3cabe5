/* Which variants were bad the last time? See last_failed.h. */
#include "suite/last_failed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/file.h"

#define FILE_NAME "last-failed"

#define UNWRITTEN "'%s' could not be written: %s; --failed will not know of this run"

/* The suite that ran now. */
struct now {
	const struct suite_result *results;
	const struct variant *const *variants;
	size_t count;
};

/* A test's file that is not there any more: it was removed, or has another name now. */
static bool is_gone(const char *path)
{
	return *path && access(path, F_OK) && errno == ENOENT;
}

/* Cut the list into its lines, and these at their tab; without those whose test is gone. */
static int split_lines(struct last_failed *last)
{
	size_t count = 0, used = 0;

	for (const char *c = last->text; *c; c++)
		count += *c == '\n';
	last->names = calloc(count + 2, sizeof(*last->names));
	last->paths = calloc(count + 2, sizeof(*last->paths));
	if (!last->names || !last->paths)
		return -ENOMEM;
	for (char *line = strtok(last->text, "\n"); line; line = strtok(NULL, "\n")) {
		char *tab = strchr(line, '\t');

		if (tab)
			*tab++ = '\0';
		if (tab && is_gone(tab))
			continue;
		last->names[used] = line;
		last->paths[used++] = tab ? tab : line + strlen(line);
	}
	return 0;
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
		ret = split_lines(last);
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
	if (!last->names || !*last->names)
		return error_set(err, -ENODATA, "--failed: nothing failed the last time ('%s')",
				 path);
	return 0;
}

void last_failed_destroy(struct last_failed *last)
{
	free(last->names);
	free(last->paths);
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

static int write_names(const struct now *now, const struct last_failed *old, const char *path,
		       struct error *err)
{
	char temporary[PATH_MAX + 32], *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int ret;

	if (!file)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; old->names && old->names[i]; i++)
		if (!went_well(now, old->names[i]))
			fprintf(file, "%s\t%s\n", old->names[i], old->paths[i]);
	for (size_t i = 0; i < now->count; i++) {
		const char *test = now->variants[i]->test->path;

		/* A path that is no line is not known. */
		if (is_to_remember(&now->results[i]) && !is_remembered(now, old->names, i))
			fprintf(file, "%s\t%s\n", now->results[i].name,
				strchr(test, '\n') ? "" : test);
	}
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

/*
 * The folder itself is what is locked: no file more. Without a lock, on a file system that has
 * none, all is as ever but for suites that end at the same moment.
 */
static int lock_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

int last_failed_write(const char *folder, const struct suite_result *results,
		      const struct variant *const *variants, size_t count, struct error *err)
{
	const struct now now = { results, variants, count };
	struct error wrong = { "" };
	struct last_failed old;
	char path[PATH_MAX];
	bool any = false;
	int lock, ret;

	snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
	for (size_t i = 0; i < count; i++)
		any = any || is_to_remember(&results[i]);
	if (!any && access(path, F_OK) && errno == ENOENT)
		return 0;
	ret = file_make_dirs(folder, &wrong);
	if (ret)
		return error_set(err, ret, UNWRITTEN, path, wrong.text);
	/* From reading to writing: what another suite adds between the two would be lost. */
	lock = lock_folder(folder);
	ret = read_names(&old, path);
	if (ret && ret != -ENOENT)
		error_set(&wrong, ret, "%s", strerror(-ret));
	else
		ret = write_names(&now, &old, path, &wrong);
	if (lock >= 0)
		close(lock);
	last_failed_destroy(&old);
	return ret ? error_set(err, ret, UNWRITTEN, path, wrong.text) : 0;
}
