/* What does Slurm run on a node? */
#ifndef KTSTR_FLEET_SCRIPT_H
#define KTSTR_FLEET_SCRIPT_H

#include "fleet/job.h"

/* script_make - the batch script of a job's folder, one shard in each task of its array. Returns an
 * owned string, or NULL: out of memory. */
char *script_make(const struct job *job, const struct job_wish *wish, const char *token);

#endif
