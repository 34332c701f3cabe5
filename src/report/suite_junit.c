/*
 * What does a suite look like to a CI server? JUnit XML, as Jenkins' xUnit plugin has it in its
 * schema junit-10.xsd, which GitLab, pytest and others keep to, too.
 *
 *	pass, xfail      a <testcase>; the expected failure's cause is in its <system-out>
 *	fail, timeout    with a <failure>, its type the outcome, its message the cause
 *	xpass            likewise
 *	error            with an <error>
 *	inconclusive     likewise
 *	skip, not-run    with a <skipped>
 *
 * The counts stand at the head, so that all else is held in memory until the end.
 *
 * The schema knows properties of a suite only: there is one for each kernel, topology, memory
 * size and way to start a VM that occurs, and each case's <system-out> begins with its own. So with
 * rates of --repeat, "rate TEST", and with
 * metrics: the property "metric TEST NAME" has the value "12.5 % lower", and the case's
 * <system-out> has them, too. "host-took TEST" has the share of the vCPUs' time that the host kept,
 * where it is known.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/host.h"
#include "report/metrics.h"
#include "report/suite_format.h"

/* What a guest said is bounded by those who collect it; this is for suites of thousands. */
#define MOST_OUTPUT 65536	       /* of one case, its end */
#define MOST_HELD   (64 * 1024 * 1024) /* beyond it, cases lose their text, not themselves */

/* Values that differ from each other: 24 presets, a few kernels. */
#define MOST_VALUES 64

struct values {
	char *value[MOST_VALUES];
	size_t count;
};

struct junit {
	FILE *cases; /* memory stream of @text, @size */
	char *text;
	size_t size;
	FILE *metrics; /* properties: of @metrics_text, @metrics_size */
	char *metrics_text;
	size_t metrics_size;
	unsigned int tests, failures, errors, skipped;
	struct values kernels, topologies, memories, starts;
};

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "JUnit report: out of memory");
}

/* What does not fit is in its case's system-out still. */
static int add_value(struct values *values, const char *value)
{
	if (!value || !*value || values->count == MOST_VALUES)
		return 0;
	for (size_t i = 0; i < values->count; i++) {
		if (!strcmp(values->value[i], value))
			return 0;
	}
	values->value[values->count] = strdup(value);
	if (!values->value[values->count])
		return -ENOMEM;
	values->count++;
	return 0;
}

static void put_values(FILE *out, const char *name, const struct values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		fprintf(out, "\t\t<property name=\"%s\" value=\"", name);
		suite_put(out, SUITE_XML, values->value[i]);
		fputs("\"/>\n", out);
	}
}

static void free_values(struct values *values)
{
	while (values->count)
		free(values->value[--values->count]);
}

static int junit_begin(struct suite_writer *writer, struct error *err)
{
	struct junit *junit = calloc(1, sizeof(*junit));

	if (!junit)
		return no_memory(err);
	writer->collected = junit;
	junit->cases = open_memstream(&junit->text, &junit->size);
	junit->metrics = open_memstream(&junit->metrics_text, &junit->metrics_size);
	return junit->cases && junit->metrics ? 0 : no_memory(err);
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	suite_put(out, SUITE_XML, value);
	fputc('"', out);
}

/*
 * "gauntlet/fair/smt-2llc/6.12.1": class ktstr.gauntlet.fair, name smt-2llc/6.12.1. "fair": class
 * ktstr, name fair. Servers make a tree of the class' dots.
 */
static void put_names(FILE *out, const char *name)
{
	static const char gauntlet[] = "gauntlet/";
	const char *slash;

	name = name ? name : "";
	fputs(" classname=\"ktstr", out);
	if (!strncmp(name, gauntlet, strlen(gauntlet)) && strchr(name + strlen(gauntlet), '/')) {
		fputs(".gauntlet", out);
		name += strlen(gauntlet);
	}
	slash = strchr(name, '/');
	if (slash) {
		char *test = strndup(name, (size_t)(slash - name));

		fputc('.', out);
		suite_put(out, SUITE_XML, test);
		free(test);
		name = slash + 1;
	}
	fputc('"', out);
	put_attribute(out, "name", name);
}

static const char *element_of(struct junit *junit, enum outcome_kind kind)
{
	switch (kind) {
	case OUTCOME_PASS:
	case OUTCOME_XFAIL:
		return NULL;
	case OUTCOME_FAIL:
	case OUTCOME_TIMEOUT:
	case OUTCOME_XPASS:
		junit->failures++;
		return "failure";
	case OUTCOME_INCONCLUSIVE:
	case OUTCOME_ERROR:
		junit->errors++;
		return "error";
	case OUTCOME_SKIP:
	case OUTCOME_NOT_RUN:
		junit->skipped++;
		return "skipped";
	}
	return NULL;
}

/* The last lines, whole ones. */
static const char *end_of(const char *output)
{
	size_t length = output ? strlen(output) : 0;
	const char *newline;

	if (length <= MOST_OUTPUT)
		return output;
	output += length - MOST_OUTPUT;
	newline = strchr(output, '\n');
	return newline ? newline + 1 : output;
}

/* "kernel 6.12.1, topology 1n2l2c2t, memory 2048 MiB, forked": what is known of it. */
static void put_machine(FILE *out, const struct suite_result *result, const char *memory)
{
	const char *const parts[][2] = {
		{ "kernel ", result->kernel },
		{ "topology ", result->topology },
		{ "memory ", memory },
		{ "", result->start },
	};
	const char *before = "";

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!parts[i][1] || !*parts[i][1])
			continue;
		fprintf(out, "%s%s", before, parts[i][0]);
		suite_put(out, SUITE_XML, parts[i][1]);
		before = ", ";
	}
	if (*before)
		fputc('\n', out);
}

static void add_metrics(FILE *out, const struct suite_result *result)
{
	for (size_t i = 0; result->metrics && i < result->metrics->count; i++) {
		const struct metrics_item *item = &result->metrics->list[i];
		const char *better = metrics_better_name(item->better);
		char value[REPORT_METRIC_SIZE];

		report_metric_value(item, value);
		fputs("\t\t<property name=\"metric ", out);
		suite_put(out, SUITE_XML, result->name);
		fprintf(out, " %s\" value=\"", item->name);
		suite_put(out, SUITE_XML, value);
		fprintf(out, "%s%s\"/>\n", *better ? " " : "", better);
	}
}

static void add_host(FILE *out, const struct suite_result *result)
{
	char percent[REPORT_HOST_SIZE];

	report_host_percent(result->host_took, percent);
	if (!*percent)
		return;
	fputs("\t\t<property name=\"host-took ", out);
	suite_put(out, SUITE_XML, result->name);
	fprintf(out, "\" value=\"%s\"/>\n", percent);
}

static void put_output(FILE *out, const struct suite_result *result, const char *memory, bool room)
{
	fputs("\t\t<system-out>", out);
	put_machine(out, result, memory);
	if (result->outcome == OUTCOME_XFAIL) {
		suite_put_cause(out, SUITE_XML, result);
		fputc('\n', out);
	}
	if (room)
		suite_put_metrics(out, SUITE_XML, "", result);
	if (room)
		suite_put_lines(out, SUITE_XML, "", end_of(result->output));
	else
		fputs("(output left out: this report is too large)\n", out);
	fputs("</system-out>\n", out);
}

static int junit_result(struct suite_writer *writer, const struct suite_result *result,
			struct error *err)
{
	struct junit *junit = writer->collected;
	FILE *out = junit->cases;
	const char *element = element_of(junit, result->outcome);
	bool room = ftello(out) + ftello(junit->metrics) < MOST_HELD;
	char memory[32] = "";

	if (result->memory_mib)
		snprintf(memory, sizeof(memory), "%" PRIu64 " MiB", result->memory_mib);
	if (add_value(&junit->kernels, result->kernel) ||
	    add_value(&junit->topologies, result->topology) ||
	    add_value(&junit->memories, memory) || add_value(&junit->starts, result->start))
		return no_memory(err);
	junit->tests++;
	fputs("\t<testcase", out);
	put_names(out, result->name);
	fprintf(out, " time=\"%.3f\">\n", suite_seconds(result->seconds));
	if (element) {
		fprintf(out, "\t\t<%s type=\"%s\" message=\"", element,
			outcome_name(result->outcome));
		suite_put_cause(out, SUITE_XML, result);
		fputs("\">", out);
		if (outcome_is_bad(result->outcome) && room)
			suite_put_details(out, SUITE_XML, "", result);
		fprintf(out, "</%s>\n", element);
	}
	if (result->outcome != OUTCOME_SKIP && result->outcome != OUTCOME_NOT_RUN)
		put_output(out, result, memory, room);
	fputs("\t</testcase>\n", out);
	if (room) {
		add_metrics(junit->metrics, result);
		add_host(junit->metrics, result);
	}
	return fflush(out) || ferror(out) || fflush(junit->metrics) || ferror(junit->metrics)
		       ? no_memory(err)
		       : 0;
}

static int junit_rate(struct suite_writer *writer, const struct suite_rate *rate, struct error *err)
{
	struct junit *junit = writer->collected;
	char word[SUITE_RATE_WORD_SIZE];

	suite_rate_word(word, rate);
	fputs("\t\t<property name=\"rate ", junit->metrics);
	suite_put(junit->metrics, SUITE_XML, rate->name);
	fprintf(junit->metrics, "\" value=\"%s, ", word);
	suite_put_rate(junit->metrics, rate);
	fputs("\"/>\n", junit->metrics);
	return fflush(junit->metrics) || ferror(junit->metrics) ? no_memory(err) : 0;
}

static int junit_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
		     bool interrupted, struct error *err)
{
	struct junit *junit = writer->collected;
	FILE *out = writer->out;

	(void)err;
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"ktstr\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
		"skipped=\"%u\" time=\"%.3f\">\n",
		junit->tests, junit->failures, junit->errors, junit->skipped,
		suite_seconds(seconds));
	fputs("\t<properties>\n", out);
	put_values(out, "kernel", &junit->kernels);
	put_values(out, "topology", &junit->topologies);
	put_values(out, "memory", &junit->memories);
	put_values(out, "start", &junit->starts);
	if (junit->metrics_size)
		fwrite(junit->metrics_text, 1, junit->metrics_size, out);
	fputs("\t</properties>\n", out);
	if (junit->size)
		fwrite(junit->text, 1, junit->size, out);
	fputs("\t<system-out>", out);
	suite_put_counts(out, counts, seconds);
	fputs("</system-out>\n", out);
	if (interrupted) {
		fputs("\t<system-err>", out);
		suite_put_interrupted(out, counts);
		fputs("</system-err>\n", out);
	}
	fputs("</testsuite>\n", out);
	return 0;
}

static void junit_destroy(struct suite_writer *writer)
{
	struct junit *junit = writer->collected;

	if (junit->cases)
		fclose(junit->cases);
	free(junit->text);
	if (junit->metrics)
		fclose(junit->metrics);
	free(junit->metrics_text);
	free_values(&junit->kernels);
	free_values(&junit->topologies);
	free_values(&junit->memories);
	free_values(&junit->starts);
	free(junit);
}

const struct suite_format suite_junit = {
	.name = "JUnit",
	.begin = junit_begin,
	.result = junit_result,
	.rate = junit_rate,
	.end = junit_end,
	.destroy = junit_destroy,
};
