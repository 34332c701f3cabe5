/* ktstr-launch compare: what differs between the results of two suites, and how sure is that? */
#include <stdio.h>

#include "command.h"
#include "compare/asked.h"
#include "results/history.h"

#define DEFAULT_LAST 20

/* A file that is not whole is used as far as it goes, which is said. */
static int read_side(const char *path, struct results *results, struct error *err)
{
	int ret = results_read(path, results, err);

	if (!ret && *results->cut_off)
		command_complain("compare: warning: '%s': %s; what is there is compared", path,
				 results->cut_off);
	return ret;
}

static int compare_files(const struct run_options *options, const char *const *files,
			 struct error *err)
{
	struct results a = { 0 }, b = { 0 };
	int ret = read_side(files[0], &a, err);

	if (!ret)
		ret = read_side(files[1], &b, err);
	if (!ret)
		ret = compare_show(
			options, &(struct compare_source){ .name = files[0], .results = &a },
			&(struct compare_source){ .name = files[1], .results = &b }, err);
	results_destroy(&a);
	results_destroy(&b);
	return ret;
}

/* Where nothing is worse: is that all that the newest run was to tell? Returns the exit status. */
static int is_whole(const struct history *history, const char *path)
{
	const struct results *newest = &history->newest;

	if (history->lacks_last)
		command_complain("compare: '%s': its last line was cut off, so that the newest run "
				 "is missing, and the one before it was compared",
				 path);
	if (newest->interrupted)
		command_complain(
			"compare: the newest run of '%s', %.32s, was interrupted after %zu "
			"of %u results; of the others nothing is known",
			path, history->newest_time, newest->count, newest->planned);
	return history->lacks_last || newest->interrupted ? COMMAND_CANNOT : 0;
}

static int compare_history(const struct run_options *options, struct error *err)
{
	const char *path = options->history;
	unsigned int most = options->last ? options->last : DEFAULT_LAST;
	struct history history;
	int ret = history_read(path, most, &history, err);

	if (ret)
		return ret;
	if (history.cut_off)
		command_complain("compare: warning: '%s': %u of its lines were cut off, and are "
				 "passed over",
				 path, history.cut_off);
	ret = compare_show(options,
			   &(struct compare_source){ .name = path,
						     .results = &history.before,
						     .runs = history.runs,
						     .most = most,
						     .interrupted = history.interrupted,
						     .passed_over = history.cut_off,
						     .first = history.first_time,
						     .last = history.last_time },
			   &(struct compare_source){ .name = path,
						     .results = &history.newest,
						     .runs = 1,
						     .interrupted = history.newest.interrupted,
						     .passed_over = history.lacks_last,
						     .first = history.newest_time,
						     .last = history.newest_time },
			   err);
	if (!ret)
		ret = is_whole(&history, path);
	history_destroy(&history);
	return ret;
}

int cmd_compare(const struct run_options *options)
{
	const char *const *files = options->operands;
	struct error err = { "" };
	int ret;

	if (compare_check(options, &err))
		return command_misused("compare", "%s", err.text);
	if (options->history && files)
		return command_misused("compare", "--history takes no other file; leave out '%s'",
				       files[0]);
	if (options->last && !options->history)
		return command_misused("compare", "--last goes with --history");
	if (options->last > HISTORY_MAX_RUNS)
		return command_misused("compare", "--last %u: at most %d runs", options->last,
				       HISTORY_MAX_RUNS);
	if (!options->history && (!files || !files[1] || files[2]))
		return command_misused("compare", "give two files of `test --json`, the baseline "
						  "first, or --history FILE");
	ret = options->history ? compare_history(options, &err)
			       : compare_files(options, files, &err);
	if (ret < 0) {
		command_complain("compare: %s", err.text);
		ret = COMMAND_CANNOT;
	}
	return ret;
}
