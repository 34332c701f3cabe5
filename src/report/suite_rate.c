/* What does a variant's rate look like, in one line for people and in the formats? See suite.h. */
#include <stdio.h>
#include <string.h>

#include "report/suite_format.h"
#include "util/terminal.h"

void suite_rate_word(char word[SUITE_RATE_WORD_SIZE], const struct suite_rate *rate)
{
	unsigned int runs = rate->passed + rate->failed;

	if (rate->failed && rate->passed)
		snprintf(word, SUITE_RATE_WORD_SIZE, "FLAKY %u/%u", rate->failed, runs);
	else
		snprintf(word, SUITE_RATE_WORD_SIZE, "%s",
			 rate->failed	? "FAIL"
			 : rate->passed ? "PASS"
					: "UNKNOWN");
}

static void put_end(FILE *out, const struct suite_rate *rate)
{
	switch (rate->end) {
	case SUITE_RATE_COUNTED:
	case SUITE_RATE_NARROW:
		break;
	case SUITE_RATE_AT_LEAST:
		fprintf(out, "; passes at least %.6g %%", 100 * rate->limit);
		break;
	case SUITE_RATE_BELOW:
		fprintf(out, "; passes less than %.6g %%", 100 * rate->limit);
		break;
	case SUITE_RATE_OPEN:
		if (rate->limit > 0)
			fprintf(out, "; not decided whether at least %.6g %%", 100 * rate->limit);
		else
			fprintf(out, "; not known to within %.6g points", 100 * rate->width);
		break;
	}
}

void suite_put_rate(FILE *out, const struct suite_rate *rate)
{
	unsigned int runs = rate->passed + rate->failed;

	fprintf(out, "passed %u of %u", rate->passed, runs);
	if (runs)
		fprintf(out, ": %.1f %%, between %.1f and %.1f (%s, %.6g %%)",
			100.0 * rate->passed / runs, 100 * rate->passes.low,
			100 * rate->passes.high, rate->method, 100 * rate->confidence);
	put_end(out, rate);
	if (rate->neither)
		fprintf(out, "; %u more told nothing", rate->neither);
}

int suite_rate_line(struct suite_writer *writer, const struct suite_rate *rate, struct error *err)
{
	char word[SUITE_RATE_WORD_SIZE];

	(void)err;
	suite_rate_word(word, rate);
	fprintf(writer->out, "#   rate: %s ", word);
	suite_put(writer->out, SUITE_KTAP, rate->name);
	fputc(' ', writer->out);
	suite_put_rate(writer->out, rate);
	fputc('\n', writer->out);
	return 0;
}

void suite_text_rate(FILE *out, const struct suite_rate *rate, unsigned int name_width, bool colour)
{
	char word[SUITE_RATE_WORD_SIZE];
	bool flaky = rate->passed && rate->failed;

	suite_rate_word(word, rate);
	if (colour)
		fputs(flaky || !rate->passed ? flaky ? TERMINAL_MIND : TERMINAL_BAD : TERMINAL_GOOD,
		      out);
	fprintf(out, "%-12s", word);
	if (colour)
		fputs(TERMINAL_PLAIN, out);
	fputs("  ", out);
	suite_put(out, SUITE_PLAIN, rate->name);
	fprintf(out, "%*s  ",
		(int)(strlen(rate->name) < name_width ? name_width - strlen(rate->name) : 0), "");
	suite_put_rate(out, rate);
	fputc('\n', out);
	if (!flaky)
		return;
	if (rate->bad)
		fprintf(out, "  %-12s  %s\n", "a bad run", rate->bad);
	if (rate->good)
		fprintf(out, "  %-12s  %s\n", "a good run", rate->good);
}
