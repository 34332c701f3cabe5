/*
 * Which commit did it, when the fault shows only now and then? Bayes' rule over "this commit is the
 * first bad one": before any run each candidate is as likely. On commits that contain the first bad
 * one a run is bad with a rate that nobody knows (a Beta distribution, which is integrated out), on
 * the others never, or with a small rate that is given.
 *
 * Pure arithmetic: no git, no clock, no chance. With n candidates it keeps n * n bits, and a choice
 * takes some n * n steps.
 */
#ifndef KTSTR_BISECT_MODEL_H
#define KTSTR_BISECT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 50 MB of bits. */
#define BISECT_MAX_COMMITS 20000

#define BISECT_NONE SIZE_MAX

/*
 * What is believed of the rate before the first run: Beta(0.1, 3). Low rates are as likely as
 * others, for each order of magnitude: a uniform one would think a rate below 10 % a rare thing,
 * and be too sure too early.
 */
#define BISECT_PRIOR_BAD  0.1
#define BISECT_PRIOR_GOOD 3.0

/* Runs of the bad end that must be bad before others are asked: what is looked for is there, and
 * about how often it shows. */
#define BISECT_FIRST_BAD 2

struct bisect_tally {
	unsigned int bad, good; /* runs that told something */
	bool untestable;	/* it cannot be built, or no run of it tells anything; by
				   bisect_model_drop alone */
};

struct bisect_model {
	size_t count, words; /* candidates; 64-bit words of a row */
	uint64_t *contains;  /* row c, bit h: commit c contains commit h, itself included */
	struct bisect_tally *tallies; /* of each commit */
	double *posterior;	      /* that it is the first bad one; they sum to 1 */
	double *bad_rate;	      /* the next run's, on a commit that contains it, if it is */
	size_t *group;	 /* the oldest of those that neither a run nor a commit which can be tested
			    tells from it; they are equally likely */
	bool grouped;	 /* false: find out again */
	uint64_t *alive; /* bit h: it may be that one still */
	double *scratch; /* of as many */
	double false_positive;
};

/*
 * bisect_model_init - @count candidates, 1 to BISECT_MAX_COMMITS, each after its parents; the last
 * one is the bad end, which contains all others. Owned by the caller until bisect_model_destroy.
 * Returns 0 or -ENOMEM.
 */
int bisect_model_init(struct bisect_model *model, size_t count, double false_positive);
void bisect_model_destroy(struct bisect_model *model);

/* bisect_model_parent - of @child, @parent < @child, whose own parents are all said already. */
void bisect_model_parent(struct bisect_model *model, size_t child, size_t parent);

/* bisect_model_drop - @commit is untestable. */
void bisect_model_drop(struct bisect_model *model, size_t commit);

/*
 * bisect_model_update - after tallies have changed: the posterior, and what belongs together.
 * Returns 0, or -ERANGE: no single commit explains what was seen (bad runs on commits that have no
 * candidate in common, and no false positives are allowed).
 */
int bisect_model_update(struct bisect_model *model);

/*
 * bisect_model_choose - the commit whose next run tells most for what it costs: expected
 * information about the first bad commit (its mutual information with the run's outcome) over the
 * cost.
 * @built: the commit that is built already, or BISECT_NONE; a run of another one costs
 * @build_cost runs more
 * Until BISECT_FIRST_BAD runs were bad it is the bad end.
 * Returns BISECT_NONE when no run would tell anything.
 */
size_t bisect_model_choose(const struct bisect_model *model, size_t built, double build_cost);

/*
 * bisect_model_best - the most likely commit; among those that cannot be told apart, which count
 * together, the oldest. @probability: of all of them.
 */
size_t bisect_model_best(const struct bisect_model *model, double *probability);

static inline bool bisect_model_contains(const struct bisect_model *model, size_t commit,
					 size_t other)
{
	return model->contains[commit * model->words + other / 64] >> other % 64 & 1;
}

#endif
