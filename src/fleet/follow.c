/* How is a job on Slurm followed until its last shard has ended? See follow.h. */
#include "fleet/follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fleet/array.h"
#include "results/retold.h"
#include "util/clock.h"

#define TURN_MS	 500
/* How often Slurm is asked: its controller has others to serve. */
#define ASK_MS	 3000
/* A file that was written on a node may be seen here so much later: NFS keeps for up to a minute
 * that there is none. */
#define GRACE_MS 90000

struct shard {
	off_t sizes[JOB_RESTARTS + 1]; /* of its result files, as they were read; -1: none */
	bool whole;		       /* it has a result file that is */
	int closed; /* which run's file is the last, and has its summary; -1: none */
	bool requeue_said;
	char node[64];			/* that it was last seen on, before it was queued again */
	int64_t ended_ms;		/* when Slurm first said so; 0: not yet */
	char broken[MERGE_REASON_SIZE]; /* "" or why a result file of it cannot be used */
};

struct following {
	const struct job *job;
	const struct follow_listener *listener;
	struct followed *followed;
	struct shard *shards;	  /* owned */
	struct task_state *tasks; /* owned */
	unsigned int nr_shards;
	unsigned char *told; /* owned; by variant: 1 + the outcome that was told, 0: none */
	struct suite_counts counts;
	bool asked, no_answer_said, held_said;
	int signal_fd;
	int64_t ask_at_ms, begin_ms;
};

static void ignore(void *data, const char *line)
{
	(void)data;
	(void)line;
}

static const struct suite_part *plan_of(const struct following *following)
{
	return merge_plan(&following->followed->merge);
}

static void read_plan_path(const struct job *job, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.4000s/plan.json", job->folder);
}

/* Opened, and not only asked for: NFS then asks its server. */
static off_t size_of(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	off_t size = -1;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		size = st.st_size;
	close(fd);
	return size;
}

/* Has any result file changed since it was read? Notes how they are now. Of the folder's names,
 * which are read anew each time: that there is no file of a name may be an old answer. */
static bool has_news(struct following *following)
{
	DIR *folder = opendir(following->job->folder);
	struct dirent *entry;
	bool news = false;

	while (folder && (entry = readdir(folder))) {
		unsigned int shard, restart;
		int length = 0;
		off_t now, *size;

		if (sscanf(entry->d_name, "shard-%9u.%9u.json%n", &shard, &restart, &length) != 2 ||
		    !length || entry->d_name[length] || !shard || shard > following->nr_shards ||
		    restart > JOB_RESTARTS)
			continue;
		size = &following->shards[shard - 1].sizes[restart];
		now = size_of(dirfd(folder), entry->d_name);
		news = news || now != *size;
		*size = now;
	}
	if (folder)
		closedir(folder);
	return news;
}

/* One shard's files into @merge. One that has not even its first line yet is not looked at. */
static int read_shard(struct following *following, unsigned int i, struct merge *merge,
		      struct error *err)
{
	struct shard *shard = &following->shards[i];

	shard->whole = false;
	shard->closed = -1;
	*shard->broken = '\0';
	for (unsigned int restart = 0; restart <= JOB_RESTARTS; restart++) {
		struct error why = { "" };
		char path[PATH_MAX];
		int ret;

		if (shard->sizes[restart] <= 0)
			continue;
		shard->closed = -1;
		job_path(following->job, i + 1, restart, ".json", path);
		ret = merge_add(merge, path, &why);
		if (ret == -ENOMEM)
			return error_set(err, ret, "%s", why.text);
		if (ret == -EINVAL || ret == -EBADMSG)
			snprintf(shard->broken, sizeof(shard->broken), "%.500s", why.text);
		if (!ret) {
			const struct results *results = &merge->files[merge->count - 1]->results;

			/* What was interrupted on its node may be queued again. */
			shard->whole = shard->whole ||
				       (!*results->cut_off && !results->interrupted);
			shard->closed = *results->cut_off ? -1 : (int)restart;
		}
	}
	return 0;
}

static int read_all(struct following *following, void (*note)(void *data, const char *line),
		    struct error *err)
{
	struct merge merge = { 0 };
	char path[PATH_MAX];
	int ret;

	read_plan_path(following->job, path);
	ret = merge_add(&merge, path, err);
	for (unsigned int i = 0; !ret && i < following->nr_shards; i++)
		ret = read_shard(following, i, &merge, err);
	if (!ret)
		ret = merge_choose(&merge, note, following->listener->data, err);
	if (ret) {
		merge_destroy(&merge);
		return ret;
	}
	merge_destroy(&following->followed->merge);
	following->followed->merge = merge;
	return 0;
}

static int tell_new(struct following *following, struct error *err)
{
	const struct merge *merge = &following->followed->merge;
	int ret = 0;

	following->counts = (struct suite_counts){ .planned = (unsigned int)merge->planned };
	for (size_t i = 0; !ret && i < merge->planned; i++) {
		const struct merge_choice *choice = &merge->chosen[i];
		struct retold retold = { .line = NULL };

		if (!choice->item)
			continue;
		suite_count(&following->counts, choice->item->outcome);
		/* One that ran again may have come out otherwise. */
		if (following->told[i] == 1 + choice->item->outcome ||
		    choice->item->outcome == OUTCOME_NOT_RUN)
			continue;
		ret = retold_make(choice->item, choice->file->path, "/", &retold, err);
		if (!ret)
			following->listener->result(following->listener->data, &retold.result);
		following->told[i] = (unsigned char)(1 + choice->item->outcome);
		retold_destroy(&retold);
	}
	return ret;
}

static unsigned int variants_of(const struct following *following, unsigned int i)
{
	const struct suite_part *plan = plan_of(following);
	unsigned int count = 0;

	for (size_t v = 0; v < plan->count; v++)
		count += plan->plan[v].shard == i + 1;
	return count;
}

static void say_requeues(struct following *following)
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
static void say_held(struct following *following)
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
static void explain(const struct following *following, unsigned int i, struct follow_end *end)
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

static bool all_ended(struct following *following)
{
	bool all = true;

	for (unsigned int i = 0; i < following->nr_shards; i++)
		all = has_ended(following, i) && all;
	return all;
}

static int ask(struct following *following, struct error *err)
{
	struct error why = { "" };
	char line[ERROR_TEXT_SIZE + 64];
	int ret;

	if (now_ms() < following->ask_at_ms)
		return 0;
	ret = array_ask(following->job->number, following->signal_fd, following->tasks,
			following->nr_shards, &why);
	following->ask_at_ms = now_ms() + ASK_MS;
	if (ret == -EAGAIN) {
		if (!following->no_answer_said) {
			snprintf(line, sizeof(line), "Slurm does not answer, still waiting: %s",
				 why.text);
			following->listener->note(following->listener->data, line);
		}
		following->no_answer_said = true;
		return 0;
	}
	/* By a signal, which wait_turn is about to read. */
	if (ret == -EINTR)
		return 0;
	if (ret)
		return error_set(err, ret, "%s", why.text);
	following->asked = true;
	following->no_answer_said = false;
	say_requeues(following);
	say_held(following);
	return 0;
}

static void tell_progress(struct following *following)
{
	struct suite_progress progress = { .counts = &following->counts, .seconds_left = -1 };
	unsigned int done = following->counts.planned - suite_not_run(&following->counts);
	double seconds = (double)(now_ms() - following->begin_ms) / 1000;

	for (unsigned int i = 0; i < following->nr_shards; i++)
		progress.running += !following->shards[i].whole &&
				    following->tasks[i].kind == TASK_RUNS;
	if (done)
		progress.seconds_left = seconds / done * suite_not_run(&following->counts);
	following->listener->progress(following->listener->data, &progress);
}

/* Returns the number of a signal that came meanwhile, or 0. */
static int wait_turn(int signal_fd)
{
	struct pollfd fd = { .fd = signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&fd, 1, TURN_MS) > 0 && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		return (int)info.ssi_signo;
	return 0;
}

static int begin(struct following *following, struct error *err)
{
	const struct suite_part *plan;
	char path[PATH_MAX];
	int ret;

	read_plan_path(following->job, path);
	ret = merge_add(&following->followed->merge, path, err);
	if (ret)
		return ret;
	plan = plan_of(following);
	following->nr_shards = plan->shards;
	following->shards = calloc(following->nr_shards, sizeof(*following->shards));
	following->tasks = calloc(following->nr_shards, sizeof(*following->tasks));
	following->told = calloc(plan->count + 1, sizeof(*following->told));
	following->followed->ends =
		calloc(following->nr_shards, sizeof(*following->followed->ends));
	if (!following->shards || !following->tasks || !following->told ||
	    !following->followed->ends)
		return error_set(err, -ENOMEM, "out of memory");
	for (unsigned int i = 0; i < following->nr_shards; i++) {
		following->shards[i].closed = -1;
		for (unsigned int restart = 0; restart <= JOB_RESTARTS; restart++)
			following->shards[i].sizes[restart] = -1;
	}
	following->counts.planned = (unsigned int)plan->count;
	return 0;
}

static int turn(struct following *following, struct error *err)
{
	/* Before the files: what ended has written its last by then. */
	int ret = ask(following, err);

	if (!ret && has_news(following)) {
		ret = read_all(following, ignore, err);
		if (!ret)
			ret = tell_new(following, err);
	}
	if (!ret)
		tell_progress(following);
	return ret;
}

int follow(const struct job *job, int signal_fd, const struct follow_listener *listener,
	   struct followed *followed, struct error *err)
{
	struct following following = { .job = job,
				       .listener = listener,
				       .followed = followed,
				       .signal_fd = signal_fd,
				       .begin_ms = now_ms() };
	int ret, signal_number = 0;

	*followed = (struct followed){ 0 };
	ret = begin(&following, err);
	while (!ret && !signal_number) {
		ret = turn(&following, err);
		if (ret || all_ended(&following))
			break;
		signal_number = wait_turn(signal_fd);
	}
	/* Once more, with what is to be said of files that were cut off, or are there twice. */
	if (!ret && !signal_number)
		ret = read_all(&following, listener->note, err);
	if (!ret && !signal_number)
		ret = tell_new(&following, err);
	for (unsigned int i = 0; !ret && !signal_number && i < following.nr_shards; i++)
		if (!following.shards[i].whole)
			explain(&following, i, &followed->ends[i]);
	free(following.shards);
	free(following.tasks);
	free(following.told);
	return ret ? ret : signal_number;
}

void followed_destroy(struct followed *followed)
{
	merge_destroy(&followed->merge);
	free(followed->ends);
	*followed = (struct followed){ 0 };
}
