/*
 * What do the rounds of a variant come to, as a rate? Those of a suite that runs here, and those
 * that result files tell of: the same rounds are the same rate.
 */
#ifndef KTSTR_SUITE_RATES_H
#define KTSTR_SUITE_RATES_H

#include <stdbool.h>
#include <stddef.h>

#include "report/suite.h"
#include "suite/sinks.h"
#include "util/error.h"

/* So sure are the intervals, and what is decided by them. */
#define RATES_CONFIDENCE 0.95

/*
 * rates_group - which of a plan's variants are rounds of one? Those of one name.
 * @of: by variant: its group, from 0, in the order of the plan; @groups: how many there are
 * Returns 0 or -ENOMEM.
 */
int rates_group(const char *const *names, size_t count, size_t *of, size_t *groups,
		struct error *err);

/* As what a round counts; as neither an error, one that is inconclusive, and a skip. */
bool rates_is_pass(enum outcome_kind outcome);
bool rates_is_fail(enum outcome_kind outcome);

/* rates_count - a round more. Skips, and what had no turn, do not count at all. */
void rates_count(struct suite_rate *rate, enum outcome_kind outcome);

/*
 * rates_finish - all are counted: the interval, by what @rate says was asked (limit)
 * @asked: for a rate (--until-confident)
 * Returns false where no round has told anything, or there was one alone and none was asked for.
 */
bool rates_finish(struct suite_rate *rate, bool asked);

/* Where rates are told; all but @begun is the caller's. */
struct rates_told {
	struct sinks *sinks;
	bool text;  /* on standard output, too, */
	bool quiet; /* but only what failed, or is not known */
	bool colour;
	unsigned int name_width;
	bool begun; /* false at the start */
};

/* rates_tell - one rate, behind all results. */
void rates_tell(struct rates_told *told, const struct suite_rate *rate);

#endif
