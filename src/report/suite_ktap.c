/*
 * What does a suite look like to the kernel's own tools? KTAP version 1, flat.
 *
 * Documentation/dev-tools/ktap.rst in Linux:
 *
 *	pass      ok N name
 *	skip      ok N name # SKIP reason
 *	xfail     ok N name # XFAIL expected failure: cause
 *	fail      not ok N name # failed: cause
 *	xpass     not ok N name # unexpected pass: cause
 *	timeout   not ok N name # TIMEOUT cause
 *	error     not ok N name # ERROR cause
 *
 * XFAIL goes with "ok", as in tools/testing/selftests/kselftest.h: a parser that does not know the
 * directive falls back on the result. What follows '#' on a plain failure begins with a word of
 * ours, never with one that could be a directive. Details come before the result that they belong
 * to, each with "#   ", which kunit.py cannot take for a "# Subtest".
 *
 * There is no "Bail out!" in KTAP: a suite that ended early has fewer results than planned, which
 * parsers report, and a line for people that says so.
 */
#include "report/suite_format.h"

static int ktap_begin(struct suite_writer *writer, struct error *err)
{
	(void)err;
	fprintf(writer->out, "KTAP version 1\n1..%u\n", writer->planned);
	return 0;
}

static int ktap_result(struct suite_writer *writer, const struct suite_result *result,
		       struct error *err)
{
	static const struct {
		const char *result, *directive; /* NULL: neither directive nor cause */
	} words[] = {
		[OUTCOME_PASS] = { "ok", NULL },
		[OUTCOME_FAIL] = { "not ok", "failed: " },
		[OUTCOME_TIMEOUT] = { "not ok", "TIMEOUT " },
		[OUTCOME_XFAIL] = { "ok", "XFAIL " },
		[OUTCOME_XPASS] = { "not ok", "" },
		[OUTCOME_SKIP] = { "ok", "SKIP " },
		[OUTCOME_INCONCLUSIVE] = { "not ok", "ERROR inconclusive: " },
		[OUTCOME_ERROR] = { "not ok", "ERROR " },
	};
	FILE *out = writer->out;

	(void)err;
	if (result->outcome == OUTCOME_NOT_RUN)
		return 0;
	if (outcome_is_bad(result->outcome))
		suite_put_details(out, SUITE_KTAP, "#   ", result);
	suite_put_metrics(out, SUITE_KTAP, "#   ", result);
	fprintf(out, "%s %u ", words[result->outcome].result, ++writer->written);
	suite_put(out, SUITE_KTAP, result->name);
	if (words[result->outcome].directive) {
		fprintf(out, " # %s", words[result->outcome].directive);
		suite_put_cause(out, SUITE_KTAP, result);
	}
	fputc('\n', out);
	return 0;
}

static int ktap_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
		    bool interrupted, struct error *err)
{
	(void)err;
	fputs("# ", writer->out);
	suite_put_counts(writer->out, counts, seconds);
	fputc('\n', writer->out);
	if (interrupted) {
		fputs("# ", writer->out);
		suite_put_interrupted(writer->out, counts);
		fputc('\n', writer->out);
	}
	return 0;
}

const struct suite_format suite_ktap = {
	.name = "KTAP",
	.begin = ktap_begin,
	.result = ktap_result,
	.rate = suite_rate_line,
	.end = ktap_end,
};
