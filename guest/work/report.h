/* What is said at the end? Tables for people, lines for the file of metrics. */
#ifndef KTSTR_WORK_REPORT_H
#define KTSTR_WORK_REPORT_H

#include <stdio.h>

#include "metric.h"

/* What the measuring itself took. */
struct work_cost {
	double look_ns;	     /* one look at the clock, noted */
	double wake_ns;	     /* one wake-up, noted */
	uint64_t process_ns; /* of CPU time, of the process that measures, while the load ran */
	uint64_t others_ns;  /* what was left out of it */
	uint64_t stolen_ns;  /* that the host took of all CPUs meanwhile */
};

/* report_cost - tries both, before the load. */
void report_cost(const struct work_plan *plan, struct work_cost *cost);

/* report_stats - of one window. report_measuring - what the measuring took; of the whole. */
void report_stats(FILE *out, const struct work_stats *stats);
void report_measuring(FILE *out, const struct work_stats *stats, const struct work_cost *cost);

/* report_metrics - "[PHASE/]GROUP.METRIC VALUE UNIT [lower|higher]" of all that is known. */
void report_metrics(FILE *out, const struct work_stats *stats);

/* report_help, report_kinds - for --help and --list. */
void report_help(FILE *out);
void report_kinds(FILE *out);

#endif
