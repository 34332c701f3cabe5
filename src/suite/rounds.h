/*
 * What do the rounds of a variant say together (--repeat), and are there enough of them
 * (--until-confident)? Decided from the rounds in the order of the plan, whichever ended first: a
 * round that fails may take longer than one that passes.
 */
#ifndef KTSTR_SUITE_ROUNDS_H
#define KTSTR_SUITE_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/suite.h"
#include "suite/rates.h"
#include "suite/variants.h"
#include "util/error.h"

/* So many rounds in a row that count neither way, and no more are run. */
#define ROUNDS_MAX_UNTOLD 3

struct rounds_wish {
	bool until;	    /* stop when it is known; else all that are planned are run */
	unsigned int least; /* rounds that passed or failed before that */
	double limit;	    /* known is whether it passes at least so often; 0: the rate itself, */
	double width;	    /* to within so much */
	bool bisect;	    /* a failure that is BISECT_SKIP (verdict/bisect.h) tells nothing */
	bool tidy;	    /* of the folders of good rounds none stays but beside a bad one */
};

/* All rounds of one variant; inner part. */
struct rounds_of {
	const char *name;    /* the variant's */
	size_t next;	     /* variant: the first one that is not counted for the decision */
	unsigned int hits;   /* passed, of the rounds before it, */
	unsigned int runs;   /* passed or failed, */
	unsigned int untold; /* and in a row neither */
	bool enough, skipped;
	enum suite_rate_end end;
	struct suite_rate counted; /* all that have ended; its counts alone */
	char *good, *bad;	   /* folders of one each; owned, or NULL */
	bool good_goes;		   /* unless there is a bad one */
};

struct rounds {
	struct rounds_wish wish;
	const struct variants *variants;
	size_t *next;		 /* by variant: the next round of the same; their count: none */
	size_t *of;		 /* by variant: which of list */
	unsigned char *outcomes; /* by variant: its outcome plus one; 0: none yet */
	struct rounds_of *list;	 /* in the order of the plan */
	size_t count;
};

/* rounds_init - @variants stay the caller's, and where they are. Returns 0 or -ENOMEM. */
int rounds_init(struct rounds *rounds, const struct variants *variants,
		const struct rounds_wish *wish, struct error *err);
void rounds_destroy(struct rounds *rounds);

/* rounds_add - one has ended. A folder that is not needed any more is removed (tidy). */
void rounds_add(struct rounds *rounds, const struct variant *variant,
		const struct suite_result *result);

/* rounds_enough - need no more of this variant be run? */
bool rounds_enough(const struct rounds *rounds, const struct variant *variant);

/* rounds_goes - is the folder of this result one that goes again (tidy)? */
bool rounds_goes(const struct rounds *rounds, const struct suite_result *result);

/*
 * rounds_rate - of variant @index below count; strings live as long as @rounds.
 * Returns false where no round has told anything, or it had one alone and no rate was asked for.
 */
bool rounds_rate(const struct rounds *rounds, size_t index, struct suite_rate *rate);

/*
 * rounds_status - the exit status of a suite that asked whether its variants pass at least so
 * often: 1: one does not; 125: not decided of one; else @status where no round told anything, or 0.
 */
int rounds_status(const struct rounds *rounds, int status);

/* rounds_tidy - all have ended: good folders without a bad one beside them go. */
void rounds_tidy(struct rounds *rounds);

#endif
