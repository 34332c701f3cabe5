/* What has changed from one suite's results to another's? See compare.h. */
#include "compare/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/row.h"
#include "stats/holm.h"
#include "stats/permutation.h"

/* Beyond so many runs nobody is sent. */
#define MOST_RUNS 1000

const char *compare_verdict_name(enum compare_verdict verdict)
{
	static const char *const names[] = {
		[COMPARE_EQUAL] = "equal",
		[COMPARE_NOTHING] = "",
		[COMPARE_UNSTABLE] = "unstable",
		[COMPARE_BETTER] = "better",
		[COMPARE_WORSE] = "worse",
		[COMPARE_CHANGED] = "changed",
		[COMPARE_TOO_FEW] = "too few runs",
		[COMPARE_NO_SPREAD] = "no spread",
		[COMPARE_ONLY_A] = "only in baseline",
		[COMPARE_ONLY_B] = "only in compared",
		[COMPARE_UNITS] = "units differ",
	};

	return names[verdict];
}

/* Has this metric been told of before, in one of the results before @items[@at], or in that one? */
static bool is_known(const struct results_item **items, size_t at, size_t metric)
{
	const char *name = items[at]->metrics[metric].name;

	for (size_t i = 0; i < at; i++)
		if (row_metric(items[i], name))
			return true;
	return false;
}

static size_t count_rows(const struct compare_groups *groups)
{
	size_t count = 0;

	for (size_t i = 0; i < groups->count; i++) {
		const struct compare_group *group = &groups->list[i];

		count += 2;
		for (size_t j = 0; j < group->nr_a + group->nr_b; j++)
			for (size_t k = 0; k < group->a[j]->nr_metrics; k++)
				count += !is_known(group->a, j, k);
	}
	return count;
}

/* @room: for twice as many values as the largest group has results */
static void make_rows(const struct compare_groups *groups, double *room,
		      struct compare_table *table)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct compare_group *group = &groups->list[i];
		size_t all = group->nr_a + group->nr_b;

		row_passes(group, &table->list[table->count]);
		/* Nothing ran of it at all. */
		table->count += table->list[table->count].a.count ||
				table->list[table->count].b.count;
		row_values(group, NULL, &table->settings, room, &table->list[table->count]);
		table->count += table->list[table->count].a.count ||
				table->list[table->count].b.count;
		for (size_t j = 0; j < all; j++)
			for (size_t k = 0; k < group->a[j]->nr_metrics; k++) {
				struct compare_row *row = &table->list[table->count];

				if (is_known(group->a, j, k))
					continue;
				row_values(group, &group->a[j]->metrics[k], &table->settings, room,
					   row);
				table->count += row->a.count || row->b.count;
			}
	}
}

/* The names' own words: which of them share nothing? */
static int check_groups(const struct compare_groups *groups, struct error *err)
{
	const char *only_a = NULL, *only_b = NULL;

	for (size_t i = 0; i < groups->count; i++) {
		const struct compare_group *group = &groups->list[i];

		if (group->nr_a && group->nr_b)
			return 0;
		if (group->nr_a && !only_a)
			only_a = group->name;
		if (group->nr_b && !only_b)
			only_b = group->name;
	}
	if (!only_a || !only_b)
		return error_set(err, -ENOENT, "the %s has no result",
				 only_b ? "baseline" : "compared file");
	return error_set(err, -ENOENT,
			 "no variant is in both, they are of different suites: the baseline has "
			 "'%.100s', the compared file '%.100s'",
			 only_a, only_b);
}

static int correct(struct compare_table *table, struct error *err)
{
	double *p = calloc(table->count + 1, sizeof(*p));
	int ret;

	if (!p)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < table->count; i++) {
		p[i] = table->list[i].p;
		table->tested += !isnan(p[i]);
	}
	ret = holm_correct(p, table->count);
	for (size_t i = 0; i < table->count; i++)
		table->list[i].corrected = p[i];
	free(p);
	return ret ? error_set(err, ret, "out of memory") : 0;
}

static void judge(struct compare_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		row_judge(&table->list[i], &table->settings, table->tested);
		table->verdicts[table->list[i].verdict]++;
	}
	if (!table->verdicts[COMPARE_TOO_FEW])
		return;
	table->runs_needed = 2;
	/* Fisher's test of as many runs has the same least. */
	while (table->runs_needed < MOST_RUNS &&
	       permutation_least(table->runs_needed, table->runs_needed) *
			       (double)(table->tested ? table->tested : 1) >
		       table->settings.alpha)
		table->runs_needed++;
	if (table->runs_needed == MOST_RUNS)
		table->runs_needed = 0;
}

int compare_make(const struct results *a, const struct results *b,
		 const struct compare_settings *settings, struct compare_table *table,
		 struct error *err)
{
	struct compare_groups groups;
	double *room;
	int ret;

	*table = (struct compare_table){ .settings = *settings };
	ret = compare_groups_make(a, b, &groups, err);
	if (ret)
		return ret;
	ret = check_groups(&groups, err);
	room = calloc(2 * (a->count + b->count) + 1, sizeof(*room));
	table->list = calloc(count_rows(&groups) + 1, sizeof(*table->list));
	if (!ret && (!room || !table->list))
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret) {
		make_rows(&groups, room, table);
		ret = correct(table, err);
	}
	if (!ret)
		judge(table);
	else
		compare_destroy(table);
	free(room);
	compare_groups_destroy(&groups);
	return ret;
}

void compare_destroy(struct compare_table *table)
{
	free(table->list);
	*table = (struct compare_table){ 0 };
}
