/*
 * ktstr-work: loads of a known shape, what the scheduler did with them, and whether that is right.
 * The words of the command line are a plan, a crew runs it, its records become statistics, those a
 * report and verdicts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "crew.h"
#include "report.h"

enum exit_status { EXIT_HOLDS, EXIT_FAILS, EXIT_CANNOT, EXIT_INCONCLUSIVE };

struct work {
	struct places places;
	struct work_plan plan;
	struct work_check checks[PLAN_MAX_CHECKS];
	struct work_cost cost;
	struct work_stats *stats[TASK_WINDOWS];
};

/*
 * To the harness, whose file $KTSTR_WORK_SAYS names: our exit status may never reach it. One write,
 * as others may append to it at the same time.
 */
static void say(const char *word, const char *text)
{
	const char *path = getenv("KTSTR_WORK_SAYS");
	char line[sizeof(((struct failure *)NULL)->text) + 32];
	int length, fd;

	if (!path || !*path)
		return;
	length = snprintf(line, sizeof(line) - 1, "%s %s", word, text);
	if (length > (int)sizeof(line) - 2)
		length = (int)sizeof(line) - 2;
	line[length++] = '\n';
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		fprintf(stderr, "ktstr-work: KTSTR_WORK_SAYS: cannot write '%s': %s\n", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
}

static int complain(const struct failure *failure, int code)
{
	fflush(stdout);
	fprintf(stderr, "ktstr-work: %s\n", failure->text);
	/* Who ends a load in mid-run knows it. */
	if (code != -EINTR)
		say("error", failure->text);
	return EXIT_CANNOT;
}

static int append_metrics(const struct work *work, struct failure *failure)
{
	const char *path = getenv("KTSTR_METRICS");
	FILE *out;

	if (!path || !*path)
		return 0;
	out = fopen(path, "ae");
	for (uint32_t i = 0; out && i < work_plan_windows(&work->plan); i++)
		report_metrics(out, work->stats[i]);
	if (!out || fclose(out))
		return failure_set(failure, -errno, "KTSTR_METRICS: cannot write '%s': %s", path,
				   strerror(errno));
	return 0;
}

/* What a check, or a group's silence, comes to. @line: with its word, as check_decide has it. */
static void conclude(enum check_verdict verdict, const char *line, enum check_verdict *worst)
{
	puts(line);
	/* Where the cause is looked for. */
	fflush(stdout);
	if (verdict == CHECK_HOLDS)
		return;
	fprintf(stderr, "ktstr-work: %s\n", line);
	say(verdict == CHECK_FAILS ? "failed" : "inconclusive", strchr(line, ':') + 2);
	if (verdict > *worst)
		*worst = verdict;
}

static bool is_checked(const struct work *work, uint32_t group)
{
	for (uint32_t i = 0; i < work->plan.nr_checks; i++)
		if (work->checks[i].group == group)
			return true;
	return false;
}

/* Whom a trace is to be asked about: the worst task of a check, in the kernel's terms. */
static void name_worst(const struct work_check *check, const struct work_stats *stats)
{
	const struct group_stats *group = &stats->groups[check->group];
	struct timespec boottime;
	struct metric_value value;
	uint64_t ahead;
	char text[128];

	metric_get(check->metric, stats, group, &value);
	if (!value.worst || value.worst->tid <= 0 || clock_gettime(CLOCK_BOOTTIME, &boottime))
		return;
	/* The load is timed by CLOCK_MONOTONIC, a trace by what goes on in suspend too. */
	ahead = (uint64_t)boottime.tv_sec * WORK_S + (uint64_t)boottime.tv_nsec - task_now();
	snprintf(text, sizeof(text), "%d %" PRIu64 " %" PRIu64 " %s/%" PRIu32, value.worst->tid,
		 value.worst->worst.at_ns - value.worst->worst.ns + ahead, value.worst->worst.ns,
		 group->group->name, value.worst->task);
	say("task", text);
}

/* What came of a check, for the report. */
static void tell_check(const struct work_check *check, const struct work_stats *stats,
		       enum check_verdict verdict)
{
	static const char *const words[] = { [CHECK_HOLDS] = "holds",
					     [CHECK_INCONCLUSIVE] = "inconclusive",
					     [CHECK_FAILS] = "failed" };
	char text[256], line[288];

	check_words(check, stats, text, sizeof(text));
	snprintf(line, sizeof(line), "%s %s", words[verdict], text);
	say("check", line);
}

static int decide(const struct work *work)
{
	enum check_verdict worst = CHECK_HOLDS;
	char line[640];

	if (work->plan.nr_checks)
		putchar('\n');
	for (uint32_t i = 0; i < work->plan.nr_checks; i++) {
		const struct work_check *check = &work->checks[i];
		enum check_verdict verdict =
			check_decide(check, work->stats[check->window], line, sizeof(line));

		conclude(verdict, line, &worst);
		if (verdict == CHECK_FAILS && !check->isolated && metric_is_timed(check->metric))
			say("timed", check->metric->name);
		if (verdict == CHECK_FAILS)
			name_worst(check, work->stats[check->window]);
		tell_check(check, work->stats[check->window], verdict);
	}
	/* A load that was not there is no signal, also where nobody asked for it; but some end. */
	for (uint32_t i = 0; i < work->plan.nr_groups; i++) {
		const struct group_stats *group = &work->stats[0]->groups[i];

		if (is_checked(work, i) || group->never_ran < group->group->nr_tasks ||
		    (group->group->kind == &kind_rtapp && group->group->rtapp.loops != UINT64_MAX))
			continue;
		snprintf(line, sizeof(line), "inconclusive: no task of '%s' ran in the window",
			 group->group->name);
		conclude(CHECK_INCONCLUSIVE, line, &worst);
	}
	return worst == CHECK_FAILS	     ? EXIT_FAILS
	       : worst == CHECK_INCONCLUSIVE ? EXIT_INCONCLUSIVE
					     : EXIT_HOLDS;
}

/* What may have made the figures worse. */
static void warn(const struct crew *crew)
{
	if (crew->no_priority)
		fputs("ktstr-work: no real-time priority for the process that measures: it may "
		      "look late\n",
		      stderr);
	for (uint32_t i = 0; i < crew->plan->nr_phases; i++)
		if (crew->late_ns > crew->plan->phases[i].duration_ns / 10) {
			fprintf(stderr, "ktstr-work: a phase began %.1f ms late\n",
				(double)crew->late_ns / 1e6);
			break;
		}
	if (crew->nr_killed)
		fprintf(stderr,
			"ktstr-work: %u processes did not stop by themselves, and were "
			"killed\n",
			crew->nr_killed);
}

static int make_stats(struct work *work, const struct crew *crew, struct failure *failure)
{
	for (uint32_t i = 0; i < work_plan_windows(&work->plan); i++) {
		work->stats[i] = stats_make(crew, i);
		if (!work->stats[i])
			return failure_set(failure, -ENOMEM, "no memory for the statistics");
	}
	return 0;
}

static int run(struct work *work)
{
	struct failure failure = { "" };
	struct crew crew;
	int ret = crew_create(&crew, &work->plan, &work->places, &failure);

	if (!ret)
		ret = crew_run(&crew, &failure);
	work->cost.process_ns = crew.used_ns;
	work->cost.others_ns = crew.others_ns;
	work->cost.stolen_ns = crew.stolen_ns;
	if (!ret)
		ret = make_stats(work, &crew, &failure);
	warn(&crew);
	crew_destroy(&crew);
	if (!ret) {
		for (uint32_t i = 0; i < work_plan_windows(&work->plan); i++)
			report_stats(stdout, work->stats[i]);
		report_measuring(stdout, work->stats[0], &work->cost);
		ret = append_metrics(work, &failure);
	}
	return ret ? complain(&failure, ret) : decide(work);
}

int main(int argc, char **argv)
{
	struct work *work = calloc(1, sizeof(*work));
	struct failure failure = { "no memory" };
	int status = EXIT_CANNOT, ret = work ? 0 : -ENOMEM;

	/* What kind 'exec' executes. */
	if (argc == 2 && !strcmp(argv[1], "--end-at-once"))
		_exit(EXIT_HOLDS);
	if (!ret)
		ret = places_read("/sys", &work->places, &failure);
	if (!ret)
		ret = work_plan_parse(argc, argv, &work->places, &work->plan, &failure);
	if (!ret && (work->plan.help || work->plan.list)) {
		(work->plan.help ? report_help : report_kinds)(stdout);
		status = EXIT_HOLDS;
	} else {
		for (uint32_t i = 0; !ret && i < work->plan.nr_checks; i++)
			ret = check_parse(work->plan.checks[i], &work->plan, &work->places,
					  &work->checks[i], &failure);
		if (!ret)
			report_cost(&work->plan, &work->cost);
		status = ret ? complain(&failure, ret) : run(work);
	}
	for (uint32_t i = 0; work && i < TASK_WINDOWS; i++)
		free(work->stats[i]);
	free(work);
	if (fflush(stdout) || ferror(stdout)) {
		snprintf(failure.text, sizeof(failure.text), "cannot write to standard output: %s",
			 strerror(errno));
		status = complain(&failure, -EIO);
	}
	return status;
}
