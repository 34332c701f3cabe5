/* Would two means differ so much by chance? See permutation.h. */
#include "stats/permutation.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "stats/sample.h"

#define SEED 0x6b74737472ull

struct dealing {
	double *pool; /* of all values, less their mean */
	size_t count;
	size_t side; /* values that the smaller side gets */
	/*
	 * How far its sum is from 0, less what rounding may take away from an equal one. With the
	 * mean at 0, the difference of the means is a multiple of this sum.
	 */
	double observed;
	uint64_t found, looked_at;
};

/* Binomial coefficient, or @most + 1 where it is more. */
static uint64_t ways(size_t count, size_t side, uint64_t most)
{
	uint64_t ways = 1;

	if (side > count - side)
		side = count - side;
	for (size_t i = 1; i <= side; i++) {
		/* Exact at each step; @ways is small, and so is no side when it grows slowly. */
		if (ways > UINT64_MAX / (count - side + i))
			return most + 1;
		ways = ways * (count - side + i) / i;
		if (ways > most)
			return most + 1;
	}
	return ways;
}

/* All ways to take @left more from the values at @from and behind. No deeper than the smaller side,
 * which is small where the ways are few. */
static void deal(struct dealing *dealing, size_t from, size_t left, double sum)
{
	if (!left) {
		dealing->looked_at++;
		dealing->found += fabs(sum) >= dealing->observed;
		return;
	}
	for (size_t i = from; i + left <= dealing->count; i++)
		deal(dealing, i + 1, left - 1, sum + dealing->pool[i]);
}

/* Sebastiano Vigna's splitmix64, in the public domain: small, and good enough to shuffle with. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void draw(struct dealing *dealing)
{
	uint64_t state = SEED;

	for (; dealing->looked_at < PERMUTATION_DRAWS; dealing->looked_at++) {
		double sum = 0;

		/* The first steps of Fisher and Yates' shuffle. */
		for (size_t i = 0; i < dealing->side; i++) {
			size_t left = dealing->count - i;
			/* Of 2^32 numbers, a sample's size takes no bias that is seen. */
			size_t at = i + (size_t)((next_random(&state) >> 32) * left >> 32);
			double value = dealing->pool[at];

			dealing->pool[at] = dealing->pool[i];
			dealing->pool[i] = value;
			sum += value;
		}
		dealing->found += fabs(sum) >= dealing->observed;
	}
	dealing->found++;
	dealing->looked_at++;
}

bool permutation_test(const double *a, size_t nr_a, const double *b, size_t nr_b, double *pool,
		      struct permutation *permutation)
{
	struct dealing dealing = { .pool = pool,
				   .count = nr_a + nr_b,
				   .side = nr_a < nr_b ? nr_a : nr_b };
	double mean, sum = 0, size = 0, largest = 0;

	if (!nr_a || !nr_b)
		return false;
	/* The smaller side first. */
	memcpy(pool, nr_a < nr_b ? a : b, dealing.side * sizeof(*pool));
	memcpy(pool + dealing.side, nr_a < nr_b ? b : a,
	       (dealing.count - dealing.side) * sizeof(*pool));
	mean = sample_mean(pool, dealing.count);
	for (size_t i = 0; i < dealing.count; i++) {
		size = fmax(size, fabs(pool[i]));
		pool[i] -= mean;
		largest = fmax(largest, fabs(pool[i]));
		if (i < dealing.side)
			sum += pool[i];
	}
	/* What rounding may take: of the sums, and of what the mean was taken off. */
	dealing.observed =
		fabs(sum) - (1e-12 * largest + 4 * DBL_EPSILON * size) * (double)dealing.side;
	permutation->exact = ways(dealing.count, dealing.side, PERMUTATION_MOST_EXACT) <=
			     PERMUTATION_MOST_EXACT;
	if (permutation->exact)
		deal(&dealing, 0, dealing.side, 0);
	else
		draw(&dealing);
	permutation->p = (double)dealing.found / (double)dealing.looked_at;
	return true;
}

double permutation_least(size_t nr_a, size_t nr_b)
{
	uint64_t all;

	if (!nr_a || !nr_b)
		return 1;
	all = ways(nr_a + nr_b, nr_a, PERMUTATION_MOST_EXACT);
	if (all > PERMUTATION_MOST_EXACT)
		return 1.0 / (PERMUTATION_DRAWS + 1);
	/* Of sides of one size, the way round is a dealing of its own. */
	return (nr_a == nr_b ? 2.0 : 1.0) / (double)all;
}
