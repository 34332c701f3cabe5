/* How are many variants run? See suite.h. */
#include "suite/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host/capacity.h"
#include "suite/maker.h"
#include "suite/pins.h"
#include "util/clock.h"

#define PROGRESS_MS 500
/* How often tests' output is looked for. */
#define LINES_MS    100
/* A worker that was told to end has so long, then it is killed. */
#define END_MS	    1500

#define ENDED_BEFORE "the suite ended before its turn"

struct slot {
	struct child child; /* fd -1: free */
	size_t variant;
	size_t makes;		/* the base that comes of it; BASE_NONE: the variant is run */
	struct stream out, err; /* what the test prints, once the process has opened the files */
};

struct suite {
	const struct variants *variants;
	const struct worker_settings *settings;
	const struct suite_listener *listener;
	struct suite_counts *counts;
	struct schedule schedule;
	struct pins pins;
	struct made made;
	bool cannot_fork; /* KVM here lacks something for it */
	struct slot *slots;
	struct pollfd *fds;
	size_t nr_slots;
	unsigned int done; /* had their turn in a worker */
	double busy_s;	   /* what those took, summed */
	bool stopping;
	int signal;
	int64_t kill_at_ms; /* 0: nobody is to be killed */
};

/*
 * Asked of the host as it is now: other processes come and go, and a guest that has no memory ends
 * at the out-of-memory killer, or at somebody else's.
 */
static struct schedule_now look(void)
{
	struct capacity capacity;

	capacity_read(&capacity);
	return (struct schedule_now){ .ms = now_ms(), .free_mib = capacity.free_mib };
}

/* The rounds of the same variant that have not begun: as if they had never been planned. */
static void drop_rounds(struct suite *suite, const struct variant *variant)
{
	for (size_t i = 0; i < suite->variants->count; i++) {
		size_t base;

		if (!schedule_is_pending(&suite->schedule, i) ||
		    strcmp(suite->variants->list[i].name, variant->name) != 0)
			continue;
		base = schedule_drop(&suite->schedule, i);
		if (base != BASE_NONE)
			made_drop(&suite->made, base);
		suite->counts->planned--;
	}
}

static void tell(struct suite *suite, size_t index, const struct worker_result *of)
{
	const struct variant *variant = &suite->variants->list[index];
	char spec[TOPOLOGY_SPEC_SIZE] = "";
	struct suite_result result = { .name = variant->name,
				       .number = variant->number,
				       .test = variant->test->name,
				       .preset = variant->preset,
				       .round = variant->round,
				       .outcome = of->outcome,
				       .cause = of->cause,
				       .detail = of->detail,
				       .output = of->output,
				       .topology = spec,
				       .kernel = of->release && *of->release ? of->release
									     : variant->release,
				       .memory_mib = variant->kernel ? variant->plan.memory_mib : 0,
				       .metrics = &of->metrics,
				       .host_took = &of->host_took,
				       .start = of->start,
				       .seconds = of->seconds,
				       .bisect = of->bisect,
				       .folder = of->folder,
				       .dump = of->dump,
				       .trace = of->trace,
				       .replay = of->replay };

	if (variant->kernel)
		topology_format(&variant->plan.topology, spec);
	suite_count(suite->counts, of->outcome);
	suite->listener->result(suite->listener->data, variant, &result);
	if (suite->listener->enough && suite->listener->enough(suite->listener->data, variant))
		drop_rounds(suite, variant);
}

/* One that has no process: skipped, or ended before its turn. */
static void tell_without(struct suite *suite, size_t index, enum outcome_kind outcome,
			 const char *cause)
{
	char copy[256];
	struct worker_result result = { .outcome = outcome, .bisect = BISECT_SKIP, .cause = copy };

	snprintf(copy, sizeof(copy), "%s%s", cause,
		 /* It fills its room, and so was cut. */
		 strlen(cause) + 1 == sizeof(((struct variant *)NULL)->skip) ? "..." : "");
	tell(suite, index, &result);
}

/* There is one: the schedule starts no more than there are. */
static struct slot *free_slot(struct suite *suite)
{
	struct slot *slot = suite->slots;

	while (slot->child.fd >= 0)
		slot++;
	return slot;
}

static int start(struct suite *suite, const struct schedule_step *step, struct error *err)
{
	struct slot *slot = free_slot(suite);
	int ret;

	*slot = (struct slot){ .variant = step->variant, .makes = BASE_NONE };
	ret = worker_start(&slot->child, suite->settings, &suite->variants->list[step->variant],
			   &suite->made, step->base,
			   suite->pins.taken.lock_fd >= 0 ? &suite->pins.taken : NULL, err);
	pins_give_back(&suite->pins);
	if (!ret)
		return 0;
	schedule_done(&suite->schedule, step->variant);
	tell_without(suite, step->variant, OUTCOME_NOT_RUN, ENDED_BEFORE);
	return ret;
}

static int start_maker(struct suite *suite, const struct schedule_step *step, struct error *err)
{
	struct slot *slot = free_slot(suite);
	int ret;

	*slot = (struct slot){ .variant = step->variant, .makes = step->base };
	ret = maker_start(&slot->child, suite->settings, &suite->variants->list[step->variant],
			  &suite->made, err);
	if (ret)
		schedule_not_made(&suite->schedule, step->base);
	return ret;
}

static int start_some(struct suite *suite, struct error *err)
{
	struct schedule_now now = look();
	struct schedule_step step;
	int ret = 0;

	do {
		schedule_next(&suite->schedule, &now, &step);
		switch (step.action) {
		case SCHEDULE_WAIT:
			break;
		case SCHEDULE_SKIP:
			tell_without(suite, step.variant, OUTCOME_SKIP,
				     suite->variants->list[step.variant].skip);
			break;
		case SCHEDULE_REFUSE:
			tell_without(suite, step.variant, OUTCOME_ERROR, step.reason);
			break;
		case SCHEDULE_RUN:
			ret = start(suite, &step, err);
			break;
		case SCHEDULE_MAKE:
			ret = start_maker(suite, &step, err);
			break;
		case SCHEDULE_DROP:
			made_drop(&suite->made, step.base);
			now = look();
			break;
		}
	} while (!ret && step.action != SCHEDULE_WAIT);
	return ret;
}

struct line_of {
	const struct suite_listener *listener;
	const struct variant *variant;
};

static void pass_line(void *data, const char *line, size_t length)
{
	const struct line_of *of = data;

	of->listener->line(of->listener->data, of->variant, line, length);
}

/* @end: of the worker, nothing more comes. */
static void pass_output(const struct suite *suite, struct slot *slot, bool end)
{
	struct line_of of = { suite->listener, &suite->variants->list[slot->variant] };

	if (!suite->listener->line || slot->makes != BASE_NONE)
		return;
	slot->out.fd = slot->child.files[0];
	slot->err.fd = slot->child.files[1];
	stream_read(&slot->out, end, pass_line, &of);
	stream_read(&slot->err, end, pass_line, &of);
}

static void signal_all(const struct suite *suite, int number)
{
	for (size_t i = 0; i < suite->nr_slots; i++)
		if (suite->slots[i].child.fd >= 0)
			kill(suite->slots[i].child.pid, number);
}

/* What nobody waits for is not made. */
static void stop_makers(const struct suite *suite)
{
	for (size_t i = 0; i < suite->nr_slots; i++)
		if (suite->slots[i].child.fd >= 0 && suite->slots[i].makes != BASE_NONE)
			kill(suite->slots[i].child.pid, SIGTERM);
}

/* Its variants boot, as they would without it, and tell what is wrong with their machine. */
static void tell_not_made(struct suite *suite, const struct slot *slot, int ret,
			  const struct error *why)
{
	const struct variant *variant = &suite->variants->list[slot->variant];
	char spec[TOPOLOGY_SPEC_SIZE], line[ERROR_TEXT_SIZE + 256];

	schedule_not_made(&suite->schedule, slot->makes);
	if (suite->stopping || suite->cannot_fork)
		return;
	topology_format(&variant->plan.topology, spec);
	if (ret == -ENOTSUP) {
		/* Then none can. */
		suite->cannot_fork = true;
		schedule_give_up(&suite->schedule);
		snprintf(line, sizeof(line), "each VM boots: %s", why->text);
	} else {
		snprintf(line, sizeof(line),
			 "each VM of %s, %" PRIu64 " MiB, %s boots, since they have no base: %s",
			 spec, variant->plan.memory_mib, variant->release, why->text);
	}
	suite->listener->note(suite->listener->data, line);
}

static void finish_maker(struct suite *suite, struct slot *slot)
{
	struct base *base = &suite->made.list[slot->makes];
	struct error why = { "" };
	int ret = maker_finish(&slot->child, base, &why);

	if (ret)
		tell_not_made(suite, slot, ret, &why);
	else
		schedule_made(&suite->schedule, slot->makes, base_held_mib(base));
}

static void finish(struct suite *suite, struct slot *slot, bool fail_fast)
{
	struct worker_result result;
	size_t base;

	pass_output(suite, slot, true);
	worker_finish(&slot->child, &result);
	base = schedule_done(&suite->schedule, slot->variant);
	if (base != BASE_NONE)
		made_drop(&suite->made, base);
	suite->done++;
	suite->busy_s += result.seconds;
	/* What we killed says nothing about the test; others had their result before, or say so. */
	if (suite->signal && result.lost) {
		result.outcome = OUTCOME_NOT_RUN;
		result.bisect = BISECT_SKIP;
		free(result.cause);
		result.cause = strdup("interrupted while it ran");
	}
	tell(suite, slot->variant, &result);
	if (fail_fast && outcome_is_bad(result.outcome))
		suite->stopping = true;
	worker_result_destroy(&result);
}

static void stop(struct suite *suite, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* A second one does not wait. */
	signal_all(suite, suite->signal ? SIGKILL : SIGTERM);
	if (!suite->signal)
		suite->kill_at_ms = now_ms() + END_MS;
	suite->signal = (int)info.ssi_signo;
	suite->stopping = true;
}

/* By what those that are done took on average, and how many run side by side. */
static double seconds_left(const struct suite *suite)
{
	size_t running = suite->schedule.running, left = suite->schedule.pending + running;
	double each = suite->done ? suite->busy_s / suite->done : 0;

	return suite->done ? each * (double)left / (double)(running ? running : 1) : -1;
}

static void tell_progress(const struct suite *suite)
{
	struct suite_progress progress = { .counts = suite->counts,
					   .running = (unsigned int)suite->schedule.running,
					   .seconds_left = seconds_left(suite) };
	uint64_t now = now_ns();

	for (size_t i = 0; i < suite->nr_slots; i++) {
		const struct slot *slot = &suite->slots[i];
		double seconds;

		if (slot->child.fd < 0 || slot->makes != BASE_NONE)
			continue;
		seconds = (double)(now - slot->child.begin_ns) / 1e9;
		if (progress.longest && seconds <= progress.longest_s)
			continue;
		progress.longest = suite->variants->list[slot->variant].name;
		progress.longest_s = seconds;
	}
	suite->listener->progress(suite->listener->data, &progress);
}

static void tell_notes(struct suite *suite, struct slot *slot)
{
	char line[ERROR_TEXT_SIZE + PATH_MAX];

	while (worker_take_note(&slot->child, line, sizeof(line)))
		suite->listener->note(suite->listener->data, line);
}

static void turn(struct suite *suite, int signal_fd, bool fail_fast)
{
	int wait_ms = PROGRESS_MS;

	for (size_t i = 0; i < suite->nr_slots; i++)
		suite->fds[i] = (struct pollfd){ .fd = suite->slots[i].child.fd, .events = POLLIN };
	suite->fds[suite->nr_slots] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	if (suite->kill_at_ms || suite->listener->line)
		wait_ms = LINES_MS;
	if (poll(suite->fds, suite->nr_slots + 1, wait_ms) < 0)
		return;
	if (suite->fds[suite->nr_slots].revents)
		stop(suite, signal_fd);
	for (size_t i = 0; i < suite->nr_slots; i++) {
		struct slot *slot = &suite->slots[i];
		bool ended;

		if (slot->child.fd < 0)
			continue;
		ended = suite->fds[i].revents && child_read(&slot->child);
		if (slot->makes == BASE_NONE)
			tell_notes(suite, slot);
		if (!ended)
			pass_output(suite, slot, false);
		else if (slot->makes != BASE_NONE)
			finish_maker(suite, slot);
		else
			finish(suite, slot, fail_fast);
	}
	if (suite->kill_at_ms && now_ms() > suite->kill_at_ms)
		signal_all(suite, SIGKILL);
}

/* What has had no turn, and will have none. */
static void tell_rest(struct suite *suite)
{
	for (size_t i = 0; i < suite->variants->count; i++)
		if (schedule_is_pending(&suite->schedule, i))
			tell_without(suite, i, OUTCOME_NOT_RUN,
				     suite->signal ? "the suite was interrupted" : ENDED_BEFORE);
}

static bool take_cpus(void *data, size_t variant)
{
	return pins_take(data, variant);
}

int suite_run(const struct variants *variants, const struct bases *bases,
	      const struct worker_settings *settings, const struct suite_limits *limits,
	      bool fail_fast, int signal_fd, const struct suite_listener *listener,
	      struct suite_counts *counts, struct error *err)
{
	struct suite suite = { .variants = variants,
			       .settings = settings,
			       .listener = listener,
			       .counts = counts,
			       .nr_slots = limits->jobs ? limits->jobs : limits->cpus };
	struct schedule_pins pins = { .take = take_cpus, .data = &suite.pins };
	int ret;

	*counts = (struct suite_counts){ .planned = (unsigned int)variants->count };
	if (suite.nr_slots > variants->count)
		suite.nr_slots = variants->count;
	suite.slots = calloc(suite.nr_slots + 1, sizeof(*suite.slots));
	suite.fds = calloc(suite.nr_slots + 1, sizeof(*suite.fds));
	ret = pins_init(&suite.pins, variants, settings->options, err);
	pins.cpus = suite.pins.cpus;
	if (!ret)
		ret = schedule_init(&suite.schedule, variants, bases, limits, &pins, err);
	if (!ret)
		ret = made_init(&suite.made, bases->count, err);
	if (!ret && (!suite.slots || !suite.fds))
		ret = error_set(err, -ENOMEM, "out of memory");
	if (ret)
		goto out;
	for (size_t i = 0; i < suite.nr_slots; i++)
		suite.slots[i].child.fd = -1;
	for (;;) {
		/* Those that run come to their end; none starts any more, so this fails once. */
		if (!suite.stopping) {
			ret = start_some(&suite, err);
			suite.stopping = suite.stopping || ret;
		}
		if (suite.stopping)
			stop_makers(&suite);
		if (!suite.schedule.running && (suite.stopping || !suite.schedule.pending))
			break;
		tell_progress(&suite);
		turn(&suite, signal_fd, fail_fast);
	}
	tell_rest(&suite);
out:
	made_destroy(&suite.made);
	schedule_destroy(&suite.schedule);
	pins_destroy(&suite.pins);
	free(suite.slots);
	free(suite.fds);
	return ret ? ret : suite.signal;
}
