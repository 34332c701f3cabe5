/*
 * What are the two sides of `ktstr-launch ab`? Each is what was said of both, and then its own
 * words; the variants of both are run in turns.
 */
#ifndef KTSTR_SUITE_SIDES_H
#define KTSTR_SUITE_SIDES_H

#include "run/options.h"
#include "suite/kernels.h"
#include "suite/variants.h"

struct side {
	const char *said; /* "kernel=6.12.1 append=quiet" */
	struct run_options options;
	struct kernels kernels;
	struct variants variants; /* their @options are this side's */
	char **words;		  /* owned: what @options was parsed from */
	size_t nr_words;
};

/*
 * side_parse - @said: words as in a line of directives (entry/words.h): kernel=, append=,
 * topology=, scheduler=, scheduler_args=, wprof or wprof=, wprof_args=. One that was said of both
 * as well is replaced, scheduler_args= comes behind.
 * @what: "--a"; @both: what the command line said, needed as long as the side; @groups: its options
 * Returns 0; -EINVAL, with the word and what it takes; -ENOMEM. To be destroyed in either case.
 */
int side_parse(struct side *side, const char *what, const char *said,
	       const struct run_options *both, unsigned int groups, struct error *err);
void side_destroy(struct side *side);

/*
 * sides_interleave - all variants of both, in the order in which they are to be run: of each test
 * the first round is A B, the second B A, and so on, so that what drifts hits both alike
 * @all: its list is to be freed; all else in it is the sides'
 * Returns 0; -EINVAL: the sides have not the same variants; -ENOMEM.
 */
int sides_interleave(const struct side sides[2], struct variants *all, struct error *err);

#endif
