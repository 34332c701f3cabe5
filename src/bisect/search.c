/* How is the commit looked for? See search.h. */
#include "bisect/search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/file.h"
#include "util/process.h"
#include "util/shell_quote.h"
#include "verdict/bisect.h"
#include "verdict/verdict.h"

/* A run may tell nothing by chance, a busy host's; so many in a row are the commit's doing. */
#define MAX_SKIPS 3

#define LOG_PATH_SIZE (PATH_MAX + 64)

/* Before both a build and a run were measured. */
#define FIRST_BUILD_COST 10

static void say(const struct bisect_search *search, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct bisect_search *search, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!search->wish.say)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	search->wish.say(line);
}

/* --- what was seen ---------------------------------------------------------------------------- */

static void add_time(struct bisect_time *time, double seconds)
{
	time->count++;
	time->seconds += seconds;
}

static void learn(struct bisect_search *search, size_t commit, const struct observation_line *line)
{
	struct bisect_tally *tally = &search->model.tallies[commit];

	switch (line->what) {
	case OBSERVED_BUILT:
		add_time(&search->builds, line->seconds);
		return;
	case OBSERVED_UNBUILDABLE:
		add_time(&search->builds, line->seconds);
		bisect_model_drop(&search->model, commit);
		return;
	case OBSERVED_SKIP:
		search->all_skips[commit]++;
		if (++search->skips[commit] >= MAX_SKIPS)
			bisect_model_drop(&search->model, commit);
		break;
	case OBSERVED_GOOD:
		tally->good++;
		search->skips[commit] = 0;
		break;
	case OBSERVED_BAD:
		tally->bad++;
		search->skips[commit] = 0;
		break;
	}
	add_time(&search->runs, line->seconds);
}

/* For bisect_state_open. */
static int take_line(void *data, const struct observation_line *line, struct error *err)
{
	struct bisect_search *search = data;

	for (size_t i = 0; i < search->history.count; i++) {
		if (strcmp(search->history.list[i].name, line->commit) != 0)
			continue;
		learn(search, i, line);
		return 0;
	}
	return error_set(err, -EINVAL,
			 "commit %.12s is none of those between the two ends (of another "
			 "--first-parent?); give another --state",
			 line->commit);
}

/* --- begin and end ---------------------------------------------------------------------------- */

static int open_history(struct bisect_search *search, struct error *err)
{
	const struct bisect_wish *wish = &search->wish;
	const struct git_history *history = &search->history;
	int ret = git_open(&search->git, wish->repository, wish->cancel_fd, err);

	if (!ret)
		ret = git_resolve(&search->git, wish->good, search->good, err);
	if (!ret)
		ret = git_resolve(&search->git, wish->bad, search->bad, err);
	if (!ret)
		ret = git_history_read(&search->git, search->good, search->bad, wish->first_parent,
				       BISECT_MAX_COMMITS, &search->history, err);
	if (ret)
		return ret;
	search->skips = calloc(history->count, sizeof(*search->skips));
	search->all_skips = calloc(history->count, sizeof(*search->all_skips));
	if (!search->skips || !search->all_skips ||
	    bisect_model_init(&search->model, history->count, wish->false_positive))
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < history->count; i++)
		for (size_t j = 0; j < history->list[i].nr_parents; j++)
			bisect_model_parent(&search->model, i, history->list[i].parents[j]);
	return 0;
}

/* Absolute: commands run elsewhere. */
static int name_folders(struct bisect_search *search, struct error *err)
{
	const char *given = search->wish.folder;
	char here[PATH_MAX] = "";
	int length;

	if (given && *given != '/' && !getcwd(here, sizeof(here)))
		return error_set(err, -errno, "the current folder: %s", strerror(errno));
	if (given)
		length = snprintf(search->folder, sizeof(search->folder), "%s%s%s", here,
				  *here ? "/" : "", given);
	else
		length = snprintf(search->folder, sizeof(search->folder),
				  "%s/ktstr-bisect/%.*s..%.*s", search->git.common, GIT_SHORT,
				  search->good, GIT_SHORT, search->bad);
	/* Names of logs fit behind it. */
	if (length > PATH_MAX - 100)
		return error_set(err, -ENAMETOOLONG, "--state: its path is too long");
	snprintf(search->tree, sizeof(search->tree), "%s/tree", search->folder);
	return 0;
}

int bisect_search_open(struct bisect_search *search, const struct bisect_wish *wish,
		       struct error *err)
{
	struct bisect_subject subject;
	char *test;
	int ret;

	*search = (struct bisect_search){ .wish = *wish, .built = BISECT_NONE, .state.fd = -1 };
	ret = open_history(search, err);
	if (!ret)
		ret = name_folders(search, err);
	if (ret)
		return ret;
	test = shell_quote(wish->test);
	if (!test)
		return error_set(err, -ENOMEM, "out of memory");
	subject = (struct bisect_subject){ .good = search->good,
					   .bad = search->bad,
					   .build = wish->build ? wish->build : "",
					   .test = test };
	ret = bisect_state_open(&search->state, search->folder, &subject, take_line, search, err);
	free(test);
	search->resumed = search->runs.count;
	return ret;
}

void bisect_search_destroy(struct bisect_search *search)
{
	if (search->state.fd >= 0)
		bisect_state_close(&search->state);
	bisect_model_destroy(&search->model);
	git_history_free(&search->history);
	free(search->skips);
	free(search->all_skips);
}

/* --- a step ----------------------------------------------------------------------------------- */

/* A new file for what a command prints. Returns a descriptor or a negative errno. */
static int open_log(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666),
	    code = errno;

	return fd >= 0 ? fd : error_set(err, -code, "'%s': %s", path, strerror(code));
}

/*
 * Run a command of the user's in our tree, @log its output. Returns 0, as a shell says it the
 * status in @status, or a negative errno with a message.
 */
static int run_command(struct bisect_search *search, size_t commit, const char *const *argv,
		       const char *log, int *status, double *seconds, struct error *err)
{
	char name[GIT_NAME_SIZE + 32], from[PATH_MAX + 32], here[PATH_MAX];
	const char *const variables[] = { name, from, NULL };
	struct process process = { .argv = argv,
				   .folder = search->tree,
				   .cancel_fd = search->wish.cancel_fd,
				   .variables = variables };
	uint64_t begin;
	int ret, fd = open_log(log, err);

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "KTSTR_BISECT_COMMIT=%s", search->history.list[commit].name);
	snprintf(from, sizeof(from), "KTSTR_BISECT_FROM=%s",
		 getcwd(here, sizeof(here)) ? here : "");
	process.out_fd = process.err_fd = fd;
	begin = now_ns();
	ret = process_run(&process, status, err);
	*seconds = (double)(now_ns() - begin) / 1e9;
	close(fd);
	if (!ret)
		*status = WIFSIGNALED(*status) ? EXIT_SIGNAL_BASE + WTERMSIG(*status)
					       : WEXITSTATUS(*status);
	return ret;
}

static int record(struct bisect_search *search, size_t commit, enum observed what, int status,
		  double seconds, struct error *err)
{
	struct observation_line line = { .what = what, .status = status, .seconds = seconds };
	int ret;

	snprintf(line.commit, sizeof(line.commit), "%s", search->history.list[commit].name);
	ret = bisect_state_add(&search->state, &line, err);
	if (!ret)
		learn(search, commit, &line);
	return ret;
}

static int make_log_folder(const struct bisect_search *search, struct error *err)
{
	char path[LOG_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/logs", search->folder);
	return file_make_dirs(path, err);
}

/* The commit into our tree, and built; what cannot be built is learned. */
static int build(struct bisect_search *search, size_t commit, struct error *err)
{
	const char *const argv[] = { "sh", "-c", search->wish.build, NULL };
	const char *name = search->history.list[commit].name;
	char log[LOG_PATH_SIZE], subject[200];
	double seconds = 0;
	int status = 0, ret;

	git_subject(&search->git, name, subject, sizeof(subject));
	say(search, "%.*s: %s: %s", GIT_SHORT, name,
	    search->wish.build ? "building" : "checking out", subject);
	search->built = BISECT_NONE;
	ret = git_checkout(&search->git, search->tree, name, err);
	if (!ret)
		ret = make_log_folder(search, err);
	if (ret)
		return ret;
	if (search->wish.build) {
		snprintf(log, sizeof(log), "%s/logs/%.*s-build.log", search->folder, GIT_SHORT,
			 name);
		ret = run_command(search, commit, argv, log, &status, &seconds, err);
		if (ret)
			return ret;
	}
	/* make is missing, memory is out: that is no fault of the commit's. */
	if (status >= EXIT_NOT_EXECUTABLE)
		return error_set(err, -ECANCELED,
				 "the build ended with status %d on %.*s (see %s): a command that "
				 "cannot be run (126, 127), or a signal (128 and its number); the "
				 "commit is not dropped for that",
				 status, GIT_SHORT, name, log);
	if (status) {
		say(search, "%.*s: cannot be built (status %d, see %s)", GIT_SHORT, name, status,
		    log);
		return record(search, commit, OBSERVED_UNBUILDABLE, status, seconds, err);
	}
	search->built = commit;
	return record(search, commit, OBSERVED_BUILT, 0, seconds, err);
}

static void say_run(const struct bisect_search *search, size_t commit, const char *what, int status,
		    double seconds)
{
	const struct bisect_tally *tally = &search->model.tallies[commit];

	say(search, "run %u: %.*s is %s (status %d, %.1f s); of it %u bad, %u good",
	    search->runs.count, GIT_SHORT, search->history.list[commit].name, what, status, seconds,
	    tally->bad, tally->good);
}

/* As `git bisect run` takes a status: what it stands for. */
static int test(struct bisect_search *search, size_t commit, struct error *err)
{
	const char *name = search->history.list[commit].name;
	enum observed what;
	char log[LOG_PATH_SIZE];
	double seconds;
	int status, ret;

	snprintf(log, sizeof(log), "%s/logs/%.*s-run%u.log", search->folder, GIT_SHORT, name,
		 search->runs.count + 1);
	ret = run_command(search, commit, search->wish.test, log, &status, &seconds, err);
	if (ret == -ENOENT || ret == -EACCES)
		return error_prefix(err, ret, "the test");
	if (ret)
		return ret;
	if (status > 127)
		return error_set(err, -ECANCELED,
				 "the test ended with status %d on %.*s (see %s); 0 is good, 1 to "
				 "127 bad, 125 skip, and all above ends a bisection; `ktstr-launch "
				 "run --bisect` gives none of these",
				 status, GIT_SHORT, name, log);
	if ((status == EXIT_NOT_FOUND || status == EXIT_NOT_EXECUTABLE) && !search->odd_status) {
		search->odd_status = true;
		say(search,
		    "status %d is a shell's for a command that it cannot run; it is taken "
		    "as bad, as `git bisect run` does; see %s",
		    status, log);
	}
	what = status == BISECT_GOOD   ? OBSERVED_GOOD
	       : status == BISECT_SKIP ? OBSERVED_SKIP
				       : OBSERVED_BAD;
	ret = record(search, commit, what, status, seconds, err);
	if (!ret)
		say_run(search, commit,
			what == OBSERVED_GOOD  ? "good"
			: what == OBSERVED_BAD ? "bad"
					       : "skipped",
			status, seconds);
	return ret;
}

/* A build in runs. */
static double build_cost(const struct bisect_search *search)
{
	const struct bisect_time *builds = &search->builds, *runs = &search->runs;

	if (search->wish.build_cost >= 0)
		return search->wish.build_cost;
	if (!search->wish.build)
		return 0;
	if (!builds->count || !runs->count || runs->seconds <= 0)
		return FIRST_BUILD_COST;
	return builds->seconds / builds->count / (runs->seconds / runs->count);
}

static bool any_bad(const struct bisect_model *model)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->tallies[i].bad)
			return true;
	return false;
}

int bisect_search_go(struct bisect_search *search, struct error *err)
{
	struct bisect_model *model = &search->model;

	for (;;) {
		double probability;
		size_t commit;
		int ret = bisect_model_update(model);

		if (ret == -ERANGE)
			return error_set(err, ret,
					 "bad runs on commits that have none of the candidates in "
					 "common: the good end is bad, there are two faults, or "
					 "the test fails by chance; see --false-positive");
		if (ret)
			return error_set(err, ret, "out of memory");
		bisect_model_best(model, &probability);
		if (any_bad(model) && probability >= search->wish.confidence)
			return BISECT_FOUND;
		if (search->runs.count >= search->wish.max_runs)
			return BISECT_OUT_OF_RUNS;
		commit = bisect_model_choose(model, search->built, build_cost(search));
		if (commit == BISECT_NONE)
			return BISECT_NOTHING_TO_TELL;
		ret = commit == search->built ? test(search, commit, err)
					      : build(search, commit, err);
		if (ret)
			return ret;
	}
}
