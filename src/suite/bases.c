/* Which variants of a suite want the same machine? See bases.h. */
#include "suite/bases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/configure.h"

struct grouping {
	const struct variant *list;
	const struct run_options *options;
};

static const struct run_options *options_of(const struct grouping *grouping, size_t i)
{
	const struct run_options *own = grouping->list[i].options;

	return own ? own : grouping->options;
}

static bool may_fork(const struct grouping *grouping, size_t i)
{
	const struct variant *variant = &grouping->list[i];

	return variant->kernel && !*variant->skip && !*variant->fault &&
	       !configure_fresh(options_of(grouping, i), variant->test);
}

static int compare_append(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/*
 * What makes a machine another one. The rest is the same for all variants of a suite: the host's
 * TSC, init's build. The tracer is no part of it, it comes with the test.
 */
static int compare_machines(const struct grouping *grouping, size_t i, size_t j)
{
	const struct variant *a = &grouping->list[i], *b = &grouping->list[j];
	bool kaslr_a = configure_kaslr(options_of(grouping, i), a->test);
	bool kaslr_b = configure_kaslr(options_of(grouping, j), b->test);
	uint64_t mib_a = a->plan.memory_mib, mib_b = b->plan.memory_mib;
	int order = strcmp(a->image, b->image);

	if (!order)
		order = memcmp(&a->plan.topology, &b->plan.topology, sizeof(a->plan.topology));
	if (!order)
		order = (mib_a > mib_b) - (mib_a < mib_b);
	if (!order)
		order = (a->plan.record_mib > b->plan.record_mib) -
			(a->plan.record_mib < b->plan.record_mib);
	if (!order)
		order = kaslr_a - kaslr_b;
	if (!order)
		order = compare_append(options_of(grouping, i)->append,
				       options_of(grouping, j)->append);
	return order ? order : compare_append(a->test->append, b->test->append);
}

/* By machine, and of one machine in the plan's order. */
static int compare(const void *a, const void *b, void *grouping)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = compare_machines(grouping, i, j);

	return order ? order : (i > j) - (i < j);
}

/* From the first variant of each machine to numbers. */
static void number(struct bases *bases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bases->of[i] == i)
			bases->of[i] = bases->count++;
		else if (bases->of[i] != BASE_NONE)
			bases->of[i] = bases->of[bases->of[i]];
	}
}

int bases_find(const struct variants *variants, const struct run_options *options,
	       struct bases *bases, struct error *err)
{
	struct grouping grouping = { variants->list, options };
	size_t *sorted = calloc(variants->count + 1, sizeof(*sorted)), used = 0, end;

	*bases = (struct bases){ .of = calloc(variants->count + 1, sizeof(*bases->of)) };
	if (!sorted || !bases->of) {
		free(sorted);
		return error_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < variants->count; i++) {
		bases->of[i] = BASE_NONE;
		if (may_fork(&grouping, i))
			sorted[used++] = i;
	}
	qsort_r(sorted, used, sizeof(*sorted), compare, &grouping);
	for (size_t begin = 0; begin < used; begin = end) {
		for (end = begin + 1; end < used; end++)
			if (compare_machines(&grouping, sorted[begin], sorted[end]))
				break;
		for (size_t i = begin; end - begin > 1 && i < end; i++)
			bases->of[sorted[i]] = sorted[begin];
	}
	free(sorted);
	number(bases, variants->count);
	return 0;
}

void bases_destroy(struct bases *bases)
{
	free(bases->of);
	*bases = (struct bases){ 0 };
}
