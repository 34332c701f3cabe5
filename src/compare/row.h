/* What does one row of a comparison say? Inner part of compare.c. */
#ifndef KTSTR_COMPARE_ROW_H
#define KTSTR_COMPARE_ROW_H

#include "compare/compare.h"

/* row_metric - the one of this name, or NULL */
const struct metrics_item *row_metric(const struct results_item *item, const char *name);

/* row_passes - the row of the pass rate; its verdict comes later */
void row_passes(const struct compare_group *group, struct compare_row *row);

/*
 * row_values - likewise that of a metric, or of the duration, where @metric is NULL
 * @room: for twice as many numbers as the group has results
 */
void row_values(const struct compare_group *group, const struct metrics_item *metric,
		const struct compare_settings *settings, double *room, struct compare_row *row);

/* row_judge - its verdict, when its p-value is corrected. @tested: how many rows were */
void row_judge(struct compare_row *row, const struct compare_settings *settings, size_t tested);

#endif
