/* How is a comparison shown? See print.h. */
#include "compare/print.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/suite.h"
#include "stats/permutation.h"
#include "util/utf8.h"

/* Of a name that is shown; a longer one is cut, but not in CSV. */
#define NAME_SIZE	 120
#define NUMBER_SIZE	 48
/* PERMUTATION_DRAWS in words */
#define WORD(number)	 #number
#define IN_WORDS(number) WORD(number)
#define DRAWN		 IN_WORDS(PERMUTATION_DRAWS)
/* Kernels that are named of one side. */
#define KERNELS		 4

/* Four digits, and no more, without an exponent where the number can be read. */
static void put_number(char *text, double value)
{
	if (isnan(value))
		strcpy(text, "-");
	else if (fabs(value) >= 1000 && fabs(value) < 1e9)
		snprintf(text, NUMBER_SIZE, "%.0f", value);
	else
		snprintf(text, NUMBER_SIZE, "%.4g", value);
}

/* @digits: behind the point */
static void put_percent(char *text, double value, int digits, bool sign)
{
	if (isnan(value))
		strcpy(text, "-");
	else if (fabs(value) >= 1e6)
		snprintf(text, NUMBER_SIZE, "%.1e", value);
	else
		snprintf(text, NUMBER_SIZE, sign ? "%+.*f" : "%.*f", digits, value);
}

/* "12.5 (  3.10)", of a pass rate "95.0 (19/20)" */
static void put_side(char *text, const struct compare_row *row, const struct compare_side *side,
		     bool padded)
{
	char mean[NUMBER_SIZE], spread[NUMBER_SIZE];

	if (row->kind == COMPARE_PASSES) {
		put_percent(mean, side->mean, 1, false);
		snprintf(spread, sizeof(spread), "%zu/%zu", side->passed, side->count);
	} else {
		put_number(mean, side->mean);
		/* Of what has the mean 0, no spread is a share. */
		put_percent(spread, side->std == 0 ? 0 : side->std / fabs(side->mean) * 100, 2,
			    false);
	}
	if (!side->count)
		strcpy(text, "-");
	else
		snprintf(text, 3 * NUMBER_SIZE, "%s (%*s)", mean, padded ? 6 : 0, spread);
}

static void put_p(char *text, const struct compare_row *row)
{
	if (isnan(row->corrected))
		strcpy(text, "-");
	else if (row->corrected < 1e-4)
		strcpy(text, "<0.0001");
	else
		snprintf(text, NUMBER_SIZE, "%.4f", row->corrected);
}

/* "fair/smt: lat.p99 (us)" */
static void put_case(char text[2 * NAME_SIZE], const struct compare_row *row)
{
	char name[NAME_SIZE], what[METRICS_NAME_SIZE], unit[METRICS_UNIT_SIZE];

	utf8_printable(name, sizeof(name), row->name, strlen(row->name));
	utf8_printable(what, sizeof(what), row->what, strlen(row->what));
	utf8_printable(unit, sizeof(unit), row->unit, strlen(row->unit));
	snprintf(text, 2 * NAME_SIZE, "%s: %s%s%s%s", name, what, *unit ? " (" : "", unit,
		 *unit ? ")" : "");
}

/* How many characters it has, of UTF-8. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* "20 runs, 2026-11-01T03:00:00Z to 2026-11-20T03:00:00Z", of a history */
static void print_runs(FILE *out, const struct compare_source *source)
{
	char first[SUITE_TIME_SIZE], last[SUITE_TIME_SIZE];

	if (!source->runs)
		return;
	utf8_printable(first, sizeof(first), source->first, strlen(source->first));
	utf8_printable(last, sizeof(last), source->last, strlen(source->last));
	if (!source->most) {
		fprintf(out, "the newest run, %s", last);
		return;
	}
	fprintf(out, "%u run%s, %s to %s, up to %u of each variant", source->runs,
		source->runs == 1 ? "" : "s", first, last, source->most);
	if (source->interrupted)
		fprintf(out, ", %u interrupted", source->interrupted);
}

static size_t count_ran(const struct results *results)
{
	size_t count = 0;

	for (size_t i = 0; i < results->count; i++)
		count += results->list[i].outcome != OUTCOME_NOT_RUN;
	return count;
}

static int print_source(FILE *out, const char *side, const struct compare_source *source)
{
	const struct results *results = source->results;
	const struct results_item **kernels = compare_kernels(results);
	char path[PATH_MAX], name[NAME_SIZE];

	if (!kernels)
		return -ENOMEM;
	utf8_printable(path, sizeof(path), source->name, strlen(source->name));
	fprintf(out, "%s ", side);
	print_runs(out, source);
	if (!source->runs)
		fputs(path, out);
	if (results->interrupted && results->planned)
		fprintf(out, ", interrupted: %zu of %u results", count_ran(results),
			results->planned);
	else
		fprintf(out, ", %zu results%s", results->count,
			results->interrupted ? ", interrupted" : "");
	for (size_t i = 0; i <= KERNELS && kernels[i]; i++) {
		utf8_printable(name, sizeof(name), kernels[i]->kernel, strlen(kernels[i]->kernel));
		fprintf(out, "%s%s", i ? ", " : ", kernel ", i < KERNELS ? name : "...");
	}
	free(kernels);
	if (source->runs)
		fprintf(out, ", of %s", path);
	if (*results->cut_off)
		fprintf(out, " (%s)", results->cut_off);
	fputc('\n', out);
	return 0;
}

static int print_sources(FILE *out, const struct compare_source *a, const struct compare_source *b)
{
	int ret = print_source(out, "Baseline:", a);

	return ret ? ret : print_source(out, "Compared:", b);
}

/* What the p-values are, and what the words mean that stand behind them. @runs: of a history */
static void print_footer(FILE *out, const struct compare_table *table, unsigned int runs)
{
	bool exact = false, drawn = false, fisher = false;

	for (size_t i = 0; i < table->count; i++) {
		const struct compare_row *row = &table->list[i];

		fisher |= row->kind == COMPARE_PASSES && !isnan(row->p);
		exact |= row->kind != COMPARE_PASSES && !isnan(row->p) && row->exact;
		drawn |= row->kind != COMPARE_PASSES && !isnan(row->p) && !row->exact;
	}
	fprintf(out, "p: ");
	if (table->settings.method == COMPARE_WELCH)
		fprintf(out, "Welch's t-test");
	else
		fprintf(out, "permutation test of the means, %s",
			!drawn	? "exact"
			: exact ? "exact or of " DRAWN " drawn ones"
				: "of " DRAWN " drawn ones");
	fprintf(out, "%s; two-sided, by Holm's correction for %zu row%s; level %g\n",
		fisher ? ", of pass rates Fisher's exact test" : "", table->tested,
		table->tested == 1 ? "" : "s", table->settings.alpha);
	if (runs)
		fprintf(out, "The rounds of a run count as independent: what shifts a whole run "
			     "(the host's load) is a difference, too; see whether the next run has "
			     "it again\n");
	if (table->verdicts[COMPARE_UNSTABLE])
		fprintf(out, "unstable: a side's spread is larger than the difference\n");
	if (table->verdicts[COMPARE_TOO_FEW] && !table->runs_needed)
		fprintf(out, "too few runs: of so many rows no number of them could show a "
			     "difference at this level; compare fewer\n");
	else if (table->verdicts[COMPARE_TOO_FEW] && table->settings.method == COMPARE_WELCH)
		fprintf(out,
			"too few runs: of values two on each side are needed at least, of pass "
			"rates %u (--repeat)\n",
			table->runs_needed);
	else if (table->verdicts[COMPARE_TOO_FEW])
		fprintf(out,
			"too few runs: so few can show no difference at this level; %u on each "
			"side could (--repeat), or --welch, which takes values for normal\n",
			table->runs_needed);
	fprintf(out, "%zu worse, %zu better, %zu changed of %zu rows\n",
		table->verdicts[COMPARE_WORSE], table->verdicts[COMPARE_BETTER],
		table->verdicts[COMPARE_CHANGED], table->count);
}

struct shown {
	char name[2 * NAME_SIZE], a[3 * NUMBER_SIZE], b[3 * NUMBER_SIZE];
	char difference[NUMBER_SIZE], p[NUMBER_SIZE];
};

static void show(struct shown *shown, const struct compare_row *row, bool padded)
{
	put_case(shown->name, row);
	put_side(shown->a, row, &row->a, padded);
	put_side(shown->b, row, &row->b, padded);
	put_percent(shown->difference, row->difference, 2, true);
	put_p(shown->p, row);
}

static void print_text(FILE *out, const struct compare_table *table)
{
	int width = 4;
	struct shown shown;

	for (size_t i = 0; i < table->count; i++) {
		put_case(shown.name, &table->list[i]);
		if (width_of(shown.name) > width)
			width = width_of(shown.name);
	}
	fprintf(out, "%-*s  %20s  %20s  %9s  %8s\n", width, "Case", "Baseline (std %)",
		"Compared (std %)", "Diff %", "p");
	for (size_t i = 0; i < table->count; i++) {
		const char *verdict = compare_verdict_name(table->list[i].verdict);

		show(&shown, &table->list[i], true);
		fprintf(out, "%s%*s  %20s  %20s  %9s  %8s%s%s\n", shown.name,
			width - width_of(shown.name), "", shown.a, shown.b, shown.difference,
			shown.p, *verdict ? "  " : "", verdict);
	}
}

/* A cell of a table: a bar would end it, and the rest would be marked up. */
static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]&", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_markdown(FILE *out, const struct compare_table *table)
{
	fputs("| Case | Baseline (std %) | Compared (std %) | Diff % | p | |\n"
	      "|---|---:|---:|---:|---:|---|\n",
	      out);
	for (size_t i = 0; i < table->count; i++) {
		struct shown shown;

		show(&shown, &table->list[i], false);
		fputs("| ", out);
		print_cell(out, shown.name);
		fprintf(out, " | %s | %s | %s | %s | %s |\n", shown.a, shown.b, shown.difference,
			shown.p, compare_verdict_name(table->list[i].verdict));
	}
}

/* RFC 4180: in quotes, and quotes twice. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Nothing where there is none. */
static void print_value(FILE *out, double value)
{
	if (isfinite(value))
		fprintf(out, ",%.10g", value);
	else
		fputc(',', out);
}

static void print_csv(FILE *out, const struct compare_table *table)
{
	fputs("case,metric,unit,better,baseline_runs,baseline,baseline_std,compared_runs,compared,"
	      "compared_std,difference_percent,p,p_corrected,verdict\r\n",
	      out);
	for (size_t i = 0; i < table->count; i++) {
		const struct compare_row *row = &table->list[i];

		print_quoted(out, row->name);
		fputc(',', out);
		print_quoted(out, row->what);
		fputc(',', out);
		print_quoted(out, row->unit);
		fprintf(out, ",%s,%zu", metrics_better_name(row->better), row->a.count);
		print_value(out, row->a.mean);
		print_value(out, row->a.std);
		fprintf(out, ",%zu", row->b.count);
		print_value(out, row->b.mean);
		print_value(out, row->b.std);
		print_value(out, row->difference);
		print_value(out, row->p);
		print_value(out, row->corrected);
		fprintf(out, ",%s\r\n", compare_verdict_name(row->verdict));
	}
}

int compare_print(FILE *out, enum compare_format format, const struct compare_source *a,
		  const struct compare_source *b, const struct compare_table *table)
{
	int ret;

	switch (format) {
	case COMPARE_TEXT:
		ret = print_sources(out, a, b);
		if (ret)
			return ret;
		fputc('\n', out);
		print_text(out, table);
		fputc('\n', out);
		print_footer(out, table, a->runs);
		return 0;
	case COMPARE_MARKDOWN:
		print_markdown(out, table);
		fputs("\n```\n", out);
		ret = print_sources(out, a, b);
		if (ret)
			return ret;
		print_footer(out, table, a->runs);
		fputs("```\n", out);
		return 0;
	case COMPARE_CSV:
		print_csv(out, table);
		return 0;
	case COMPARE_JSON:
		return compare_print_json(out, a, b, table);
	}
	return 0;
}
