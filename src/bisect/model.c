/* Which commit did it, when the fault shows only now and then? See model.h. */
#include "bisect/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A run that tells less, in nats, tells nothing. */
#define LEAST_INFORMATION 1e-9

/* What is less likely changes no sum that is looked at. */
#define NO_CHANCE 1e-15

int bisect_model_init(struct bisect_model *model, size_t count, double false_positive)
{
	*model = (struct bisect_model){ .count = count,
					.words = (count + 63) / 64,
					.false_positive = false_positive };
	model->contains = calloc(count * model->words, sizeof(*model->contains));
	model->tallies = calloc(count, sizeof(*model->tallies));
	model->posterior = calloc(count, sizeof(*model->posterior));
	model->bad_rate = calloc(count, sizeof(*model->bad_rate));
	model->group = calloc(count, sizeof(*model->group));
	model->alive = calloc(model->words, sizeof(*model->alive));
	model->scratch = calloc(count, sizeof(*model->scratch));
	if (!model->contains || !model->tallies || !model->posterior || !model->bad_rate ||
	    !model->group || !model->alive || !model->scratch) {
		bisect_model_destroy(model);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		model->contains[i * model->words + i / 64] |= 1ull << i % 64;
	return 0;
}

void bisect_model_destroy(struct bisect_model *model)
{
	free(model->contains);
	free(model->tallies);
	free(model->posterior);
	free(model->bad_rate);
	free(model->group);
	free(model->alive);
	free(model->scratch);
	*model = (struct bisect_model){ 0 };
}

void bisect_model_parent(struct bisect_model *model, size_t child, size_t parent)
{
	uint64_t *row = model->contains + child * model->words;
	const uint64_t *from = model->contains + parent * model->words;

	for (size_t i = 0; i <= parent / 64; i++)
		row[i] |= from[i];
}

/* Each h whose bit is set, in turn. */
#define FOR_EACH_BIT(bits, words, h)                                                               \
	for (size_t word_ = 0; word_ < (words); word_++)                                           \
		for (uint64_t left_ = (bits);                                                      \
		     left_ && ((h) = word_ * 64 + (size_t)__builtin_ctzll(left_), true);           \
		     left_ &= left_ - 1)

/* Each commit h that @commit contains. */
#define FOR_EACH_CONTAINED(model, commit, h)                                                       \
	FOR_EACH_BIT((model)->contains[(commit) * (model)->words + word_], (commit) / 64 + 1, h)

/* Of these, each that may be the one still. */
#define FOR_EACH_LIKELY(model, commit, h)                                                          \
	FOR_EACH_BIT((model)->contains[(commit) * (model)->words + word_] & (model)->alive[word_], \
		     (commit) / 64 + 1, h)

/* splitmix64: a number without a pattern for each commit. */
static uint64_t scatter(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15ull;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return number ^ number >> 31;
}

/* For qsort. */
struct pattern {
	uint64_t of; /* the commits that contain it */
	size_t commit;
};

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *first = a, *second = b;

	if (first->of != second->of)
		return first->of < second->of ? -1 : 1;
	return first->commit < second->commit ? -1 : 1;
}

/*
 * Two that the same commits contain, of those that can be tested or have runs, are one to us: what
 * was seen says the same of both.
 */
static int find_groups(struct bisect_model *model)
{
	struct pattern *patterns = calloc(model->count, sizeof(*patterns));
	size_t h;

	if (!patterns)
		return -ENOMEM;
	for (size_t i = 0; i < model->count; i++) {
		const struct bisect_tally *tally = &model->tallies[i];

		patterns[i].commit = i;
		if (tally->untestable && !tally->bad && !tally->good)
			continue;
		FOR_EACH_CONTAINED(model, i, h)
		patterns[h].of += scatter(i);
	}
	qsort(patterns, model->count, sizeof(*patterns), compare_patterns);
	for (size_t i = 0; i < model->count; i++)
		model->group[patterns[i].commit] = i && patterns[i].of == patterns[i - 1].of
							   ? model->group[patterns[i - 1].commit]
							   : patterns[i].commit;
	free(patterns);
	model->grouped = true;
	return 0;
}

void bisect_model_drop(struct bisect_model *model, size_t commit)
{
	model->tallies[commit].untestable = true;
	model->grouped = false;
}

/* The runs of the commits that contain each candidate. Returns NULL when memory is out. */
static struct bisect_tally *inside_each(const struct bisect_model *model, struct bisect_tally *all)
{
	struct bisect_tally *inside = calloc(model->count, sizeof(*inside));
	size_t h;

	*all = (struct bisect_tally){ 0 };
	for (size_t i = 0; inside && i < model->count; i++) {
		const struct bisect_tally *tally = &model->tallies[i];

		if (!tally->bad && !tally->good)
			continue;
		all->bad += tally->bad;
		all->good += tally->good;
		FOR_EACH_CONTAINED(model, i, h)
		{
			inside[h].bad += tally->bad;
			inside[h].good += tally->good;
		}
	}
	return inside;
}

/* log(first * (first + 1) * ...), @count factors, for each count up to @most. */
static double *log_rising(double first, unsigned int most)
{
	double *logs = calloc((size_t)most + 1, sizeof(*logs));

	for (unsigned int i = 0; logs && i < most; i++)
		logs[i + 1] = logs[i] + log(first + i);
	return logs;
}

/* @count times a thing whose chance is @chance: its logarithm. */
static double log_times(unsigned int count, double chance)
{
	return count ? count * log(chance) : 0;
}

/* Of logarithms of weights, shares of one. Returns 0 or -ERANGE: all weigh nothing. */
static int normalize(double *weights, size_t count)
{
	double most = -INFINITY, sum = 0;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, weights[i]);
	if (isinf(most))
		return -ERANGE;
	for (size_t i = 0; i < count; i++)
		sum += weights[i] = exp(weights[i] - most);
	for (size_t i = 0; i < count; i++)
		weights[i] /= sum;
	return 0;
}

int bisect_model_update(struct bisect_model *model)
{
	const double prior = BISECT_PRIOR_BAD + BISECT_PRIOR_GOOD;
	double *bad = NULL, *good = NULL, *both = NULL;
	struct bisect_tally *inside, all;
	int ret = -ENOMEM;

	if (!model->grouped && find_groups(model))
		return -ENOMEM;
	inside = inside_each(model, &all);
	bad = log_rising(BISECT_PRIOR_BAD, all.bad);
	good = log_rising(BISECT_PRIOR_GOOD, all.good);
	both = log_rising(prior, all.bad + all.good);
	if (!inside || !bad || !good || !both)
		goto out;
	for (size_t h = 0; h < model->count; h++) {
		unsigned int k = inside[h].bad, m = inside[h].good;

		/* The Beta function's ratio, with the rate integrated out, times those outside. */
		model->posterior[h] = bad[k] + good[m] - both[k + m] +
				      log_times(all.bad - k, model->false_positive) +
				      log_times(all.good - m, 1 - model->false_positive);
		model->bad_rate[h] = (BISECT_PRIOR_BAD + k) / (prior + k + m);
	}
	ret = normalize(model->posterior, model->count);
	memset(model->alive, 0, model->words * sizeof(*model->alive));
	for (size_t h = 0; h < model->count; h++)
		model->alive[h / 64] |= (uint64_t)(model->posterior[h] > NO_CHANCE) << h % 64;
out:
	free(inside);
	free(bad);
	free(good);
	free(both);
	return ret;
}

/* Of something with this chance, in nats. */
static double entropy(double chance)
{
	if (chance <= 0 || chance >= 1)
		return 0;
	return -chance * log(chance) - (1 - chance) * log(1 - chance);
}

/* Over the candidates that a commit contains: what the next run of it would be. */
struct outlook {
	double mass; /* of the posterior */
	double bad;  /* that, and the run is bad */
	double left; /* nats of the outcome that stay open, if it were known which one it is */
};

static struct outlook look(const struct bisect_model *model, size_t commit)
{
	struct outlook sum = { 0 };
	size_t h;

	FOR_EACH_LIKELY(model, commit, h)
	{
		sum.mass += model->posterior[h];
		sum.bad += model->posterior[h] * model->bad_rate[h];
		sum.left += model->scratch[h];
	}
	return sum;
}

/* The expected information of a run, in nats. */
static double information(const struct bisect_model *model, size_t commit)
{
	struct outlook sum = look(model, commit);
	double outside = fmax(0, 1 - sum.mass), wrong = model->false_positive;

	return entropy(sum.bad + outside * wrong) - sum.left - outside * entropy(wrong);
}

size_t bisect_model_choose(const struct bisect_model *model, size_t built, double build_cost)
{
	size_t best = BISECT_NONE;
	unsigned int bad = 0;
	double most = 0;

	for (size_t i = 0; i < model->count; i++) {
		model->scratch[i] = model->posterior[i] * entropy(model->bad_rate[i]);
		bad += model->tallies[i].bad;
	}
	if (bad < BISECT_FIRST_BAD && !model->tallies[model->count - 1].untestable)
		return model->count - 1;
	for (size_t i = 0; i < model->count; i++) {
		double told = model->tallies[i].untestable ? 0 : information(model, i);

		if (told < LEAST_INFORMATION)
			continue;
		told /= i == built ? 1 : 1 + build_cost;
		if (told <= most)
			continue;
		most = told;
		best = i;
	}
	return best;
}

size_t bisect_model_best(const struct bisect_model *model, double *probability)
{
	size_t best = 0;

	memset(model->scratch, 0, model->count * sizeof(*model->scratch));
	for (size_t i = 0; i < model->count; i++)
		model->scratch[model->group[i]] += model->posterior[i];
	for (size_t i = 1; i < model->count; i++)
		if (model->scratch[i] > model->scratch[best])
			best = i;
	*probability = model->scratch[best];
	return best;
}
