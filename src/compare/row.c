/* What does one row of a comparison say? See row.h. */
#include "compare/row.h"

#include <math.h>
#include <string.h>

#include "stats/fisher.h"
#include "stats/permutation.h"
#include "stats/sample.h"
#include "stats/welch.h"

static bool has_passed(const struct results_item *item)
{
	return item->outcome == OUTCOME_PASS || item->outcome == OUTCOME_XFAIL;
}

/* Of the others nothing is known of the test, or the host was too busy to tell. */
static bool has_ended(const struct results_item *item)
{
	return has_passed(item) || item->outcome == OUTCOME_FAIL || item->outcome == OUTCOME_XPASS;
}

const struct metrics_item *row_metric(const struct results_item *item, const char *name)
{
	for (size_t i = 0; i < item->nr_metrics; i++)
		if (!strcmp(item->metrics[i].name, name))
			return &item->metrics[i];
	return NULL;
}

static void set_difference(struct compare_row *row)
{
	row->difference = (row->b.mean - row->a.mean) / fabs(row->a.mean) * 100;
	if (!isfinite(row->difference))
		row->difference = row->b.mean == row->a.mean ? 0 : (double)NAN;
}

/* Which side has nothing, if one has. */
static bool is_one_sided(struct compare_row *row)
{
	if (row->a.count && row->b.count)
		return false;
	row->verdict = row->a.count ? COMPARE_ONLY_A : COMPARE_ONLY_B;
	return true;
}

static struct compare_side passes(const struct results_item **items, size_t count)
{
	struct compare_side side = { .std = (double)NAN };

	for (size_t i = 0; i < count; i++) {
		side.count += outcome_tells(items[i]->outcome);
		side.passed += has_passed(items[i]);
	}
	side.mean = 100.0 * (double)side.passed / (double)side.count;
	return side;
}

void row_passes(const struct compare_group *group, struct compare_row *row)
{
	*row = (struct compare_row){ .kind = COMPARE_PASSES,
				     .name = group->name,
				     .what = "pass rate",
				     .unit = "%",
				     .better = METRICS_HIGHER,
				     .a = passes(group->a, group->nr_a),
				     .b = passes(group->b, group->nr_b),
				     .p = (double)NAN };
	set_difference(row);
	if (is_one_sided(row))
		return;
	if (row->a.passed + row->b.passed == 0 ||
	    row->a.passed + row->b.passed == row->a.count + row->b.count) {
		row->verdict = COMPARE_EQUAL;
		return;
	}
	row->verdict = COMPARE_NOTHING;
	row->least = fisher_least((unsigned int)row->a.count, (unsigned int)row->b.count);
	row->p = fisher_test((unsigned int)row->a.passed, (unsigned int)row->a.count,
			     (unsigned int)row->b.passed, (unsigned int)row->b.count);
}

static size_t take_values(const struct results_item **items, size_t count,
			  const struct metrics_item *metric, double *values,
			  struct compare_row *row)
{
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		const struct metrics_item *its;

		if (!metric && has_passed(items[i]))
			values[taken++] = items[i]->seconds;
		if (!metric || !has_ended(items[i]))
			continue;
		its = row_metric(items[i], metric->name);
		if (!its)
			continue;
		if (strcmp(its->unit, metric->unit))
			row->verdict = COMPARE_UNITS;
		if (its->better != metric->better)
			row->better = METRICS_NEITHER;
		values[taken++] = its->value;
	}
	return taken;
}

static struct compare_side side_of(const double *values, size_t count)
{
	return (struct compare_side){ .count = count,
				      .mean = sample_mean(values, count),
				      .std = sample_std(values, count) };
}

static bool are_all_the_same(const double *values, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (values[i] != values[0])
			return false;
	return true;
}

static void test_values(const double *a, const double *b, double *pool,
			const struct compare_settings *settings, struct compare_row *row)
{
	struct permutation permutation;
	struct welch welch;

	if (settings->method == COMPARE_WELCH) {
		if (row->a.count < 2 || row->b.count < 2)
			row->verdict = COMPARE_TOO_FEW;
		else if (!welch_test(a, row->a.count, b, row->b.count, &welch))
			row->verdict = COMPARE_NO_SPREAD;
		else
			row->p = welch.p;
	} else if (permutation_test(a, row->a.count, b, row->b.count, pool, &permutation)) {
		row->p = permutation.p;
		row->exact = permutation.exact;
		row->least = permutation_least(row->a.count, row->b.count);
	}
}

void row_values(const struct compare_group *group, const struct metrics_item *metric,
		const struct compare_settings *settings, double *room, struct compare_row *row)
{
	double *a = room, *b;
	size_t nr_a, nr_b;

	*row = (struct compare_row){ .kind = metric ? COMPARE_METRIC : COMPARE_DURATION,
				     .name = group->name,
				     .what = metric ? metric->name : "duration",
				     .unit = metric ? metric->unit : "s",
				     .better = metric ? metric->better : METRICS_LOWER,
				     .p = (double)NAN,
				     .verdict = COMPARE_NOTHING };
	nr_a = take_values(group->a, group->nr_a, metric, a, row);
	b = a + nr_a;
	nr_b = take_values(group->b, group->nr_b, metric, b, row);
	row->a = side_of(a, nr_a);
	row->b = side_of(b, nr_b);
	row->difference = (double)NAN;
	/* Means of numbers with different units are none. */
	if (row->verdict == COMPARE_UNITS) {
		row->a.mean = row->a.std = row->b.mean = row->b.std = (double)NAN;
		return;
	}
	set_difference(row);
	if (is_one_sided(row))
		return;
	if (are_all_the_same(a, nr_a + nr_b))
		row->verdict = COMPARE_EQUAL;
	else
		test_values(a, b, b + nr_b, settings, row);
}

void row_judge(struct compare_row *row, const struct compare_settings *settings, size_t tested)
{
	bool more = row->b.mean > row->a.mean;

	if (isnan(row->corrected))
		return;
	if (row->corrected <= settings->alpha && row->b.mean != row->a.mean) {
		if (row->better == METRICS_NEITHER)
			row->verdict = COMPARE_CHANGED;
		else
			row->verdict = more == (row->better == METRICS_HIGHER) ? COMPARE_BETTER
									       : COMPARE_WORSE;
	} else if (row->least * (double)tested > settings->alpha) {
		row->verdict = COMPARE_TOO_FEW;
	} else if (fmax(row->a.std, row->b.std) > fabs(row->b.mean - row->a.mean)) {
		row->verdict = COMPARE_UNSTABLE;
	}
}
