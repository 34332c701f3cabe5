/*
 * What is kept of a suite's run, for comparisons with later ones? One JSON line, which is appended
 * to a history (results/history.h): all begin alike (SUITE_HISTORY_BEGIN).
 *
 *	type            "history"
 *	schema_version  1; goes up when a field changes its meaning or goes away
 *	time            of the run's beginning, in UTC: "2026-11-29T22:50:37Z"; of one that is told
 *	                from result files (merge, --slurm): when it was told
 *	planned         number of variants, each round of --repeat for itself
 *	results         list of objects, in the order in which they ended, without those that had no
 *	                turn. Fields as in the JSON lines (suite_json.c): name, number, round,
 *	                outcome, kernel, topology, seconds; and metrics, where there are some
 *	interrupted     bool: ended before all had had their turn
 *	seconds         number, wall time of all of it
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "report/metrics.h"
#include "report/suite_format.h"
#include "util/json.h"

/* Of the Gregorian calendar, in eras of 400 years that begin with a first of March (Hinnant,
 * chrono-compatible low-level date algorithms, 2013). libc's strftime would bring 17 KiB. */
void suite_time(char text[SUITE_TIME_SIZE], time_t seconds)
{
	unsigned long long day = (unsigned long long)seconds / 86400 + 719468;
	unsigned int of_era = (unsigned int)(day % 146097), clock = (unsigned int)(seconds % 86400);
	unsigned int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * of_year + 2) / 153; /* from March on */

	snprintf(text, SUITE_TIME_SIZE, "%04llu-%02u-%02uT%02u:%02u:%02uZ",
		 day / 146097 * 400 + year + (month > 9), month > 9 ? month - 9 : month + 3,
		 of_year - (153 * month + 2) / 5 + 1, clock / 3600, clock / 60 % 60, clock % 60);
}

static int history_begin(struct suite_writer *writer, struct error *err)
{
	char text[SUITE_TIME_SIZE];
	time_t now = time(NULL);

	(void)err;
	suite_time(text, now < 0 ? 0 : now);
	fprintf(writer->out, SUITE_HISTORY_BEGIN "%d,\"time\":\"%s\",\"planned\":%u,\"results\":[",
		SUITE_HISTORY_VERSION, text, writer->planned);
	return 0;
}

static int history_result(struct suite_writer *writer, const struct suite_result *result,
			  struct error *err)
{
	struct json json;
	size_t size;
	char *text;

	if (result->outcome == OUTCOME_NOT_RUN)
		return 0;
	json = json_begin();
	json_put_text(&json, "name", result->name);
	json_put_number(&json, "number", result->number);
	if (result->round)
		json_put_number(&json, "round", result->round);
	json_put_text(&json, "outcome", outcome_name(result->outcome));
	json_put_text(&json, "kernel", result->kernel);
	json_put_text(&json, "topology", result->topology);
	json_put_seconds(&json, "seconds", suite_seconds(result->seconds));
	if (result->metrics && result->metrics->count)
		report_metrics_list(&json, result->metrics);
	text = json_text(json_end(&json), false, &size);
	if (!text)
		return error_set(err, -ENOMEM, "history: out of memory");
	/* All but the line feed. */
	fprintf(writer->out, "%s%.*s", writer->written++ ? "," : "", (int)size - 1, text);
	free(text);
	return 0;
}

static int history_end(struct suite_writer *writer, const struct suite_counts *counts,
		       double seconds, bool interrupted, struct error *err)
{
	(void)counts;
	(void)err;
	fprintf(writer->out, "],\"interrupted\":%s,\"seconds\":%.3f}\n",
		interrupted ? "true" : "false", suite_seconds(seconds));
	return 0;
}

const struct suite_format suite_history = {
	.name = "history",
	.begin = history_begin,
	.result = history_result,
	.end = history_end,
};
