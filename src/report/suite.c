/* What do the formats of a suite's report share? See suite.h and suite_format.h. */
#include "report/suite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/suite_format.h"
#include "util/utf8.h"

void suite_count(struct suite_counts *counts, enum outcome_kind kind)
{
	switch (kind) {
	case OUTCOME_PASS:
		counts->pass++;
		break;
	case OUTCOME_FAIL:
		counts->fail++;
		break;
	case OUTCOME_TIMEOUT:
		counts->timeout++;
		break;
	case OUTCOME_XFAIL:
		counts->xfail++;
		break;
	case OUTCOME_XPASS:
		counts->xpass++;
		break;
	case OUTCOME_SKIP:
		counts->skip++;
		break;
	case OUTCOME_INCONCLUSIVE:
		counts->inconclusive++;
		break;
	case OUTCOME_ERROR:
		counts->error++;
		break;
	case OUTCOME_NOT_RUN:
		counts->not_run++;
		break;
	}
}

unsigned int suite_not_run(const struct suite_counts *counts)
{
	unsigned int ended = counts->pass + counts->fail + counts->timeout + counts->xfail +
			     counts->xpass + counts->skip + counts->inconclusive + counts->error;
	unsigned int left = counts->planned > ended ? counts->planned - ended : 0;

	return left > counts->not_run ? left : counts->not_run;
}

double suite_seconds(double seconds)
{
	return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

/*
 * What kunit.py takes for the end of a kernel's log, wherever in a line it stands: every result
 * after it would be lost. A guest's console says these for good reasons.
 */
static const char *const kunit_ends[] = {
	"List of all partitions:",
	"Kernel panic - not syncing: VFS:",
	"reboot: System halted",
};

/* Is the colon at @at within @line the first one of such an end? */
static bool ends_kunit(const char *line, size_t at)
{
	for (size_t i = 0; i < sizeof(kunit_ends) / sizeof(*kunit_ends); i++) {
		size_t before = strcspn(kunit_ends[i], ":");

		if (at >= before &&
		    !strncmp(line + at - before, kunit_ends[i], strlen(kunit_ends[i])))
			return true;
	}
	return false;
}

static void put_tap(FILE *out, const char *line)
{
	for (; *line; line++) {
		if (*line == '#' || *line == '\\')
			fputc('\\', out);
		fputc(*line, out);
	}
}

static void put_ktap(FILE *out, const char *line)
{
	for (size_t at = 0; line[at]; at++) {
		if (line[at] == '#')
			fputc('?', out);
		else if (line[at] == ':' && ends_kunit(line, at))
			fputc(';', out);
		else
			fputc(line[at], out);
	}
}

/*
 * Extensible Markup Language 1.0, section 2.2: of what utf8_printable lets through, U+FFFE and
 * U+FFFF are no characters. '>' is escaped for the sake of "]]>" (section 2.4).
 */
static void put_xml(FILE *out, const char *line)
{
	for (; *line; line++) {
		switch (*line) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			if (!strncmp(line, "\xef\xbf\xbe", 3) ||
			    !strncmp(line, "\xef\xbf\xbf", 3)) {
				fputc('?', out);
				line += 2;
			} else {
				fputc(*line, out);
			}
		}
	}
}

static void put_part(FILE *out, enum suite_escape escape, const char *text, size_t length)
{
	/* What is shown is never longer than what was there; utf8_printable wants 4 at least. */
	size_t size = length + 4;
	char *line = malloc(size);

	if (!line) {
		fputs("(not shown: out of memory)", out);
		return;
	}
	utf8_printable(line, size, text, length);
	switch (escape) {
	case SUITE_PLAIN:
		fputs(line, out);
		break;
	case SUITE_TAP:
		put_tap(out, line);
		break;
	case SUITE_KTAP:
		put_ktap(out, line);
		break;
	case SUITE_XML:
		put_xml(out, line);
		break;
	}
	free(line);
}

void suite_put(FILE *out, enum suite_escape escape, const char *text)
{
	if (text)
		put_part(out, escape, text, strlen(text));
}

/* A serial console ends lines with a carriage return and a newline: one end, not two. */
static const char *after_line(const char *end)
{
	if (end[0] == '\r' && end[1] == '\n')
		end++;
	return *end ? end + 1 : end;
}

void suite_put_lines(FILE *out, enum suite_escape escape, const char *prefix, const char *text)
{
	while (text && *text) {
		size_t length = strcspn(text, "\r\n");

		fputs(prefix, out);
		put_part(out, escape, text, length);
		fputc('\n', out);
		text = after_line(text + length);
	}
}

void suite_put_cause(FILE *out, enum suite_escape escape, const struct suite_result *result)
{
	if (result->outcome == OUTCOME_XPASS)
		fputs("unexpected pass: ", out);
	else if (result->outcome == OUTCOME_XFAIL)
		fputs("expected failure: ", out);
	if (result->cause && *result->cause)
		suite_put(out, escape, result->cause);
	else if (result->outcome == OUTCOME_NOT_RUN)
		fputs("not run: the suite ended before its turn", out);
	else
		fputs("the cause is not known", out);
}

static void put_path(FILE *out, enum suite_escape escape, const char *prefix, const char *label,
		     const char *path, const char *note)
{
	if (!path || !*path)
		return;
	fprintf(out, "%s%-12s  ", prefix, label);
	suite_put(out, escape, path);
	fprintf(out, "%s\n", note);
}

void suite_put_trace(FILE *out, enum suite_escape escape, const char *prefix,
		     const struct suite_result *result)
{
	put_path(out, escape, prefix, "trace", result->trace, "  (Perfetto)");
}

void suite_put_details(FILE *out, enum suite_escape escape, const char *prefix,
		       const struct suite_result *result)
{
	const char *at = result->detail;

	while (at && *at) {
		/* Lines of `run` are indented by two already. */
		size_t indent = strspn(at, " ") < 2 ? strspn(at, " ") : 2;
		size_t length = strcspn(at, "\r\n");

		if (length > indent) {
			fputs(prefix, out);
			put_part(out, escape, at + indent, length - indent);
			fputc('\n', out);
		}
		at = after_line(at + length);
	}
	put_path(out, escape, prefix, "folder", result->folder, "");
	put_path(out, escape, prefix, "failure dump", result->dump, "");
	suite_put_trace(out, escape, prefix, result);
	put_path(out, escape, prefix, "vm", result->start, "");
	put_path(out, escape, prefix, "replay", result->replay, "");
}

void suite_put_metrics(FILE *out, enum suite_escape escape, const char *prefix,
		       const struct suite_result *result)
{
	const struct metrics *metrics = result->metrics;

	for (size_t i = 0; metrics && i < metrics->count; i++) {
		const struct metrics_item *item = &metrics->list[i];
		const char *better = metrics_better_name(item->better);
		char value[METRICS_VALUE_SIZE];

		metrics_value(item->value, value);
		fprintf(out, "%smetric: %s %s ", prefix, item->name, value);
		suite_put(out, escape, *item->unit ? item->unit : "-");
		fprintf(out, "%s%s\n", *better ? " " : "", better);
	}
	for (size_t i = 0; metrics && i < metrics->nr_warnings; i++) {
		fprintf(out, "%smetrics: warning: ", prefix);
		suite_put(out, escape, metrics->warnings[i]);
		fputc('\n', out);
	}
}

void suite_put_counts(FILE *out, const struct suite_counts *counts, double seconds)
{
	const struct {
		unsigned int number;
		const char *one, *many;
	} classes[] = {
		{ counts->pass, "passed", "passed" },
		{ counts->fail, "failed", "failed" },
		{ counts->timeout, "timed out", "timed out" },
		{ counts->xpass, "unexpected pass", "unexpected passes" },
		{ counts->inconclusive, "inconclusive", "inconclusive" },
		{ counts->error, "error", "errors" },
		{ counts->xfail, "expected failure", "expected failures" },
		{ counts->skip, "skipped", "skipped" },
		{ suite_not_run(counts), "not run", "not run" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (!classes[i].number)
			continue;
		fprintf(out, "%s%u %s", comma, classes[i].number,
			classes[i].number == 1 ? classes[i].one : classes[i].many);
		comma = ", ";
	}
	if (!*comma)
		fputs("nothing to run", out);
	seconds = suite_seconds(seconds);
	/* The limits are where rounding would give 60.0 of the smaller unit. */
	if (seconds < 59.95)
		fprintf(out, " (%.1f s)", seconds);
	else if (seconds < 59.95 * 60)
		fprintf(out, " (%.1f min)", seconds / 60);
	else
		fprintf(out, " (%.1f h)", seconds / 3600);
}

void suite_put_interrupted(FILE *out, const struct suite_counts *counts)
{
	fprintf(out, "ended early: %u of %u not run", suite_not_run(counts), counts->planned);
}

/* What was written must be out before the next VM starts: a reader may sit at a pipe's other end.
 */
static int flushed(const struct suite_writer *writer, int ret, struct error *err)
{
	if (ret)
		return ret;
	errno = 0;
	if (!fflush(writer->out) && !ferror(writer->out))
		return 0;
	ret = errno ? -errno : -EIO;
	return error_set(err, ret, "cannot write the %s report: %s", writer->format->name,
			 strerror(-ret));
}

int suite_begin_part(struct suite_writer *writer, const struct suite_format *format, FILE *out,
		     unsigned int planned, const struct suite_part *part, struct error *err)
{
	*writer = (struct suite_writer){
		.format = format, .out = out, .planned = planned, .part = part
	};
	return flushed(writer, format->begin(writer, err), err);
}

int suite_begin(struct suite_writer *writer, const struct suite_format *format, FILE *out,
		unsigned int planned, struct error *err)
{
	return suite_begin_part(writer, format, out, planned, NULL, err);
}

int suite_add(struct suite_writer *writer, const struct suite_result *result, struct error *err)
{
	return flushed(writer, writer->format->result(writer, result, err), err);
}

int suite_add_rate(struct suite_writer *writer, const struct suite_rate *rate, struct error *err)
{
	if (!writer->format->rate)
		return 0;
	return flushed(writer, writer->format->rate(writer, rate, err), err);
}

int suite_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
	      bool interrupted, struct error *err)
{
	int ret = flushed(writer, writer->format->end(writer, counts, seconds, interrupted, err),
			  err);

	suite_abandon(writer);
	return ret;
}

void suite_abandon(struct suite_writer *writer)
{
	if (writer->collected)
		writer->format->destroy(writer);
	writer->collected = NULL;
}
