/*
 * Which of its shards does each variant of a suite belong to? By the plan alone, so that all hosts
 * say the same: by the tests, the kernels' names and what the tests ask for, never by what a host
 * has or lacks.
 */
#ifndef KTSTR_SUITE_SHARD_H
#define KTSTR_SUITE_SHARD_H

#include <stddef.h>

#include "suite/variants.h"
#include "util/error.h"

/*
 * shards_deal - the variants, those of one machine behind each other, the machines in the order of
 * their first variant, are cut into @shards runs whose lengths differ by one at most: so no more
 * than @shards - 1 machines are needed in two shards. All rounds of a variant (--repeat) are
 * one, and stay together.
 * @list: @count in the plan's order, the rounds of each behind its first
 * @of: by variant, from 1; where there are less than shards, some shards have none
 * Returns 0 or -ENOMEM.
 */
int shards_deal(const struct variant *list, size_t count, unsigned int shards, unsigned int *of,
		struct error *err);

#endif
