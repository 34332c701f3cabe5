/* ktstr-launch report: one file to look at, made of what a run or a suite left. */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
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
		ret = page_write(page, title, suite, out, err);
		if ((ferror(out) | fclose(out)) && !ret)
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

static int report(const struct run_options *options, char *path, struct error *err)
{
	char title[NAME_MAX + 64];
	struct json_object *suite = NULL;
	struct page page;
	int ret = page_begin(&page, err);

	if (!ret)
		ret = given_gather(&page, *options->operands, title, path, &suite, err);
	if (!ret && options->page_file)
		snprintf(path, PATH_MAX, "%s", options->page_file);
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
	if (report(options, path, &err)) {
		command_complain("report: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (!strcmp(path, "-"))
		return 0;
	puts(path);
	return options->open ? open_page(path) : 0;
}
