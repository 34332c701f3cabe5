/* How is a job on Slurm followed until its last shard has ended? See follow.h. */
#include "fleet/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fleet/following.h"
#include "results/retold.h"
#include "util/clock.h"

#define TURN_MS 500
/* How often Slurm is asked: its controller has others to serve. */
#define ASK_MS	3000

static void ignore(void *data, const char *line)
{
	(void)data;
	(void)line;
}

static const struct suite_part *plan_of(const struct following *following)
{
	return merge_plan(&following->followed->merge);
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
	following_say_requeues(following);
	following_say_held(following);
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

	following_plan_path(following->job, path);
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

	if (!ret && following_has_news(following)) {
		ret = following_read(following, ignore, err);
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
		if (ret || following_all_ended(&following))
			break;
		signal_number = wait_turn(signal_fd);
	}
	/* Once more, with what is to be said of files that were cut off, or are there twice. */
	if (!ret && !signal_number)
		ret = following_read(&following, listener->note, err);
	if (!ret && !signal_number)
		ret = tell_new(&following, err);
	for (unsigned int i = 0; !ret && !signal_number && i < following.nr_shards; i++)
		if (!following.shards[i].whole)
			following_explain(&following, i, &followed->ends[i]);
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
