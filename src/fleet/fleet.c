/* How does `ktstr-launch test` run on Slurm? See fleet.h. */
#include "fleet/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "fleet/arguments.h"
#include "fleet/follow.h"
#include "fleet/job.h"
#include "run/invocation.h"
#include "suite/live.h"
#include "suite/retell.h"
#include "util/terminal.h"

struct fleet {
	const struct run_options *options;
	struct job job;
	struct followed followed;
	bool text, live, colour;
	unsigned int name_width;
};

/* What would send the job elsewhere than where it is asked for. */
static int check_cluster(struct error *err)
{
	const char *submit = getenv("SBATCH_CLUSTERS"), *all = getenv("SLURM_CLUSTERS");

	if (submit && *submit && (!all || strcmp(submit, all)))
		return error_set(
			err, -EINVAL,
			"--slurm: SBATCH_CLUSTERS is '%.100s', and only sbatch heeds that; "
			"set SLURM_CLUSTERS, which all of Slurm's commands heed",
			submit);
	if (all && (strchr(all, ',') || !strcmp(all, "all")))
		return error_set(err, -EINVAL,
				 "--slurm: SLURM_CLUSTERS is '%.100s', more than one cluster; name "
				 "one",
				 all);
	return 0;
}

static int check_sbatch_args(const char *line, struct error *err)
{
	struct arguments arguments;
	int ret = arguments_read(line, &arguments, err);

	if (!ret)
		arguments_destroy(&arguments);
	return ret;
}

int fleet_check(const struct run_options *options, struct error *err)
{
	const struct {
		bool said;
		const char *option, *why;
	} others[] = {
		{ options->shards, "--shard", "it makes the shards itself" },
		{ options->failed, "--failed", "nodes do not have that list; use --filter" },
		{ options->fail_fast, "--fail-fast", "nodes do not know of each other" },
		{ options->until_confident, "--until-confident", "give --repeat" },
		{ options->bisect, "--bisect", "it has the exit status of a test" },
	};

	if (options->attach && options->slurm)
		return error_set(
			err, -EINVAL,
			"--attach goes on with a job that there is, and --slurm makes a new "
			"one; leave one of them out");
	if (options->attach && options->operands)
		return error_set(err, -EINVAL,
				 "--attach takes no tests: the job has them; leave out '%.200s'",
				 options->operands[0]);
	if (!options->slurm && !options->attach && (options->nodes || options->sbatch_args))
		return error_set(err, -EINVAL, "%s goes with --slurm",
				 options->nodes ? "--nodes" : "--sbatch-args");
	for (size_t i = 0; options->slurm && i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].said)
			return error_set(err, -EINVAL, "%s does not go with --slurm: %s",
					 others[i].option, others[i].why);
	if (options->slurm && check_cluster(err))
		return -EINVAL;
	if (options->slurm && options->sbatch_args)
		return check_sbatch_args(options->sbatch_args, err);
	return 0;
}

unsigned int fleet_shards(size_t count, unsigned int nodes)
{
	size_t most = (size_t)nodes * FLEET_SHARDS_OF_NODE;

	return (unsigned int)(count < most ? count : most);
}

static void complain(const char *line)
{
	command_complain("test: %s", line);
}

static void on_note(void *data, const char *line)
{
	const struct fleet *fleet = data;

	live_clear(fleet->live);
	if (!fleet->options->quiet)
		complain(line);
}

static void on_result(void *data, const struct suite_result *result)
{
	const struct fleet *fleet = data;

	if (!fleet->text || (fleet->options->quiet && !outcome_is_bad(result->outcome)))
		return;
	live_clear(fleet->live);
	suite_text_result(stdout, result, fleet->name_width, fleet->colour);
	fflush(stdout);
}

static void on_progress(void *data, const struct suite_progress *progress)
{
	const struct fleet *fleet = data;

	if (fleet->live)
		live_show(progress);
}

/* A variant that no file has. */
static void on_missing(void *data, size_t index, struct suite_result *result)
{
	const struct fleet *fleet = data;
	const struct suite_planned *planned = &merge_plan(&fleet->followed.merge)->plan[index];
	struct follow_end *end = &fleet->followed.ends[planned->shard - 1];

	if (!*end->cause) {
		merge_why_missing(&fleet->followed.merge, index, end->cause);
		end->outcome = OUTCOME_ERROR;
	}
	result->outcome = end->outcome;
	result->cause = end->cause;
}

static double time_of(const struct timespec *time)
{
	return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* From the job's making to the last that was written of it, whenever that is looked at. */
static double seconds_of(const struct fleet *fleet)
{
	const struct merge *merge = &fleet->followed.merge;
	char path[PATH_MAX + 32];
	double begin, end;
	struct stat st;

	snprintf(path, sizeof(path), "%s/token", fleet->job.folder);
	if (stat(path, &st))
		return 0;
	begin = end = time_of(&st.st_mtim);
	for (size_t f = 0; f < merge->count; f++)
		if (!stat(merge->files[f]->path, &st) && time_of(&st.st_mtim) > end)
			end = time_of(&st.st_mtim);
	return end - begin;
}

static int submit(struct fleet *fleet, const char *out, const struct job_wish *wish,
		  struct error *err)
{
	char line[PATH_MAX + 256];
	int ret = job_make(&fleet->job, out, wish, err);

	if (ret)
		return ret;
	ret = job_submit(wish, &fleet->job, err);
	if (ret && !*fleet->job.number)
		job_remove(&fleet->job);
	if (ret)
		return ret;
	snprintf(
		line, sizeof(line),
		"job %s: %zu variants in %u shards, at most %u at once, in '%s'; --attach %s comes "
		"back to it",
		fleet->job.number, wish->part->count, wish->part->shards, wish->nodes,
		fleet->job.folder, fleet->job.number);
	on_note(fleet, line);
	return 0;
}

static int report(struct fleet *fleet, const struct sinks_wish *reports, struct error *err)
{
	const struct retell how = { .merge = &fleet->followed.merge,
				    .reports = *reports,
				    .quiet = fleet->options->quiet,
				    .said = true,
				    .seconds = seconds_of(fleet),
				    .missing = on_missing,
				    .data = fleet,
				    .complain = complain };
	struct suite_counts counts;
	int ret = retell(&how, &counts, err), status;

	if (ret < 0)
		return ret;
	status = command_suite_status(&counts, 0);
	return ret && !status ? COMMAND_CANNOT : status;
}

/* Returns the exit status or a negative errno. */
static int follow_it(struct fleet *fleet, const struct sinks_wish *reports, struct error *err)
{
	const struct follow_listener listener = {
		.data = fleet, .result = on_result, .note = on_note, .progress = on_progress
	};
	int signal_fd = invocation_signals(NULL, err), ret;

	if (signal_fd < 0)
		return signal_fd;
	ret = follow(&fleet->job, signal_fd, &listener, &fleet->followed, err);
	close(signal_fd);
	live_clear(fleet->live);
	if (!ret)
		return report(fleet, reports, err);
	if (ret > 0) {
		command_complain(
			"test: job %s goes on: `ktstr-launch test --attach %s` comes back to "
			"it, `scancel %s` ends it",
			fleet->job.number, fleet->job.folder, fleet->job.number);
		ret += 128;
	}
	return ret;
}

int fleet_run(const struct run_options *options, const char *out, const struct suite_part *part,
	      unsigned int nodes, bool own_tracer, const struct sinks_wish *reports)
{
	const struct job_wish wish = { options, part, nodes, own_tracer };
	struct fleet fleet = { .options = options,
			       .text = !sinks_use_stdout(reports),
			       .colour = terminal_wants_colour(STDOUT_FILENO) };
	struct error err = { "" };
	int ret;

	fleet.live = fleet.text && !options->quiet && live_wanted();
	for (size_t i = 0; part && i < part->count; i++)
		if (strlen(part->plan[i].name) > fleet.name_width)
			fleet.name_width = (unsigned int)strlen(part->plan[i].name);
	/* Hours later is too late to say that there is no such folder. */
	ret = sinks_try(reports, &err);
	if (!ret)
		ret = options->attach ? job_find(&fleet.job, out, options->attach, &err)
				      : submit(&fleet, out, &wish, &err);
	if (!ret)
		ret = follow_it(&fleet, reports, &err);
	if (ret < 0)
		command_complain("test: %s", err.text);
	followed_destroy(&fleet.followed);
	return ret < 0 ? COMMAND_CANNOT : ret;
}
