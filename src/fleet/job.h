/*
 * What does a suite on Slurm consist of? A folder that all nodes see, with the plan, a token, the
 *batch script, and what the shards leave:
 *
 *	plan.json	the whole plan, as the first line of `test --json` has it
 *	token		random: a node that does not read it does not see the folder
 *	batch		what Slurm runs, once for each shard
 *	job		Slurm's number of the job array
 *	shard-I.R.json	results of shard I; R: how often it had been queued again, 0 or 1
 *	shard-I.R.node	the node that ran it
 *	shard-I.R.log	what the launcher printed there
 *	shard-I.R/	artefacts
 *
 * Nothing else is known of a job: whoever has the folder can go on with it.
 */
#ifndef KTSTR_FLEET_JOB_H
#define KTSTR_FLEET_JOB_H

#include <limits.h>

#include "report/suite.h"
#include "run/options.h"
#include "util/error.h"

/* A shard is queued again so often. */
#define JOB_RESTARTS 1

/* How the batch script ends where there is no result file: no status that a cluster is known to
 * queue again. */
#define JOB_EXIT_NO_FOLDER   72
#define JOB_EXIT_DIED_TWICE  73
#define JOB_EXIT_NO_LAUNCHER 74

struct job {
	char folder[PATH_MAX]; /* absolute */
	char number[32];       /* Slurm's, "" before job_submit */
};

/* What runs where. */
struct job_wish {
	const struct run_options *options; /* of `test`, for the nodes to be said again */
	const struct suite_part *part;	   /* the whole plan */
	unsigned int nodes;		   /* at most so many shards at once */
	bool own_tracer;
};

/* job_nodes - how many nodes sinfo tells of. Returns 0, or a negative errno with what it said. */
int job_nodes(unsigned int *nodes, struct error *err);

/*
 * job_make - a new folder in @out, with all that a job needs.
 * Returns 0 or a negative errno with a message; then no folder is left.
 */
int job_make(struct job *job, const char *out, const struct job_wish *wish, struct error *err);

/*
 * job_submit - by sbatch. Returns 0, -ENOENT: there is no sbatch; -EINVAL: --sbatch-args cannot be
 * read; -EIO: sbatch refused it, with its words. @job->number is "" unless there is a job.
 */
int job_submit(const struct job_wish *wish, struct job *job, struct error *err);

/* job_remove - the folder of a job that was not submitted. */
void job_remove(const struct job *job);

/*
 * job_find - @which: Slurm's number of a job whose folder is in @out, or the folder of a job.
 * Returns 0; -ENOENT: there is none, with what was looked for.
 */
int job_find(struct job *job, const char *out, const char *which, struct error *err);

/* job_path - a file of shard @shard, in its run @restart: ".json" and the like. */
void job_path(const struct job *job, unsigned int shard, unsigned int restart, const char *suffix,
	      char path[PATH_MAX]);

/* job_node - the node that ran it, or "": it did not begin. */
void job_node(const struct job *job, unsigned int shard, unsigned int restart, char node[64]);

#endif
