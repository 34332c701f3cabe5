/* ktstr-launch report: one file to look at, made of what a run or a suite left. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "page/given.h"
#include "util/output_file.h"

static int write_file(struct page *page, const char *title, struct json_object *suite,
		      const char *path, struct error *err)
{
	struct output_file file;
	FILE *out;
	int ret = output_file_open(&file, path, err), fd;

	if (ret)
		return ret;
	fd = dup(file.fd);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		ret = error_set(err, -errno, "writing '%s': %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	} else {
		bool bad;

		ret = page_write(page, title, suite, out, err);
		bad = ferror(out);
		if ((fclose(out) || bad) && !ret)
			ret = error_set(err, -EIO, "writing '%s': %s", path, strerror(errno));
	}
	if (!ret)
		ret = output_file_commit(&file, err);
	output_file_abandon(&file);
	return ret;
}

/* The desktop's own way to open a file; becomes it. */
static int open_page(const char *path)
{
	fflush(stdout);
	execlp("xdg-open", "xdg-open", path, (char *)NULL);
	command_complain("report: opening '%s': xdg-open: %s; open it in a browser", path,
			 strerror(errno));
	return COMMAND_CANNOT;
}

/*
 * Nobody named the page's file, so only a page of ours is replaced there. Returns 0, or -EEXIST.
 */
static int may_replace(const char *path, struct error *err)
{
	char begin[PAGE_BEGIN_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, begin, sizeof(begin));
	bool missing = fd < 0 && errno == ENOENT;

	if (fd >= 0)
		close(fd);
	if (missing || (size > 0 && page_begins(begin, (size_t)size)))
		return 0;
	return error_set(
		err, -EEXIST,
		"'%s': is there and no page of this command; say with -o where the page goes",
		path);
}

/* Whether standard output is the file itself, as with -o /dev/stdout. */
static bool is_stdout(const char *path)
{
	struct stat file, out;

	return !strcmp(path, "-") || (!stat(path, &file) && !fstat(STDOUT_FILENO, &out) &&
				      file.st_dev == out.st_dev && file.st_ino == out.st_ino);
}

static int report(const struct run_options *options, char *path, struct error *err)
{
	char title[NAME_MAX + 64];
	struct json_object *suite = NULL;
	struct page page;
	int ret = page_begin(&page, err);

	if (!ret)
		ret = given_gather(&page, *options->operands, title, path, &suite, err);
	if (!ret && options->page_file &&
	    snprintf(path, PATH_MAX, "%s", options->page_file) >= PATH_MAX)
		ret = error_set(err, -ENAMETOOLONG, "-o '%.60s...': %s", options->page_file,
				strerror(ENAMETOOLONG));
	if (!ret && !options->page_file)
		ret = may_replace(path, err);
	if (!ret)
		ret = write_file(&page, title, suite, path, err);
	json_object_put(suite);
	page_end(&page);
	return ret;
}

int cmd_report(const struct run_options *options)
{
	struct error err = { "" };
	char path[PATH_MAX];

	if (!options->operands)
		return command_misused("report",
				       "give a run's folder, a failure dump, a result file, a "
				       "suite's results or a trace");
	if (options->operands[1])
		return command_misused("report", "'%s': it makes a page of one thing at a time",
				       options->operands[1]);
	if (options->open && options->page_file && is_stdout(options->page_file))
		return command_misused(
			"report",
			"--open needs a file: '%s' is standard output; leave one of them out",
			options->page_file);
	if (report(options, path, &err)) {
		command_complain("report: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (is_stdout(path))
		return 0;
	puts(path);
	return options->open ? open_page(path) : 0;
}
