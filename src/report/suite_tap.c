/*
 * What does a suite look like to `prove` and its like? The Test Anything Protocol.
 *
 * https://testanything.org/tap-version-13-specification.html, and where that is silent (escapes)
 * the one of version 14. The first line says 13: to the prove of Debian 12, 14 is a parse error.
 *
 *	pass      ok N - name
 *	skip      ok N - name # SKIP reason
 *	xfail     not ok N - name # TODO expected failure: cause
 *	others    not ok N - name
 *
 * "not ok" with TODO is TAP's word for a failure that is expected, and green. "ok" with TODO is
 * green as well: an unexpected pass would be overlooked, so that it is a plain "not ok".
 *
 * Details are comments, not a YAML block: no line of theirs can then be taken for the block's end,
 * a subtest or a "Bail out!", which prove sees behind spaces, too. Three spaces follow the '#', so
 * that no guest can write version 14's "# Subtest".
 */
#include "report/suite_format.h"

#define COMMENT "#   "

static int tap_begin(struct suite_writer *writer, struct error *err)
{
	(void)err;
	fprintf(writer->out, "TAP version 13\n1..%u%s\n", writer->planned,
		writer->planned ? "" : " # SKIP nothing to run");
	return 0;
}

static int tap_result(struct suite_writer *writer, const struct suite_result *result,
		      struct error *err)
{
	FILE *out = writer->out;
	bool ok = result->outcome == OUTCOME_PASS || result->outcome == OUTCOME_SKIP;

	(void)err;
	/* A plan that is not fulfilled says it. */
	if (result->outcome == OUTCOME_NOT_RUN)
		return 0;
	fprintf(out, "%s %u - ", ok ? "ok" : "not ok", ++writer->written);
	suite_put(out, SUITE_TAP, result->name);
	if (result->outcome == OUTCOME_SKIP || result->outcome == OUTCOME_XFAIL) {
		fputs(result->outcome == OUTCOME_SKIP ? " # SKIP " : " # TODO ", out);
		suite_put_cause(out, SUITE_TAP, result);
	}
	fputc('\n', out);
	if (outcome_is_bad(result->outcome)) {
		fputs(COMMENT, out);
		suite_put_cause(out, SUITE_PLAIN, result);
		fputc('\n', out);
		suite_put_details(out, SUITE_PLAIN, COMMENT, result);
	}
	suite_put_metrics(out, SUITE_PLAIN, COMMENT, result);
	return 0;
}

static int tap_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
		   bool interrupted, struct error *err)
{
	(void)err;
	fputs("# ", writer->out);
	suite_put_counts(writer->out, counts, seconds);
	fputc('\n', writer->out);
	if (interrupted) {
		fputs("Bail out! ", writer->out);
		suite_put_interrupted(writer->out, counts);
		fputc('\n', writer->out);
	}
	return 0;
}

static int tap_begin_open(struct suite_writer *writer, struct error *err)
{
	(void)err;
	fputs("TAP version 13\n", writer->out);
	return 0;
}

static int tap_end_open(struct suite_writer *writer, const struct suite_counts *counts,
			double seconds, bool interrupted, struct error *err)
{
	fprintf(writer->out, "1..%u%s\n", writer->written,
		writer->written ? "" : " # SKIP nothing to run");
	return tap_end(writer, counts, seconds, interrupted, err);
}

/* Where the number of rounds is not known before: version 13 takes the plan at the end as well. */
const struct suite_format suite_tap_open = {
	.name = "TAP",
	.begin = tap_begin_open,
	.result = tap_result,
	.rate = suite_rate_line,
	.end = tap_end_open,
};

const struct suite_format suite_tap = {
	.name = "TAP",
	.begin = tap_begin,
	.result = tap_result,
	.rate = suite_rate_line,
	.end = tap_end,
};
