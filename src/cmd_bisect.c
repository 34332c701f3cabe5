/* ktstr-launch bisect: which commit brought a fault that may show only now and then? */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bisect/report.h"
#include "bisect/search.h"
#include "command.h"
#include "run/invocation.h"
#include "util/cancel.h"

static void say(const char *line)
{
	command_complain("bisect: %s", line);
}

/*
 * The folder is named by both ends, and HEAD is not where it was after a new commit: who meant to
 * go on with an earlier one is told.
 */
static void mention_others(const struct bisect_search *search)
{
	char pattern[sizeof(search->git.common) + GIT_NAME_SIZE + 32];
	glob_t found;

	if (search->resumed || search->wish.folder)
		return;
	snprintf(pattern, sizeof(pattern), "%s/ktstr-bisect/%.*s..*", search->git.common, GIT_SHORT,
		 search->good);
	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (strcmp(found.gl_pathv[i], search->folder) != 0)
			command_complain("bisect: this one is new; another one from the same good "
					 "commit is in %s; give the commit at its end as --bad to "
					 "continue that",
					 found.gl_pathv[i]);
	globfree(&found);
}

/* Returns the exit status. */
static int finish(struct bisect_search *search, int end, int signal_fd, const struct error *err)
{
	if (end < 0)
		command_complain("bisect: %s", err->text);
	/* Also after an error: what is known by then. */
	if (end >= 0 || end == -EINTR || end == -ECANCELED)
		bisect_report_print(stdout, search, end);
	if (end == -EINTR) {
		command_complain("bisect: run the same command again to continue");
		return 128 + cancel_take(signal_fd);
	}
	if (end < 0)
		return COMMAND_CANNOT;
	return end == BISECT_FOUND ? 0 : 1;
}

int cmd_bisect(const struct run_options *options)
{
	struct bisect_wish wish = {
		.repository = options->bisect_repository ? options->bisect_repository : ".",
		.good = options->bisect_good,
		.bad = options->bisect_bad ? options->bisect_bad : "HEAD",
		.build = options->bisect_build,
		.test = options->operands,
		.folder = options->bisect_folder,
		.confidence = options->confidence,
		.false_positive = options->false_positive,
		.build_cost = options->build_cost,
		.max_runs = options->max_runs,
		.first_parent = options->first_parent,
		.say = options->quiet ? NULL : say,
	};
	struct bisect_search search;
	struct error err = { "" };
	int status, ret;

	if (!options->operands)
		return command_misused("bisect", "no test command given");
	if (!wish.good)
		return command_misused("bisect", "--good is needed: a commit without the fault");
	wish.cancel_fd = invocation_signals(NULL, &err);
	if (wish.cancel_fd < 0) {
		command_complain("bisect: %s", err.text);
		return COMMAND_CANNOT;
	}
	ret = bisect_search_open(&search, &wish, &err);
	if (ret) {
		command_complain("bisect: %s", err.text);
		status = ret == -EINTR ? 128 + cancel_take(wish.cancel_fd) : COMMAND_CANNOT;
	} else {
		if (search.resumed && !options->quiet)
			command_complain("bisect: going on after %u runs, see %s", search.resumed,
					 search.folder);
		if (!options->quiet)
			mention_others(&search);
		ret = bisect_search_go(&search, &err);
		status = finish(&search, ret, wish.cancel_fd, &err);
	}
	bisect_search_destroy(&search);
	close(wish.cancel_fd);
	return status;
}
