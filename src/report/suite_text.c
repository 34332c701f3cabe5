/* What does a suite look like on a terminal? Lines for people; see suite.h. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "report/metrics.h"
#include "report/suite_format.h"
#include "util/terminal.h"
#include "util/utf8.h"

/* The longest outcome that is not rare: "TIMEOUT". */
#define OUTCOME_WIDTH 7

static void put_outcome(FILE *out, enum outcome_kind kind, bool colour)
{
	int width = 0;

	if (colour && outcome_is_bad(kind))
		fputs(TERMINAL_BAD, out);
	else if (colour)
		fputs(kind == OUTCOME_SKIP ? TERMINAL_MIND : TERMINAL_GOOD, out);
	for (const char *name = outcome_name(kind); *name; name++, width++)
		fputc(toupper((unsigned char)*name), out);
	if (colour)
		fputs(TERMINAL_PLAIN, out);
	fprintf(out, "%*s  ", width < OUTCOME_WIDTH ? OUTCOME_WIDTH - width : 0, "");
}

/* A column is a code point here, which is true of every name that a test can have. */
static void put_name(FILE *out, const char *name, unsigned int name_width)
{
	unsigned int width = 0;

	suite_put(out, SUITE_PLAIN, name);
	for (; name && *name; name++)
		width += (*name & 0xc0) != 0x80;
	for (; width < name_width; width++)
		fputc(' ', out);
}

void suite_text_result(FILE *out, const struct suite_result *result, unsigned int name_width,
		       bool colour)
{
	/* After Ctrl-C hundreds of them would bury what was done: they are in the counts. */
	if (result->outcome == OUTCOME_NOT_RUN)
		return;
	put_outcome(out, result->outcome, colour);
	put_name(out, result->name, name_width);
	fputs("  ", out);
	suite_put_cause(out, SUITE_PLAIN, result);
	fputc('\n', out);
	if (result->metrics)
		report_metrics_text(out, "  ", result->metrics);
	if (outcome_is_bad(result->outcome)) {
		struct suite_result without = *result;

		/* It stands at the end, with those of all others. */
		without.replay = NULL;
		suite_put_details(out, SUITE_PLAIN, "  ", &without);
	} else {
		suite_put_trace(out, SUITE_PLAIN, "  ", result);
	}
}

static void put_skips(FILE *out, const struct suite_result *results, size_t count)
{
	const char *heading = "\nskipped:\n";

	for (size_t i = 0; i < count; i++) {
		if (results[i].outcome != OUTCOME_SKIP)
			continue;
		fprintf(out, "%s  ", heading);
		suite_put(out, SUITE_PLAIN, results[i].name);
		fputs("  ", out);
		suite_put_cause(out, SUITE_PLAIN, &results[i]);
		fputc('\n', out);
		heading = "";
	}
}

/* Those that failed, or those that could not be run: errors. */
static void put_bad(FILE *out, const struct suite_result *results, size_t count, bool errors,
		    bool colour)
{
	const char *heading = errors ? "\nerrors:\n" : "\nfailed:\n";

	for (size_t i = 0; i < count; i++) {
		enum outcome_kind kind = results[i].outcome;

		if (!outcome_is_bad(kind) ||
		    (kind == OUTCOME_ERROR || kind == OUTCOME_INCONCLUSIVE) != errors)
			continue;
		fprintf(out, "%s  ", heading);
		put_outcome(out, kind, colour);
		suite_put(out, SUITE_PLAIN, results[i].name);
		fputc('\n', out);
		if (results[i].replay && *results[i].replay) {
			fputs("    replay  ", out);
			suite_put(out, SUITE_PLAIN, results[i].replay);
			fputc('\n', out);
		}
		heading = "";
	}
}

void suite_text_end(FILE *out, const struct suite_result *results, size_t count,
		    const struct suite_counts *counts, double seconds, bool interrupted,
		    bool colour)
{
	bool bad = counts->fail || counts->timeout || counts->xpass || counts->inconclusive ||
		   counts->error;
	bool good = counts->pass || counts->xfail;

	put_skips(out, results, count);
	put_bad(out, results, count, false, colour);
	put_bad(out, results, count, true, colour);
	fputc('\n', out);
	/* Where nothing ran, nothing is green. */
	if (colour)
		fputs(bad		     ? TERMINAL_BAD
		      : good && !interrupted ? TERMINAL_GOOD
					     : TERMINAL_MIND,
		      out);
	if (interrupted)
		fputs("ended early: ", out);
	suite_put_counts(out, counts, seconds);
	if (colour)
		fputs(TERMINAL_PLAIN, out);
	fputc('\n', out);
}

/* "40 s", "12 min". */
static void put_time(char *out, size_t size, double seconds)
{
	if (seconds < 99.5)
		snprintf(out, size, "%.0f s", seconds);
	else
		snprintf(out, size, "%.0f min", seconds / 60);
}

void suite_live(char *out, size_t size, const struct suite_progress *progress)
{
	const struct suite_counts *counts = progress->counts;
	unsigned int bad = counts->fail + counts->timeout + counts->xpass + counts->inconclusive +
			   counts->error;
	double left_s = progress->seconds_left;
	char failed[32] = "", left[64] = "", time[32], longest[128] = "", whole[512];

	if (bad)
		snprintf(failed, sizeof(failed), ", %u failed", bad);
	if (isfinite(left_s) && left_s >= 0 && left_s < 60 * 60 * 24 * 365) {
		put_time(time, sizeof(time), left_s);
		snprintf(left, sizeof(left), ", about %s left", time);
	}
	if (progress->longest) {
		put_time(time, sizeof(time), suite_seconds(progress->longest_s));
		snprintf(longest, sizeof(longest), "; %.80s for %s", progress->longest, time);
	}
	snprintf(whole, sizeof(whole), "[%u/%u] %u running%s%s%s",
		 counts->planned - suite_not_run(counts), counts->planned, progress->running,
		 failed, left, longest);
	utf8_printable(out, size, whole, strlen(whole));
}
