/* What is said of a group? One table of metrics: name, unit, which way is better, what it needs. */
#ifndef KTSTR_WORK_METRIC_H
#define KTSTR_WORK_METRIC_H

#include "stats.h"

struct metric_value {
	double value; /* ns, hundredths of a percent, pieces, pieces a second */
	double low;   /* the true one is between the two, where a histogram rounds */
	bool known;
	char why[160];			 /* where it is not */
	char detail[160];		 /* which task, where, when; may be "" */
	const struct stats_worst *worst; /* the wait that it tells of; NULL: it is about none */
};

enum metric_unit { UNIT_NS, UNIT_PERCENT, UNIT_COUNT, UNIT_PER_S };

struct metric {
	const char *name;
	enum metric_unit unit;
	enum { BETTER_NEITHER, BETTER_LOWER, BETTER_HIGHER } better;
	double resolution;  /* a limit below means nothing (0: each does) */
	uint32_t min_tasks; /* of the group */
	uint64_t min_wakes; /* that many samples, else it is not known */
	unsigned int needs; /* enum kind_tells */
	const char *help;
	void (*get)(const struct work_stats *stats, const struct group_stats *group,
		    const struct metric *metric, struct metric_value *value);
	uint32_t quantile; /* of 100000, for the one function behind several names */
};

const struct metric *metric_at(size_t index);
const struct metric *metric_find(const char *name, size_t length);

/* metric_get - a group that never ran, or too few samples: not known, and why. */
void metric_get(const struct metric *metric, const struct work_stats *stats,
		const struct group_stats *group, struct metric_value *value);

/* metric_is_timed - it is of time or share, so that a host that is busy with others changes it. */
bool metric_is_timed(const struct metric *metric);

/* metric_print - a value with its unit, for people; returns @text. */
const char *metric_print(enum metric_unit unit, double value, char *text, size_t size);

/* metric_unit_name - for a line of $KTSTR_METRICS. */
const char *metric_unit_name(enum metric_unit unit);

#endif
