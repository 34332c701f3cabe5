/* Which bases does a suite hold at the moment? By their numbers (bases.h). */
#ifndef KTSTR_SUITE_MADE_H
#define KTSTR_SUITE_MADE_H

#include <stddef.h>

#include "base/base.h"
#include "suite/bases.h"
#include "util/error.h"

struct made {
	struct base *list; /* ram_fd -1: not there */
	size_t count;
};

/* made_init - room for so many, none of them there. Returns 0 or -ENOMEM. */
int made_init(struct made *made, size_t count, struct error *err);
void made_destroy(struct made *made);

/* made_drop - give its memory back, which is the host's as soon as no fork has it either. */
void made_drop(struct made *made, size_t base);

/*
 * made_keep - in a process that was forked from the suite: none but @base, or BASE_NONE. What it
 * held on to would stay in memory when the suite gives it back.
 * Returns the base, or NULL.
 */
const struct base *made_keep(struct made *made, size_t base);

#endif
