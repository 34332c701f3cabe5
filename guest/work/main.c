/*
 * ktstr-work: loads of a known shape, what the scheduler did with them, and whether that is right.
 * The words of the command line are a plan, a crew runs it, its records become statistics, those a
 * report and verdicts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
};

static int complain(const struct failure *failure)
{
	fflush(stdout);
	fprintf(stderr, "ktstr-work: %s\n", failure->text);
	return EXIT_CANNOT;
}

static int append_metrics(const struct work_stats *stats, struct failure *failure)
{
	const char *path = getenv("KTSTR_METRICS");
	FILE *out;

	if (!path || !*path)
		return 0;
	out = fopen(path, "ae");
	if (out)
		report_metrics(out, stats);
	if (!out || fclose(out))
		return failure_set(failure, -errno, "KTSTR_METRICS: cannot write '%s': %s", path,
				   strerror(errno));
	return 0;
}

static int decide(const struct work *work, const struct work_stats *stats)
{
	enum check_verdict worst = CHECK_HOLDS;

	if (work->plan.nr_checks)
		putchar('\n');
	for (uint32_t i = 0; i < work->plan.nr_checks; i++) {
		char line[640];
		enum check_verdict verdict =
			check_decide(&work->checks[i], stats, line, sizeof(line));

		fputs(line, stdout);
		putchar('\n');
		/* Where the cause is looked for. */
		fflush(stdout);
		if (verdict != CHECK_HOLDS)
			fprintf(stderr, "ktstr-work: %s\n", line);
		if (verdict > worst)
			worst = verdict;
	}
	return worst == CHECK_FAILS	     ? EXIT_FAILS
	       : worst == CHECK_INCONCLUSIVE ? EXIT_INCONCLUSIVE
					     : EXIT_HOLDS;
}

static int run(struct work *work)
{
	struct failure failure = { "" };
	struct work_stats *stats = NULL;
	struct crew crew;
	int status, ret = crew_create(&crew, &work->plan, &work->places, &failure);

	if (!ret)
		ret = crew_run(&crew, &failure);
	work->cost.process_ns = crew.used_ns;
	if (!ret) {
		stats = stats_make(&crew);
		if (!stats)
			ret = failure_set(&failure, -ENOMEM, "no memory for the statistics");
	}
	if (crew.no_priority)
		fputs("ktstr-work: no real-time priority for the process that measures: it may "
		      "look late\n",
		      stderr);
	if (crew.nr_killed)
		fprintf(stderr,
			"ktstr-work: %u processes did not stop by themselves, and were "
			"killed\n",
			crew.nr_killed);
	crew_destroy(&crew);
	if (!ret) {
		report_stats(stdout, stats, &work->cost);
		ret = append_metrics(stats, &failure);
	}
	status = ret ? complain(&failure) : decide(work, stats);
	free(stats);
	return status;
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
			report_cost(&work->cost);
		status = ret ? complain(&failure) : run(work);
	}
	free(work);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "ktstr-work: cannot write to standard output: %s\n",
			strerror(errno));
		status = EXIT_CANNOT;
	}
	return status;
}
