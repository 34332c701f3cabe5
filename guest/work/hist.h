/*
 * How long did many things take? A log-linear histogram: exact below HIST_SUB ns, above that each
 * octave has HIST_SUB buckets, so that a value is known to 1/HIST_SUB of itself. The maximum is
 * exact. One writer, no locks; a reader in another process sees counts that may be one behind.
 */
#ifndef KTSTR_WORK_HIST_H
#define KTSTR_WORK_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	6
#define HIST_SUB	(1u << HIST_SUB_BITS)
/* Up to 2^40 ns, some 18 minutes; what is longer counts into the last one. */
#define HIST_VALUE_BITS 40
#define HIST_BUCKETS	((HIST_VALUE_BITS - HIST_SUB_BITS + 1) * HIST_SUB)

struct hist {
	uint64_t count, sum, max;
	uint32_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *hist, uint64_t value);

/* hist_merge - what is in @from is in @into as well. */
void hist_merge(struct hist *into, const struct hist *from);

/*
 * hist_quantile - the value that @per_100000 of 100000 values do not exceed, as the upper end of
 * its bucket: never too low, at most 1/HIST_SUB of it too high. 0 for an empty one.
 */
uint64_t hist_quantile(const struct hist *hist, uint32_t per_100000);

/* The bucket of a value, and the largest value of a bucket. */
uint32_t hist_bucket(uint64_t value);
uint64_t hist_bucket_end(uint32_t bucket);

#endif
