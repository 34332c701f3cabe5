/* How does `ktstr-launch test` run on Slurm? As one job array, with the reports of a local run. */
#ifndef KTSTR_FLEET_FLEET_H
#define KTSTR_FLEET_FLEET_H

#include <stdbool.h>

#include "report/suite.h"
#include "run/options.h"
#include "suite/sinks.h"
#include "util/error.h"

/* Most shards of a node: so that a node that is done early takes more, and one that dies takes
 * little with it. */
#define FLEET_SHARDS_OF_NODE 4

/* What a user said that goes with no fleet. Returns 0 or -EINVAL. */
int fleet_check(const struct run_options *options, struct error *err);

/* fleet_shards - into how many a suite of @count variants is cut for so many nodes. */
unsigned int fleet_shards(size_t count, unsigned int nodes);

/*
 * fleet_run - submit, follow, report. @out: the folder for all that is left; @part: the whole plan;
 * not read with options->attach, which goes on with a job that there is.
 * Returns the exit status of `test`; 128 + a signal that ended it, and the job goes on.
 */
int fleet_run(const struct run_options *options, const char *out, const struct suite_part *part,
	      unsigned int nodes, bool own_tracer, const struct sinks_wish *reports);

#endif
