/* Do two rates differ? Fisher's exact test (1922) of a 2 x 2 table, two-sided. */
#ifndef KTSTR_STATS_FISHER_H
#define KTSTR_STATS_FISHER_H

/*
 * fisher_test - how probable such a table, or one that is no more probable, is of equal rates
 * @hits_a, @hits_b: of @runs_a and @runs_b. Without a run on a side, it is 1.
 */
double fisher_test(unsigned int hits_a, unsigned int runs_a, unsigned int hits_b,
		   unsigned int runs_b);

/* fisher_least - the smallest that runs of these numbers can give */
double fisher_least(unsigned int runs_a, unsigned int runs_b);

#endif
