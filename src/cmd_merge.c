/* ktstr-launch merge: the result files of a suite's shards become the reports of the whole suite.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "command.h"
#include "results/gather.h"
#include "results/merge.h"
#include "suite/retell.h"

static void complain(const char *line)
{
	command_complain("merge: %s", line);
}

static void note(void *data, const char *line)
{
	const struct run_options *options = data;

	if (!options->quiet)
		complain(line);
}

static struct sinks_wish wish_of(const struct run_options *options)
{
	return (struct sinks_wish){ .tap = options->tap,
				    .ktap = options->ktap,
				    .junit = options->junit,
				    .json = options->json,
				    .html = options->html,
				    .history = options->history };
}

static bool is_same(const char *a, const char *b)
{
	struct stat x, y;

	return a && !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A report that goes where a result file lies would take its place, and the shard be lost. */
static int refuse_report(const struct sinks_wish *wish, const char *path, struct error *err)
{
	if (!is_same(wish->json, path) && !is_same(wish->junit, path) && !is_same(wish->html, path))
		return 0;
	return error_set(err, -EINVAL,
			 "'%.500s' is among what is merged, and a report is to go there; give the "
			 "report another place, or remove an older one",
			 path);
}

/* One whose writer died before it said of which suite it is lacks all its results. */
static int add_file(const struct run_options *options, struct merge *merge, const char *path,
		    struct error *err)
{
	char line[ERROR_TEXT_SIZE + 64];
	int ret = merge_add(merge, path, err);

	if (ret != -ENODATA)
		return ret;
	snprintf(line, sizeof(line), "%s; it is passed over", err->text);
	note((void *)options, line);
	return 0;
}

static int read_all(const struct run_options *options, struct merge *merge, struct error *err)
{
	struct gathered gathered = { 0 };
	const struct sinks_wish wish = wish_of(options);
	int ret = 0;

	for (const char *const *path = options->operands; !ret && *path; path++)
		ret = gather_results(*path, &gathered, note, (void *)options, err);
	for (size_t i = 0; !ret && i < gathered.count; i++)
		ret = refuse_report(&wish, gathered.paths[i], err);
	for (size_t i = 0; !ret && i < gathered.count; i++)
		ret = add_file(options, merge, gathered.paths[i], err);
	gathered_destroy(&gathered);
	return ret ? ret : merge_choose(merge, note, (void *)options, err);
}

int cmd_merge(const struct run_options *options)
{
	struct retell how = { .reports = wish_of(options),
			      .quiet = options->quiet,
			      .seconds = -1,
			      .complain = complain };
	struct suite_counts counts;
	struct error err = { "" };
	struct merge merge = { 0 };
	int ret, status;

	if (!options->operands)
		return command_misused("merge", "give result files of `test --shard I/N --json "
						"FILE`, or folders with them");
	if (sinks_check(&how.reports, &err))
		return command_misused("merge", "%s", err.text);
	ret = read_all(options, &merge, &err);
	how.merge = &merge;
	if (!ret)
		ret = retell(&how, &counts, &err);
	if (ret < 0) {
		command_complain("merge: %s", err.text);
		status = COMMAND_CANNOT;
	} else {
		status = command_suite_status(&counts, 0);
		if (ret && !status)
			status = COMMAND_CANNOT;
	}
	merge_destroy(&merge);
	return status;
}
