/* What do the rounds of a variant say together? See rounds.h. */
#include "suite/rounds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/artefacts.h"
#include "stats/sequential.h"
#include "verdict/bisect.h"
#include "verdict/verdict.h"

static int by_name(const void *a, const void *b, void *data)
{
	const struct variant *list = data;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = strcmp(list[i].name, list[j].name);

	return order ? order : (i > j) - (i < j);
}

static int by_first(const void *a, const void *b)
{
	const struct rounds_of *x = a, *y = b;

	return (x->next > y->next) - (x->next < y->next);
}

/* @sorted: the variants, those of one name behind each other in the plan's order. */
static void link_rounds(struct rounds *rounds, const size_t *sorted)
{
	const struct variants *variants = rounds->variants;

	for (size_t i = 0; i < variants->count; i++) {
		const char *name = variants->list[sorted[i]].name;

		rounds->next[sorted[i]] = variants->count;
		if (i && !strcmp(name, variants->list[sorted[i - 1]].name))
			rounds->next[sorted[i - 1]] = sorted[i];
		else
			rounds->list[rounds->count++] =
				(struct rounds_of){ .name = name, .next = sorted[i] };
	}
	qsort(rounds->list, rounds->count, sizeof(*rounds->list), by_first);
	for (size_t i = 0; i < rounds->count; i++)
		for (size_t j = rounds->list[i].next; j < variants->count; j = rounds->next[j])
			rounds->of[j] = i;
}

int rounds_init(struct rounds *rounds, const struct variants *variants,
		const struct rounds_wish *wish, struct error *err)
{
	size_t count = variants->count, *sorted = calloc(count + 1, sizeof(*sorted));

	*rounds = (struct rounds){ .wish = *wish,
				   .variants = variants,
				   .next = calloc(count + 1, sizeof(*rounds->next)),
				   .of = calloc(count + 1, sizeof(*rounds->of)),
				   .outcomes = calloc(count + 1, 1),
				   .list = calloc(count + 1, sizeof(*rounds->list)) };
	if (!sorted || !rounds->next || !rounds->of || !rounds->outcomes || !rounds->list) {
		free(sorted);
		return error_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = i;
	qsort_r(sorted, count, sizeof(*sorted), by_name, variants->list);
	link_rounds(rounds, sorted);
	free(sorted);
	return 0;
}

void rounds_destroy(struct rounds *rounds)
{
	for (size_t i = 0; i < rounds->count; i++) {
		free(rounds->list[i].good);
		free(rounds->list[i].bad);
	}
	free(rounds->next);
	free(rounds->of);
	free(rounds->outcomes);
	free(rounds->list);
	*rounds = (struct rounds){ 0 };
}

static bool is_pass(enum outcome_kind outcome)
{
	return outcome == OUTCOME_PASS || outcome == OUTCOME_XFAIL;
}

static bool is_fail(enum outcome_kind outcome)
{
	return outcome == OUTCOME_FAIL || outcome == OUTCOME_TIMEOUT || outcome == OUTCOME_XPASS;
}

/* Is it known by now? */
static void decide(const struct rounds_wish *wish, struct rounds_of *of)
{
	enum sequential_decision decision;

	if (of->skipped || of->untold >= ROUNDS_MAX_UNTOLD) {
		of->enough = true;
		of->end = SUITE_RATE_OPEN;
	} else if (of->runs < wish->least) {
		return;
	} else if (wish->limit > 0) {
		decision = sequential_decide(of->hits, of->runs, wish->limit, ROUNDS_CONFIDENCE);
		of->enough = decision != SEQUENTIAL_OPEN;
		of->end = decision == SEQUENTIAL_AT_LEAST ? SUITE_RATE_AT_LEAST
			  : decision == SEQUENTIAL_BELOW  ? SUITE_RATE_BELOW
							  : SUITE_RATE_OPEN;
	} else {
		of->enough =
			sequential_is_narrow(of->hits, of->runs, wish->width, ROUNDS_CONFIDENCE);
		of->end = of->enough ? SUITE_RATE_NARROW : SUITE_RATE_OPEN;
	}
}

/* As far as rounds have ended without a gap. */
static void go_on(struct rounds *rounds, struct rounds_of *of)
{
	while (!of->enough && of->next < rounds->variants->count && rounds->outcomes[of->next]) {
		enum outcome_kind outcome = rounds->outcomes[of->next] - 1;

		of->hits += is_pass(outcome);
		of->runs += is_pass(outcome) || is_fail(outcome);
		of->untold = is_pass(outcome) || is_fail(outcome) ? 0 : of->untold + 1;
		of->skipped = outcome == OUTCOME_SKIP;
		of->next = rounds->next[of->next];
		decide(&rounds->wish, of);
	}
}

/* The first of each kind is kept. */
static void take_folder(const struct rounds *rounds, char **place, bool *goes,
			const struct suite_result *result)
{
	const char *folder = result->folder;

	if (!folder || !*folder)
		return;
	if (!*place) {
		*place = strdup(folder);
		*goes = rounds_goes(rounds, result);
	} else if (rounds_goes(rounds, result)) {
		artefacts_remove(folder);
	}
}

/* A round that tested nothing tells nothing. */
static enum outcome_kind counts_as(const struct rounds *rounds, const struct suite_result *result)
{
	return rounds->wish.bisect && result->bisect == BISECT_SKIP && is_fail(result->outcome)
		       ? OUTCOME_ERROR
		       : result->outcome;
}

bool rounds_goes(const struct rounds *rounds, const struct suite_result *result)
{
	/* What was asked for, a trace, stays. */
	return rounds->wish.tidy && is_pass(result->outcome) &&
	       !(result->trace && *result->trace) && !(result->dump && *result->dump);
}

bool rounds_enough(const struct rounds *rounds, const struct variant *variant)
{
	return rounds->list[rounds->of[variant - rounds->variants->list]].enough;
}

void rounds_add(struct rounds *rounds, const struct variant *variant,
		const struct suite_result *result)
{
	size_t index = (size_t)(variant - rounds->variants->list);
	struct rounds_of *of = &rounds->list[rounds->of[index]];
	enum outcome_kind outcome = counts_as(rounds, result);

	if (outcome == OUTCOME_NOT_RUN)
		return;
	if (is_pass(outcome)) {
		of->passed++;
		take_folder(rounds, &of->good, &of->good_goes, result);
	} else if (is_fail(outcome)) {
		of->failed++;
		take_folder(rounds, &of->bad, &(bool){ false }, result);
	} else if (outcome != OUTCOME_SKIP) {
		of->neither++;
	}
	rounds->outcomes[index] = (unsigned char)(outcome + 1);
	if (rounds->wish.until)
		go_on(rounds, of);
}

bool rounds_rate(const struct rounds *rounds, size_t index, struct suite_rate *rate)
{
	const struct rounds_of *of = &rounds->list[index];
	const struct rounds_wish *wish = &rounds->wish;
	unsigned int runs = of->passed + of->failed;

	if (!runs && (!wish->until || !of->neither))
		return false;
	if (!wish->until && runs + of->neither < 2)
		return false;
	*rate = (struct suite_rate){ .name = of->name,
				     .passed = of->passed,
				     .failed = of->failed,
				     .neither = of->neither,
				     .confidence = ROUNDS_CONFIDENCE,
				     .limit = wish->until ? wish->limit : 0,
				     .width = wish->until && wish->limit <= 0 ? wish->width : 0,
				     .end = !wish->until ? SUITE_RATE_COUNTED
					    : of->enough ? of->end
							 : SUITE_RATE_OPEN,
				     .good = of->good,
				     .bad = of->bad };
	/* A test that may stop at any time has an interval that holds at any time. */
	rate->method = rate->limit > 0 ? "sequential mixture" : "Wilson";
	rate->passes = rate->limit > 0 ? sequential_interval(of->passed, runs, ROUNDS_CONFIDENCE)
				       : proportion_wilson(of->passed, runs, ROUNDS_CONFIDENCE);
	return true;
}

int rounds_status(const struct rounds *rounds, int status)
{
	bool open = false, any = false;
	struct suite_rate rate;

	for (size_t i = 0; i < rounds->count; i++) {
		if (!rounds_rate(rounds, i, &rate))
			continue;
		any = true;
		if (rate.end == SUITE_RATE_BELOW)
			return 1;
		open |= rate.end == SUITE_RATE_OPEN;
	}
	return !any ? status : open ? EXIT_HOST_ERROR : 0;
}

void rounds_tidy(struct rounds *rounds)
{
	for (size_t i = 0; i < rounds->count; i++) {
		struct rounds_of *of = &rounds->list[i];

		if (of->failed || !of->good_goes)
			continue;
		artefacts_remove(of->good);
		free(of->good);
		of->good = NULL;
	}
}
