/* How are many variants run? See suite.h. */
#include "suite/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "host/capacity.h"
#include "host/memory.h"
#include "util/clock.h"

#define PROGRESS_MS 500
/* How often tests' output is looked for. */
#define LINES_MS    100
/* A worker that was told to end has so long, then it is killed. */
#define END_MS	    1500

struct slot {
	struct worker worker; /* fd -1: free */
	size_t variant;
};

struct suite {
	const struct variants *variants;
	const struct worker_settings *settings;
	const struct suite_limits *limits;
	const struct suite_listener *listener;
	struct suite_counts *counts;
	struct slot *slots;
	struct pollfd *fds;
	size_t nr_slots, running, next;
	unsigned int done; /* had their turn in a worker */
	double busy_s;	   /* what those took, summed */
	bool stopping;
	int signal;
	int64_t kill_at_ms;	/* 0: nobody is to be killed */
	int64_t waits_since_ms; /* the next variant, for memory; 0: it does not */
};

/* What a variant takes of the host; a test of the host takes one CPU. */
static void cost(const struct variant *variant, unsigned int *cpus, uint64_t *memory_mib)
{
	bool in_vm = variant->kernel != NULL;

	*cpus = in_vm ? topology_cpus(&variant->plan.topology) : 1;
	*memory_mib = in_vm ? host_memory_of_guest(variant->plan.memory_mib, *cpus) : 0;
}

/*
 * Asked of the host as it is now: other processes come and go, and a guest that has no memory ends
 * at the out-of-memory killer, or at somebody else's.
 */
static uint64_t free_mib(void)
{
	struct capacity capacity;

	capacity_read(&capacity);
	return capacity.free_mib;
}

/* Is there room for one more beside those that run? One alone has all CPUs, see look_for_memory. */
static bool fits(const struct suite *suite, const struct variant *variant)
{
	unsigned int cpus, used_cpus = 0;
	uint64_t memory, used_memory = 0;

	if (!suite->running)
		return true;
	if (suite->limits->jobs && suite->running >= suite->limits->jobs)
		return false;
	for (size_t i = 0; i < suite->nr_slots; i++) {
		if (suite->slots[i].worker.fd < 0)
			continue;
		cost(&suite->variants->list[suite->slots[i].variant], &cpus, &memory);
		used_cpus += cpus;
		used_memory += memory;
	}
	cost(variant, &cpus, &memory);
	/* A number of jobs that the user gave is about CPUs; memory is not to be talked about. */
	return (suite->limits->jobs || used_cpus + cpus <= suite->limits->cpus) &&
	       used_memory + memory <= suite->limits->memory_mib &&
	       (!memory || memory <= free_mib());
}

enum has_memory {
	HAS_MEMORY,
	WAITS_FOR_MEMORY,
	HAS_NO_MEMORY, /* it has waited for long enough */
};

/* Is there enough memory for a guest while no other runs? @reason: for HAS_NO_MEMORY. */
static enum has_memory look_for_memory(struct suite *suite, const struct variant *variant,
				       char *reason, size_t size)
{
	int64_t now = now_ms(), waited = suite->waits_since_ms ? now - suite->waits_since_ms : 0;
	unsigned int cpus;
	uint64_t memory, left;

	cost(variant, &cpus, &memory);
	left = memory ? free_mib() : 0;
	if (memory <= left) {
		suite->waits_since_ms = 0;
		return HAS_MEMORY;
	}
	if (!suite->waits_since_ms)
		suite->waits_since_ms = now;
	if ((uint64_t)waited < suite->limits->memory_wait_ms)
		return WAITS_FOR_MEMORY;
	suite->waits_since_ms = 0;
	snprintf(reason, size,
		 "no memory for its VM: it needs %" PRIu64 " MiB, and after %.10g s %" PRIu64
		 " MiB were free; end other programs, give it less, or wait longer with "
		 "--memory-wait",
		 memory, (double)suite->limits->memory_wait_ms / 1000, left);
	return HAS_NO_MEMORY;
}

static void tell(struct suite *suite, size_t index, const struct worker_result *of)
{
	const struct variant *variant = &suite->variants->list[index];
	char spec[TOPOLOGY_SPEC_SIZE] = "";
	struct suite_result result = { .name = variant->name,
				       .number = (unsigned int)index + 1,
				       .outcome = of->outcome,
				       .cause = of->cause,
				       .detail = of->detail,
				       .output = of->output,
				       .topology = spec,
				       .kernel = of->release && *of->release ? of->release
									     : variant->release,
				       .memory_mib = variant->kernel ? variant->plan.memory_mib : 0,
				       .start = of->start,
				       .seconds = of->seconds,
				       .folder = of->folder,
				       .dump = of->dump,
				       .trace = of->trace,
				       .replay = of->replay };

	if (variant->kernel)
		topology_format(&variant->plan.topology, spec);
	suite_count(suite->counts, of->outcome);
	suite->listener->result(suite->listener->data, variant, &result);
}

/* One that has no process: skipped, or ended before its turn. */
static void tell_without(struct suite *suite, size_t index, enum outcome_kind outcome,
			 const char *cause)
{
	char copy[256];
	struct worker_result result = { .outcome = outcome, .cause = copy };

	snprintf(copy, sizeof(copy), "%s%s", cause,
		 /* It fills its room, and so was cut. */
		 strlen(cause) + 1 == sizeof(((struct variant *)NULL)->skip) ? "..." : "");
	tell(suite, index, &result);
}

static int start_some(struct suite *suite, struct error *err)
{
	while (suite->next < suite->variants->count && !suite->stopping) {
		const struct variant *variant = &suite->variants->list[suite->next];
		size_t free_slot = 0;
		char reason[256];
		int ret;

		if (*variant->skip) {
			tell_without(suite, suite->next++, OUTCOME_SKIP, variant->skip);
			continue;
		}
		if (!suite->running) {
			enum has_memory memory =
				look_for_memory(suite, variant, reason, sizeof(reason));

			if (memory == WAITS_FOR_MEMORY)
				return 0;
			if (memory == HAS_NO_MEMORY) {
				tell_without(suite, suite->next++, OUTCOME_ERROR, reason);
				continue;
			}
		}
		while (free_slot < suite->nr_slots && suite->slots[free_slot].worker.fd >= 0)
			free_slot++;
		if (free_slot == suite->nr_slots || !fits(suite, variant))
			return 0;
		ret = worker_start(&suite->slots[free_slot].worker, suite->settings, variant, err);
		if (ret)
			return ret;
		suite->slots[free_slot].variant = suite->next++;
		suite->running++;
	}
	return 0;
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

	if (!suite->listener->line)
		return;
	stream_read(&slot->worker.out, end, pass_line, &of);
	stream_read(&slot->worker.err, end, pass_line, &of);
}

static void finish(struct suite *suite, struct slot *slot, bool fail_fast)
{
	struct worker_result result;

	pass_output(suite, slot, true);
	worker_finish(&slot->worker, &result);
	suite->running--;
	suite->done++;
	suite->busy_s += result.seconds;
	/* What we killed says nothing about the test; others had their result before, or say so. */
	if (suite->signal && result.lost) {
		result.outcome = OUTCOME_NOT_RUN;
		free(result.cause);
		result.cause = strdup("interrupted while it ran");
	}
	tell(suite, slot->variant, &result);
	if (fail_fast && outcome_is_bad(result.outcome))
		suite->stopping = true;
	worker_result_destroy(&result);
}

static void signal_all(const struct suite *suite, int number)
{
	for (size_t i = 0; i < suite->nr_slots; i++)
		if (suite->slots[i].worker.fd >= 0)
			kill(suite->slots[i].worker.pid, number);
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
	size_t left = suite->variants->count - suite->next + suite->running;
	double each = suite->done ? suite->busy_s / suite->done : 0;

	return suite->done ? each * (double)left / (double)(suite->running ? suite->running : 1)
			   : -1;
}

static void tell_progress(const struct suite *suite)
{
	struct suite_progress progress = { .counts = suite->counts,
					   .running = (unsigned int)suite->running,
					   .seconds_left = seconds_left(suite) };
	uint64_t now = now_ns();

	for (size_t i = 0; i < suite->nr_slots; i++) {
		const struct slot *slot = &suite->slots[i];
		double seconds;

		if (slot->worker.fd < 0)
			continue;
		seconds = (double)(now - slot->worker.begin_ns) / 1e9;
		if (progress.longest && seconds <= progress.longest_s)
			continue;
		progress.longest = suite->variants->list[slot->variant].name;
		progress.longest_s = seconds;
	}
	suite->listener->progress(suite->listener->data, &progress);
}

static void turn(struct suite *suite, int signal_fd, bool fail_fast)
{
	int wait_ms = PROGRESS_MS;

	for (size_t i = 0; i < suite->nr_slots; i++)
		suite->fds[i] =
			(struct pollfd){ .fd = suite->slots[i].worker.fd, .events = POLLIN };
	suite->fds[suite->nr_slots] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	if (suite->kill_at_ms || suite->listener->line)
		wait_ms = LINES_MS;
	if (poll(suite->fds, suite->nr_slots + 1, wait_ms) < 0)
		return;
	if (suite->fds[suite->nr_slots].revents)
		stop(suite, signal_fd);
	for (size_t i = 0; i < suite->nr_slots; i++) {
		struct slot *slot = &suite->slots[i];

		if (slot->worker.fd < 0)
			continue;
		if (suite->fds[i].revents && worker_read(&slot->worker))
			finish(suite, slot, fail_fast);
		else
			pass_output(suite, slot, false);
	}
	if (suite->kill_at_ms && now_ms() > suite->kill_at_ms)
		signal_all(suite, SIGKILL);
}

int suite_run(const struct variants *variants, const struct worker_settings *settings,
	      const struct suite_limits *limits, bool fail_fast, int signal_fd,
	      const struct suite_listener *listener, struct suite_counts *counts, struct error *err)
{
	struct suite suite = { .variants = variants,
			       .settings = settings,
			       .limits = limits,
			       .listener = listener,
			       .counts = counts,
			       .nr_slots = limits->jobs ? limits->jobs : limits->cpus };
	int ret = 0;

	*counts = (struct suite_counts){ .planned = (unsigned int)variants->count };
	if (suite.nr_slots > variants->count)
		suite.nr_slots = variants->count;
	suite.slots = calloc(suite.nr_slots + 1, sizeof(*suite.slots));
	suite.fds = calloc(suite.nr_slots + 1, sizeof(*suite.fds));
	if (!suite.slots || !suite.fds) {
		ret = error_set(err, -ENOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < suite.nr_slots; i++)
		suite.slots[i].worker.fd = -1;
	for (;;) {
		/* Those that run come to their end; none starts any more, so this fails once. */
		if (!suite.stopping) {
			ret = start_some(&suite, err);
			suite.stopping = suite.stopping || ret;
		}
		if (!suite.running && (suite.stopping || suite.next == variants->count))
			break;
		tell_progress(&suite);
		turn(&suite, signal_fd, fail_fast);
	}
	while (suite.next < variants->count)
		tell_without(&suite, suite.next++, OUTCOME_NOT_RUN,
			     suite.signal ? "the suite was interrupted"
					  : "the suite ended before its turn");
out:
	free(suite.slots);
	free(suite.fds);
	return ret ? ret : suite.signal;
}
