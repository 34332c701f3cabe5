/*
 * Does what was measured hold? "[PHASE/]GROUP.METRIC OP VALUE[UNIT]" and "isolated([PHASE/]GROUP)";
 * over all phases where none is named.
 */
#ifndef KTSTR_WORK_CHECK_H
#define KTSTR_WORK_CHECK_H

#include "metric.h"

enum check_op { CHECK_BELOW, CHECK_AT_MOST, CHECK_ABOVE, CHECK_AT_LEAST };

struct work_check {
	const char *text; /* as it was given */
	uint32_t window;  /* work_plan_windows */
	uint32_t group;	  /* index in the plan */
	const struct metric *metric;
	enum check_op op;
	double limit;
	bool isolated; /* isolated(GROUP) */
};

/* In the order of what weighs more. */
enum check_verdict { CHECK_HOLDS, CHECK_INCONCLUSIVE, CHECK_FAILS };

/*
 * check_parse - a check of @plan. -EINVAL for what is no check, names a group or metric that is not
 * there, a unit that is not the metric's, a limit below its resolution, or something that this
 * group cannot tell.
 */
int check_parse(const char *text, const struct work_plan *plan, const struct places *places,
		struct work_check *check, struct failure *failure);

/* check_decide - with a line that says it. */
enum check_verdict check_decide(const struct work_check *check, const struct work_stats *stats,
				char *line, size_t size);

/* check_words - for programs: "VALUE OP LIMIT UNIT [PHASE/]GROUP.METRIC", VALUE "-" where it is not
 * known. */
void check_words(const struct work_check *check, const struct work_stats *stats, char *text,
		 size_t size);

#endif
