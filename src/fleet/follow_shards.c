/* Which shards of a job wait, are queued again, or have ended, and why without results? See
 * following.h. */
#include <stdio.h>
#include <string.h>

#include "fleet/following.h"
#include "util/clock.h"

/* A file that was written on a node may be seen here so much later: NFS keeps for up to a minute
 * that there is none. */
#define GRACE_MS 90000

static unsigned int variants_of(const struct following *following, unsigned int i)
{
	const struct suite_part *plan = merge_plan(&following->followed->merge);
	unsigned int count = 0;

	for (size_t v = 0; v < plan->count; v++)
		count += plan->plan[v].shard == i + 1;
	return count;
}

void following_say_requeues(struct following *following)
{
	for (unsigned int i = 0; i < following->nr_shards; i++) {
		struct shard *shard = &following->shards[i];
		unsigned int count = variants_of(following, i);
		char node[64], line[512];

		if (!following->tasks[i].restarts)
			snprintf(shard->node, sizeof(shard->node), "%s", following->tasks[i].nodes);
		if (shard->requeue_said || !following->tasks[i].restarts)
			continue;
		shard->requeue_said = true;
		job_node(following->job, i + 1, 0, node);
		if (!*node)
			snprintf(node, sizeof(node), "%s", shard->node);
		snprintf(
			line, sizeof(line),
			"node %.60s died, or was taken away: shard %u/%u with %u variant%s is queued "
			"again",
			*node ? node : "(not known)", i + 1, following->nr_shards, count,
			count == 1 ? "" : "s");
		following->listener->note(following->listener->data, line);
	}
}

/* Does it wait for more than its turn, as Slurm's word for it says? */
static bool is_held(const struct task_state *task)
{
	static const char *const turns[] = { "",	  "None",     "(null)",
					     "Resources", "Priority", "JobArrayTaskLimit",
					     "BeginTime", "Cleaning", "Prolog" };

	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++)
		if (!strcmp(task->reason, turns[i]))
			return false;
	return task->kind == TASK_WAITS;
}

/* One that is held may wait for ever. Said once, until none is. */
void following_say_held(struct following *following)
{
	const struct task_state *task = following->tasks;
	unsigned int i = 0;
	char line[512];

	while (i < following->nr_shards && !is_held(&task[i]))
		i++;
	if (i < following->nr_shards && !following->held_said) {
		snprintf(
			line, sizeof(line),
			"shard %u/%u is held back, Slurm says %s; `scontrol show job %s` tells more",
			i + 1, following->nr_shards, task[i].reason, following->job->number);
		following->listener->note(following->listener->data, line);
	}
	following->held_said = i < following->nr_shards;
}

/* Why a shard that Slurm has ended left no whole result file. */
void following_explain(const struct following *following, unsigned int i, struct follow_end *end)
{
	const struct task_state *task = &following->tasks[i];
	const char *node = *task->nodes ? task->nodes : "(not known)";
	char log[PATH_MAX], *cause = end->cause;
	size_t size = sizeof(end->cause);

	job_path(following->job, i + 1,
		 task->restarts > JOB_RESTARTS ? JOB_RESTARTS : task->restarts, ".log", log);
	end->outcome = OUTCOME_ERROR;
	if (*following->shards[i].broken)
		snprintf(cause, size, "%.500s", following->shards[i].broken);
	else if (task->kind == TASK_UNKNOWN)
		snprintf(cause, size,
			 "Slurm knows job %s no more, and shard %u left no whole result file",
			 following->job->number, i + 1);
	else if (!strcmp(task->word, "CANCELLED"))
		snprintf(cause, size, "job %s was cancelled before it", following->job->number);
	else if (task->exit_status == JOB_EXIT_NO_FOLDER)
		snprintf(
			cause, size,
			"node %s does not see the folder '%.300s'; give --out a folder that all nodes "
			"share",
			node, following->job->folder);
	else if (task->exit_status == JOB_EXIT_DIED_TWICE)
		snprintf(cause, size,
			 "its node died, or was taken away, twice: a shard is queued again once");
	else if (task->exit_status == JOB_EXIT_NO_LAUNCHER)
		snprintf(
			cause, size,
			"node %s does not have the launcher or the current folder at the paths that "
			"they have here; put them on a file system that all nodes share",
			node);
	else
		snprintf(
			cause, size,
			"shard %u ended on node %s without a whole result file: Slurm says %s, exit "
			"status %d; see '%.300s'",
			i + 1, node, task->word, task->exit_status, log);
	if (!strcmp(task->word, "CANCELLED"))
		end->outcome = OUTCOME_NOT_RUN;
}

/* Is it over, with or without results? */
static bool has_ended(struct following *following, unsigned int i)
{
	struct shard *shard = &following->shards[i];
	const struct task_state *task = &following->tasks[i];

	if (shard->whole)
		return true;
	if (!following->asked || task->kind == TASK_WAITS || task->kind == TASK_RUNS) {
		shard->ended_ms = 0;
		return false;
	}
	if (!shard->ended_ms)
		shard->ended_ms = now_ms();
	/* The script itself said that it leaves none. */
	if (task->exit_status >= JOB_EXIT_NO_FOLDER && task->exit_status <= JOB_EXIT_NO_LAUNCHER)
		return true;
	/* Nothing more comes of a run that wrote its summary, nor of one that never began. */
	if ((shard->closed >= 0 && (unsigned int)shard->closed >= task->restarts) ||
	    (!strcmp(task->word, "CANCELLED") && !*task->nodes && !task->restarts))
		return true;
	return now_ms() - shard->ended_ms > GRACE_MS;
}

bool following_all_ended(struct following *following)
{
	bool all = true;

	for (unsigned int i = 0; i < following->nr_shards; i++)
		all = has_ended(following, i) && all;
	return all;
}
