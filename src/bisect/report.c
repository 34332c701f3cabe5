/* What does a bisection say at its end? See report.h. */
#include "bisect/report.h"

#include <stdlib.h>
#include <string.h>

#include "stats/proportion.h"
#include "util/utf8.h"

/* Commits that are less likely are not listed, unless they have runs. */
#define LEAST_SHOWN 0.005

/* Of those without runs, and of those that cannot be told apart. */
#define MOST_SHOWN 10

/* Of the interval of the fault's rate. */
#define RATE_CONFIDENCE 0.95

static void put_commit(FILE *out, const struct bisect_search *search, size_t commit)
{
	char subject[200], shown[sizeof(subject)];
	const char *name = search->history.list[commit].name;

	/* Its author's words. */
	git_subject(&search->git, name, subject, sizeof(subject));
	utf8_printable(shown, sizeof(shown), subject, strlen(subject));
	fprintf(out, "%.*s  %s\n", GIT_SHORT, name, shown);
}

/* What cannot be told apart from the best one. */
static void put_group(FILE *out, const struct bisect_search *search, size_t best)
{
	const struct bisect_model *model = &search->model;
	size_t count = 0;

	for (size_t i = 0; i < model->count; i++)
		count += i != best && model->group[i] == model->group[best];
	if (!count)
		return;
	fprintf(out,
		"It is that one or one of these %zu, as no commit that could be tested tells them "
		"apart:\n",
		count);
	for (size_t i = 0, shown = 0; i < model->count; i++) {
		if (i == best || model->group[i] != model->group[best])
			continue;
		if (++shown > MOST_SHOWN) {
			fprintf(out, "  and %zu more\n", count - MOST_SHOWN);
			break;
		}
		fputs("  ", out);
		put_commit(out, search, i);
	}
}

static unsigned int count_bad(const struct bisect_model *model)
{
	unsigned int bad = 0;

	for (size_t i = 0; i < model->count; i++)
		bad += model->tallies[i].bad;
	return bad;
}

/* How often it showed where it is, if that is the one. */
static void put_rate(FILE *out, const struct bisect_model *model, size_t first)
{
	unsigned int bad = 0, runs = 0;
	struct proportion rate;

	for (size_t i = 0; i < model->count; i++) {
		if (!bisect_model_contains(model, i, first))
			continue;
		bad += model->tallies[i].bad;
		runs += model->tallies[i].bad + model->tallies[i].good;
	}
	rate = proportion_wilson(bad, runs, RATE_CONFIDENCE);
	fprintf(out, "From there on %u of %u runs were bad: a rate of %.3g %% to %.3g %%.\n", bad,
		runs, 100 * rate.low, 100 * rate.high);
}

/* For qsort. */
struct likely {
	double probability;
	size_t commit;
};

static int compare_likely(const void *a, const void *b)
{
	const struct likely *first = a, *second = b;

	return first->probability < second->probability	  ? 1
	       : first->probability > second->probability ? -1
	       : first->commit > second->commit		  ? 1
							  : -1;
}

/* The most likely ones, and all that were looked at, in the order of history. */
static void put_table(FILE *out, const struct bisect_search *search)
{
	const struct bisect_model *model = &search->model;
	struct likely *order = calloc(model->count, sizeof(*order));
	double least;

	if (!order)
		return;
	for (size_t i = 0; i < model->count; i++)
		order[i] = (struct likely){ model->posterior[i], i };
	qsort(order, model->count, sizeof(*order), compare_likely);
	least = order[model->count > MOST_SHOWN ? MOST_SHOWN - 1 : model->count - 1].probability;
	free(order);
	if (least < LEAST_SHOWN)
		least = LEAST_SHOWN;
	fprintf(out, "\n%11s  %4s  %4s  %4s  %s\n", "PROBABILITY", "BAD", "GOOD", "SKIP", "COMMIT");
	for (size_t i = 0; i < model->count; i++) {
		const struct bisect_tally *tally = &model->tallies[i];

		if (!tally->bad && !tally->good && !tally->untestable && !search->all_skips[i] &&
		    model->posterior[i] < least)
			continue;
		fprintf(out, "%9.1f %%  %4u  %4u  ", 100 * model->posterior[i], tally->bad,
			tally->good);
		if (tally->untestable && !search->all_skips[i])
			fprintf(out, "%4s  ", "-");
		else
			fprintf(out, "%4u  ", search->all_skips[i]);
		put_commit(out, search, i);
	}
}

void bisect_report_print(FILE *out, const struct bisect_search *search, int end)
{
	const struct bisect_model *model = &search->model;
	unsigned int bad = count_bad(model);
	double probability;
	size_t best = bisect_model_best(model, &probability);

	if (!bad) {
		fprintf(out, "The fault has not shown in %u runs.\n", search->runs.count);
	} else {
		fprintf(out, "%s, with a probability of %.1f %%:\n  ",
			end == BISECT_FOUND ? "The first bad commit"
					    : "Not sure; the most likely one",
			100 * probability);
		put_commit(out, search, best);
		put_group(out, search, best);
		put_rate(out, model, best);
	}
	if (end == BISECT_FOUND && best == 0)
		fprintf(out, "It is the oldest candidate: make sure that %.*s is good.\n",
			GIT_SHORT, search->good);
	if (end == BISECT_NOTHING_TO_TELL)
		fputs("No commit that can be tested would tell more.\n", out);
	put_table(out, search);
	fprintf(out, "\n%zu candidates, %u runs in %.0f s, %u builds in %.0f s; %s\n", model->count,
		search->runs.count, search->runs.seconds, search->builds.count,
		search->builds.seconds, search->folder);
}
