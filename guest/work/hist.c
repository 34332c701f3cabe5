/* How long did many things take? See hist.h. */
#include "hist.h"

uint32_t hist_bucket(uint64_t value)
{
	uint32_t shift;

	if (value < HIST_SUB)
		return (uint32_t)value;
	if (value >> HIST_VALUE_BITS)
		return HIST_BUCKETS - 1;
	/* How far the top bit is above the linear part. */
	shift = 63u - (uint32_t)__builtin_clzll(value) - HIST_SUB_BITS;
	return (shift << HIST_SUB_BITS) + (uint32_t)(value >> shift);
}

uint64_t hist_bucket_end(uint32_t bucket)
{
	uint32_t shift;

	if (bucket < HIST_SUB)
		return bucket;
	shift = (bucket >> HIST_SUB_BITS) - 1;
	return ((((uint64_t)bucket & (HIST_SUB - 1)) + HIST_SUB + 1) << shift) - 1;
}

void hist_add(struct hist *hist, uint64_t value)
{
	hist->buckets[hist_bucket(value)]++;
	hist->sum += value;
	if (value > hist->max)
		hist->max = value;
	hist->count++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->count += from->count;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t hist_quantile(const struct hist *hist, uint32_t per_100000)
{
	/* Rounded up: the value of that rank, and the first one at least. */
	uint64_t rank = (uint64_t)(((__uint128_t)hist->count * per_100000 + 99999) / 100000);
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->buckets[i];
		if (hist->buckets[i] && seen >= rank) {
			uint64_t end = hist_bucket_end(i);

			/* The largest is known better. */
			return end < hist->max ? end : hist->max;
		}
	}
	return hist->max;
}
