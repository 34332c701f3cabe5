/* Which comparison do the options ask for, in which form, and what is its exit status? */
#ifndef KTSTR_COMPARE_ASKED_H
#define KTSTR_COMPARE_ASKED_H

#include "compare/print.h"
#include "run/options.h"

/* compare_check - Returns 0, or -EINVAL: options that do not go together. */
int compare_check(const struct run_options *options, struct error *err);

/*
 * compare_show - compare both, print it to standard output
 * Returns the exit status, 0 or 1: something is significantly worse; or a negative errno, those of
 * compare_make.
 */
int compare_show(const struct run_options *options, const struct compare_source *a,
		 const struct compare_source *b, struct error *err);

#endif
