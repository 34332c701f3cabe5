/*
 * Which variants of a suite want the same machine? Booted once, it is a base that all of them are
 * forked from.
 */
#ifndef KTSTR_SUITE_BASES_H
#define KTSTR_SUITE_BASES_H

#include <stddef.h>

#include "run/options.h"
#include "suite/variants.h"
#include "util/error.h"

/* A variant whose VM boots. */
#define BASE_NONE ((size_t)-1)

struct bases {
	size_t *of; /* by variant: the number of its base, in the order of first use; or BASE_NONE
		     */
	size_t count;
};

/*
 * bases_find - a base is for at least two variants of one kernel image, topology, memory and
 * command line that run in a VM and may be forks: neither --fresh nor `fresh` says no.
 * Returns 0 or -ENOMEM. @bases: to be destroyed in either case
 */
int bases_find(const struct variants *variants, const struct run_options *options,
	       struct bases *bases, struct error *err);
void bases_destroy(struct bases *bases);

#endif
