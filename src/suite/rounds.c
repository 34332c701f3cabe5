/* What do the rounds of a variant say together? See rounds.h. */
#include "suite/rounds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/artefacts.h"
#include "stats/sequential.h"
#include "verdict/bisect.h"
#include "verdict/verdict.h"

/* Each round to the next of the same variant. */
static int link_rounds(struct rounds *rounds, struct error *err)
{
	size_t count = rounds->variants->count;
	const char **names = calloc(count + 1, sizeof(*names));
	int ret;

	if (!names)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		names[i] = rounds->variants->list[i].name;
	ret = rates_group(names, count, rounds->of, &rounds->count, err);
	free(names);
	if (ret)
		return ret;
	for (size_t i = 0; i < rounds->count; i++)
		rounds->list[i].next = count;
	for (size_t i = count; i-- > 0;) {
		struct rounds_of *of = &rounds->list[rounds->of[i]];

		of->name = rounds->variants->list[i].name;
		rounds->next[i] = of->next;
		of->next = i;
	}
	return 0;
}

int rounds_init(struct rounds *rounds, const struct variants *variants,
		const struct rounds_wish *wish, struct error *err)
{
	size_t count = variants->count;

	*rounds = (struct rounds){ .wish = *wish,
				   .variants = variants,
				   .next = calloc(count + 1, sizeof(*rounds->next)),
				   .of = calloc(count + 1, sizeof(*rounds->of)),
				   .outcomes = calloc(count + 1, 1),
				   .list = calloc(count + 1, sizeof(*rounds->list)) };
	if (!rounds->next || !rounds->of || !rounds->outcomes || !rounds->list)
		return error_set(err, -ENOMEM, "out of memory");
	return link_rounds(rounds, err);
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
		decision = sequential_decide(of->hits, of->runs, wish->limit, RATES_CONFIDENCE);
		of->enough = decision != SEQUENTIAL_OPEN;
		of->end = decision == SEQUENTIAL_AT_LEAST ? SUITE_RATE_AT_LEAST
			  : decision == SEQUENTIAL_BELOW  ? SUITE_RATE_BELOW
							  : SUITE_RATE_OPEN;
	} else {
		of->enough =
			sequential_is_narrow(of->hits, of->runs, wish->width, RATES_CONFIDENCE);
		of->end = of->enough ? SUITE_RATE_NARROW : SUITE_RATE_OPEN;
	}
}

/* As far as rounds have ended without a gap. */
static void go_on(struct rounds *rounds, struct rounds_of *of)
{
	while (!of->enough && of->next < rounds->variants->count && rounds->outcomes[of->next]) {
		enum outcome_kind outcome = rounds->outcomes[of->next] - 1;

		of->hits += rates_is_pass(outcome);
		of->runs += rates_is_pass(outcome) || rates_is_fail(outcome);
		of->untold = rates_is_pass(outcome) || rates_is_fail(outcome) ? 0 : of->untold + 1;
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
	return rounds->wish.bisect && result->bisect == BISECT_SKIP &&
			       rates_is_fail(result->outcome)
		       ? OUTCOME_ERROR
		       : result->outcome;
}

bool rounds_goes(const struct rounds *rounds, const struct suite_result *result)
{
	/* What was asked for, a trace, stays. */
	return rounds->wish.tidy && rates_is_pass(result->outcome) &&
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
	rates_count(&of->counted, outcome);
	if (rates_is_pass(outcome))
		take_folder(rounds, &of->good, &of->good_goes, result);
	else if (rates_is_fail(outcome))
		take_folder(rounds, &of->bad, &(bool){ false }, result);
	rounds->outcomes[index] = (unsigned char)(outcome + 1);
	if (rounds->wish.until)
		go_on(rounds, of);
}

bool rounds_rate(const struct rounds *rounds, size_t index, struct suite_rate *rate)
{
	const struct rounds_of *of = &rounds->list[index];
	const struct rounds_wish *wish = &rounds->wish;

	*rate = of->counted;
	rate->name = of->name;
	rate->limit = wish->until ? wish->limit : 0;
	rate->width = wish->until && wish->limit <= 0 ? wish->width : 0;
	rate->end = !wish->until ? SUITE_RATE_COUNTED : of->enough ? of->end : SUITE_RATE_OPEN;
	rate->good = of->good;
	rate->bad = of->bad;
	return rates_finish(rate, wish->until);
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

		if (of->counted.failed || !of->good_goes)
			continue;
		artefacts_remove(of->good);
		free(of->good);
		of->good = NULL;
	}
}
