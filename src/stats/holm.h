/*
 * Many tests are made at once: how sure is each? Holm's correction (1979): the probability that one
 * at least of all is wrong stays below what is asked of one.
 */
#ifndef KTSTR_STATS_HOLM_H
#define KTSTR_STATS_HOLM_H

#include <stddef.h>

/*
 * holm_correct - p-values become corrected ones, in the same order; those that are NAN are no tests
 * Returns 0 or -ENOMEM.
 */
int holm_correct(double *p, size_t count);

#endif
