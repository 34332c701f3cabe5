/* Which of its shards does each variant of a suite belong to? See shard.h. */
#include "suite/shard.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A variant in all its rounds. */
struct unit {
	const struct variant *variant;
	size_t first;	/* its place in the plan */
	size_t machine; /* the place of the first that wants the same one */
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/*
 * As bases.c has it, but by what is asked for: an image's path and the memory that is left are a
 * host's own. What boots alone, or not at all, shares nothing.
 */
static int compare_machines(const struct unit *x, const struct unit *y)
{
	const struct variant *a = x->variant, *b = y->variant;
	bool alone_a = !a->kernel || a->test->fresh || a->test->pin,
	     alone_b = !b->kernel || b->test->fresh || b->test->pin;
	int order = alone_a - alone_b;

	if (order || alone_a)
		return order ? order : compare_numbers(x->first, y->first);
	order = compare_texts(a->release, b->release);
	if (!order)
		order = memcmp(&a->plan.topology, &b->plan.topology, sizeof(a->plan.topology));
	if (!order)
		order = compare_numbers(a->asked_mib, b->asked_mib);
	if (!order)
		order = compare_numbers(a->asked_record_mib, b->asked_record_mib);
	if (!order)
		order = compare_numbers(a->test->has_kaslr && a->test->kaslr,
					b->test->has_kaslr && b->test->kaslr);
	return order ? order : compare_texts(a->test->append, b->test->append);
}

static int by_identity(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;
	int order = compare_machines(x, y);

	return order ? order : compare_numbers(x->first, y->first);
}

static int by_first_use(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;
	int order = compare_numbers(x->machine, y->machine);

	return order ? order : compare_numbers(x->first, y->first);
}

int shards_deal(const struct variant *list, size_t count, unsigned int shards, unsigned int *of,
		struct error *err)
{
	struct unit *units = calloc(count + 1, sizeof(*units));
	size_t used = 0;

	if (!units)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (list[i].round == 1)
			units[used++] = (struct unit){ .variant = &list[i], .first = i };
	qsort(units, used, sizeof(*units), by_identity);
	for (size_t i = 0; i < used; i++)
		units[i].machine = i && !compare_machines(&units[i - 1], &units[i])
					   ? units[i - 1].machine
					   : units[i].first;
	qsort(units, used, sizeof(*units), by_first_use);
	for (size_t i = 0; i < used; i++) {
		size_t at = units[i].first;

		do {
			of[at++] = (unsigned int)(i * shards / used) + 1;
		} while (at < count && list[at].round > 1);
	}
	free(units);
	return 0;
}
