/* What do the rounds of a variant come to, as a rate? See rates.h. */
#include "suite/rates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/sequential.h"

struct place {
	const char *name;
	size_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

int rates_group(const char *const *names, size_t count, size_t *of, size_t *groups,
		struct error *err)
{
	struct place *sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct place){ names[i], i };
	qsort(sorted, count, sizeof(*sorted), by_name);
	/* By the first of each name, and then by number. */
	for (size_t i = 0; i < count; i++)
		of[sorted[i].at] = i && !strcmp(sorted[i].name, sorted[i - 1].name)
					   ? of[sorted[i - 1].at]
					   : sorted[i].at;
	free(sorted);
	*groups = 0;
	for (size_t i = 0; i < count; i++)
		of[i] = of[i] == i ? (*groups)++ : of[of[i]];
	return 0;
}

bool rates_is_pass(enum outcome_kind outcome)
{
	return outcome == OUTCOME_PASS || outcome == OUTCOME_XFAIL;
}

bool rates_is_fail(enum outcome_kind outcome)
{
	return outcome == OUTCOME_FAIL || outcome == OUTCOME_TIMEOUT || outcome == OUTCOME_XPASS;
}

void rates_count(struct suite_rate *rate, enum outcome_kind outcome)
{
	if (rates_is_pass(outcome))
		rate->passed++;
	else if (rates_is_fail(outcome))
		rate->failed++;
	else if (outcome != OUTCOME_SKIP && outcome != OUTCOME_NOT_RUN)
		rate->neither++;
}

bool rates_finish(struct suite_rate *rate, bool asked)
{
	unsigned int runs = rate->passed + rate->failed;

	if (!runs && (!asked || !rate->neither))
		return false;
	if (!asked && runs + rate->neither < 2)
		return false;
	rate->confidence = RATES_CONFIDENCE;
	/* A test that may stop at any time has an interval that holds at any time. */
	rate->method = rate->limit > 0 ? "sequential mixture" : "Wilson";
	rate->passes = rate->limit > 0 ? sequential_interval(rate->passed, runs, RATES_CONFIDENCE)
				       : proportion_wilson(rate->passed, runs, RATES_CONFIDENCE);
	return true;
}

void rates_tell(struct rates_told *told, const struct suite_rate *rate)
{
	sinks_rate(told->sinks, rate);
	if (!told->text || (told->quiet && !rate->failed && rate->end != SUITE_RATE_OPEN))
		return;
	if (!told->begun)
		fputs("\nrates of passes:\n", stdout);
	told->begun = true;
	suite_text_rate(stdout, rate, told->name_width, told->colour);
}
