/*
 * The built-in tracer: records what the scheduler does on every CPU into a Perfetto trace. It takes
 * wprof's place where wprof itself is not embedded, and so speaks as wprof does: its options, its
 * ready line, its way to stop, its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "hotplug.h"
#include "machine.h"
#include "options.h"
#include "proctree.h"
#include "recorder.h"
#include "trace_file.h"

#ifndef KTSTR_VERSION
#define KTSTR_VERSION "unknown"
#endif

/* Rings wake us when a quarter full; this is for what trickles in. */
#define DRAIN_INTERVAL_MS 50

static const char tracefs_path[] = "/sys/kernel/tracing";

/* A line of wprof's own kind, on stdout at once: somebody waits for it. */
static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

/*
 * Above all that the scheduler under test decides: a tracer of the fair class would share a CPU
 * with hundreds of runnable tasks and lose events, and under a sched_ext scheduler that starves its
 * tasks it would starve with them, nice or not. The lowest real-time priority is enough for that;
 * we sleep but for draining, and the kernel's own real-time threads still go first.
 */
static void raise_priority(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	/* musl's sched_setscheduler is a stub that fails. */
	if (!syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		return;
	fprintf(stderr, "wprof: no real-time priority (%s); nice -20 instead, events may be lost\n",
		strerror(errno));
	if (setpriority(PRIO_PROCESS, 0, -20))
		fprintf(stderr, "wprof: no higher priority at all: %s\n", strerror(errno));
}

/* A test that eats all memory is one whose trace is wanted. What cannot be had is done without. */
static void leave_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "-1000", 5);
	close(fd);
}

static void raise_file_limit(size_t files)
{
	struct rlimit limit;

	/* Should it not do, opening the events fails and says so. */
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= files)
		return;
	limit.rlim_cur = files;
	if (limit.rlim_max < files)
		limit.rlim_max = files;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Load what this kernel has of event_types; only sched_switch must be there. */
static int load_tracepoints(struct tracepoint *tps, size_t *nr_tps, struct failure *failure)
{
	bool mounted = false;
	int ret = 0;
	size_t i;

	if (access("/sys/kernel/tracing/events", F_OK)) {
		if (mount("tracefs", tracefs_path, "tracefs", 0, NULL))
			return failure_set(failure, -errno,
					   "tracefs: cannot mount it at '%s': %s; it needs root "
					   "and a kernel with CONFIG_EVENT_TRACING",
					   tracefs_path, strerror(errno));
		mounted = true;
	}
	*nr_tps = 0;
	for (i = 0; i < TRACEPOINT_TYPES; i++) {
		ret = tracepoint_load(tracefs_path, &event_types[i], &tps[*nr_tps], failure);
		if (!ret) {
			++*nr_tps;
			continue;
		}
		fprintf(stderr, "wprof: %s%s\n", failure->text,
			event_types[i].required ? "" : "; goes on without it");
		if (event_types[i].required) {
			failure_set(failure, ret,
				    "no trace without %s:%s; the kernel needs "
				    "CONFIG_EVENT_TRACING and CONFIG_PERF_EVENTS",
				    event_types[i].system, event_types[i].name);
			break;
		}
		ret = 0;
	}
	if (mounted)
		umount2(tracefs_path, MNT_DETACH);
	return ret;
}

static unsigned long long megabytes(uint64_t bytes)
{
	return bytes >> 20;
}

static int plan_sizes(const struct options *options, unsigned int cpus, struct sizes *sizes,
		      struct failure *failure)
{
	const uint64_t asked = options_budget(options, cpus);
	uint64_t available, disk;
	struct statvfs fs;
	char *folder = strdup(options->data), *slash;
	int ret;

	if (!folder)
		return failure_set(failure, -ENOMEM, "no memory");
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	ret = statvfs(slash ? folder : ".", &fs) ? -errno : 0;
	free(folder);
	if (ret)
		return failure_set(failure, ret, "data file '%s': no such folder: %s",
				   options->data, strerror(-ret));
	ret = machine_available_memory(&available, failure);
	if (ret)
		return ret;
	/* A ramfs has no size: memory is its limit. */
	disk = fs.f_blocks ? (uint64_t)fs.f_bavail * fs.f_frsize : available;
	*sizes = sizes_plan(asked, available, disk, cpus);
	printf("Buffers: asked for %llu KB; got %llu KB for each of %u CPUs, and up to %llu MB of "
	       "events kept (%llu MB of memory and %llu MB of disk free)\n",
	       (unsigned long long)(asked >> 10), (unsigned long long)(sizes->ring >> 10), cpus,
	       megabytes(sizes->spool), megabytes(available), megabytes(disk));
	return 0;
}

/* @hotplug: -1: nobody tells us. Fails only when the spool does. */
static int follow_cpus(struct recorder *recorder, int hotplug, struct failure *failure)
{
	struct hotplug_event event;
	int more, ret = 0;

	while (!ret && hotplug >= 0 && (more = hotplug_next(hotplug, &event))) {
		if (more == -ENOBUFS)
			ret = recorder_cpus_unknown(recorder, failure);
		else if (more < 0)
			break;
		else if (event.online)
			ret = recorder_cpu_online(recorder, event.cpu, failure);
		else
			ret = recorder_cpu_offline(recorder, event.cpu, failure);
	}
	return ret;
}

/* Collect until a signal comes or the time is over. */
static int record(struct recorder *recorder, int signals, int hotplug, uint64_t duration_ms,
		  struct failure *failure)
{
	const size_t nr = recorder->rings->nr;
	const uint64_t end = machine_clock_ns(CLOCK_BOOTTIME) + duration_ms * 1000000;
	struct pollfd *polled = calloc(nr + 2, sizeof(*polled));
	struct signalfd_siginfo info;
	uint64_t now;
	size_t i;
	int ret = 0;

	if (!polled)
		return failure_set(failure, -ENOMEM, "no memory");
	while (!ret && (now = machine_clock_ns(CLOCK_BOOTTIME)) < end) {
		uint64_t left = (end - now + 999999) / 1000000;

		for (i = 0; i < nr; i++)
			polled[i] = (struct pollfd){ recorder->rings->ring[i].fds[0], POLLIN, 0 };
		polled[nr] = (struct pollfd){ signals, POLLIN, 0 };
		polled[nr + 1] = (struct pollfd){ hotplug, POLLIN, 0 };
		if (poll(polled, nr + 2, left < DRAIN_INTERVAL_MS ? (int)left : DRAIN_INTERVAL_MS) <
			    0 &&
		    errno != EINTR) {
			ret = failure_set(failure, -errno, "poll: %s", strerror(errno));
			break;
		}
		if (read(signals, &info, sizeof(info)) == sizeof(info))
			break;
		/* An event that is dead would wake us at once, for ever. */
		for (i = 0; !ret && i < nr; i++)
			if (polled[i].revents & (POLLHUP | POLLERR))
				ret = recorder_cpu_offline(recorder, recorder->rings->ring[i].cpu,
							   failure);
		if (!ret)
			ret = recorder_drain(recorder, failure);
		if (!ret)
			ret = follow_cpus(recorder, hotplug, failure);
	}
	free(polled);
	return ret;
}

static void report_drops(const struct recorder *recorder)
{
	const struct spool *spool = recorder->spool;
	size_t i;

	for (i = 0; i < recorder->rings->nr; i++) {
		const struct ring *ring = &recorder->rings->ring[i];

		if (ring->lost + ring->lost_before)
			printf("!!! Drops: CPU %u: %llu events lost, its buffer of %zu KB was "
			       "full\n",
			       ring->cpu, (unsigned long long)(ring->lost + ring->lost_before),
			       recorder->rings->data_size >> 10);
		if (ring->unreadable)
			printf("!!! Drops: CPU %u: its buffer could not be read %llu times\n",
			       ring->cpu, (unsigned long long)ring->unreadable);
	}
	if (recorder->malformed)
		printf("!!! Drops: %llu records could not be decoded\n",
		       (unsigned long long)recorder->malformed);
	if (spool->dropped)
		printf("!!! Drops: the oldest %llu of %llu events; the newest %llu KB are kept%s\n",
		       (unsigned long long)spool->dropped, (unsigned long long)recorder->recorded,
		       (unsigned long long)spool->max * (SPOOL_SEGMENT_SIZE >> 10),
		       spool->full ? " (the file system was full)" : "");
}

static int write_header(const struct trace_sink *sink, unsigned int cpus, struct failure *failure)
{
	struct utsname name;
	struct trace_machine machine = {
		.boottime_ns = machine_clock_ns(CLOCK_BOOTTIME),
		.realtime_ns = machine_clock_ns(CLOCK_REALTIME),
		.monotonic_ns = machine_clock_ns(CLOCK_MONOTONIC),
		.sysname = name.sysname,
		.version = name.version,
		.release = name.release,
		.machine = name.machine,
		.cpus = cpus,
	};

	if (uname(&name))
		return failure_set(failure, -errno, "uname: %s", strerror(errno));
	return trace_header(sink, &machine, failure);
}

/* Everything between the options and the exit status: 0, or a negative errno with @failure. */
static int trace_machine(const struct options *options, struct failure *failure)
{
	struct tracepoint tps[TRACEPOINT_TYPES];
	uint16_t cpus[MACHINE_MAX_CPUS];
	struct recorder recorder;
	struct rings rings;
	struct spool spool;
	struct trace trace;
	struct sizes sizes = { 0 };
	size_t nr_tps = 0;
	sigset_t stop;
	int nr_cpus, signals, hotplug, ret;

	/* First of all: a signal that comes early stops a recording that has just begun. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	/* A shell starts what it puts in the background with SIGINT ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* a reader that left is no reason to lose the trace */
	signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return failure_set(failure, -errno, "signalfd: %s", strerror(errno));

	/* Before we look which CPUs are online, so that none comes unseen. */
	hotplug = hotplug_open();
	if (hotplug < 0)
		fprintf(stderr,
			"wprof: CPUs that come online later will not be recorded: uevents: %s\n",
			strerror(-hotplug));
	nr_cpus = machine_possible_cpus(cpus, failure);
	ret = nr_cpus;
	if (ret < 0)
		goto close_signals;
	ret = load_tracepoints(tps, &nr_tps, failure);
	if (ret)
		goto close_signals;
	ret = plan_sizes(options, (unsigned int)nr_cpus, &sizes, failure);
	if (ret)
		goto close_signals;
	ret = trace_open(&trace, options->trace, failure);
	if (ret)
		goto close_signals;
	ret = spool_open(&spool, options->data, sizes.spool, failure);
	if (ret)
		goto close_trace;
	raise_file_limit((size_t)nr_cpus * nr_tps + 64);
	ret = rings_open(&rings, tps, nr_tps, cpus, (size_t)nr_cpus, sizes.ring, failure);
	if (ret)
		goto close_spool;
	ret = recorder_open(&recorder, tps, nr_tps, &rings, &spool, machine_boottime_offset(),
			    failure);
	if (ret)
		goto close_rings;
	leave_oom_killer();
	raise_priority();

	ret = write_header(&trace.sink, (unsigned int)rings.nr, failure);
	if (ret)
		goto close_recorder;
	ret = rings_enable(&rings, failure);
	if (ret)
		goto close_recorder;
	/* Now, so that no process falls between the list and its events. */
	ret = proctree_write(&trace.sink, "/proc", failure);
	if (ret)
		goto close_recorder;
	/*
	 * The spool gives up its memory while the trace takes it, so all that the trace needs
	 * beyond that are the segments that are still open at the end, and the process tree again.
	 */
	ret = trace_reserve(&trace, rings.nr * SPOOL_SEGMENT_SIZE + 2 * trace.size + 65536,
			    failure);
	if (ret)
		goto close_recorder;
	say("Running...");
	ret = record(&recorder, signals, hotplug, options->duration_ms, failure);
	rings_disable(&rings);
	say("Stopping...");
	/* From here on a signal kills. */
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	if (ret)
		goto close_recorder;

	say("Draining...");
	ret = recorder_finish(&recorder, failure);
	if (ret)
		goto close_recorder;
	ret = recorder_write(&recorder, &trace.sink, failure);
	if (ret)
		goto close_recorder;
	ret = proctree_write(&trace.sink, "/proc", failure);
	if (ret)
		goto close_recorder;
	report_drops(&recorder);
	ret = trace_finish(&trace, failure);
	if (!ret)
		printf("Produced %.3fMB trace file at '%s'.\n", (double)trace.size / (1 << 20),
		       options->trace);

close_recorder:
	recorder_close(&recorder);
close_rings:
	rings_close(&rings);
close_spool:
	spool_close(&spool);
close_trace:
	trace_close(&trace);
close_signals:
	if (hotplug >= 0)
		close(hotplug);
	close(signals);
	return ret;
}

int main(int argc, char **argv)
{
	struct failure failure = { "" };
	struct options options;
	int ret = tracer_options_parse(argc, argv, &options, &failure);

	switch (ret) {
	case OPTIONS_RECORD:
		break;
	case OPTIONS_HELP:
		printf("%s%s", options_usage_text, options_help_text);
		return 0;
	case OPTIONS_USAGE:
		fputs(options_usage_text, stdout);
		return 0;
	case OPTIONS_VERSION:
		puts("ktstr-launch built-in tracer " KTSTR_VERSION);
		return 0;
	default:
		fprintf(stderr, "wprof: %s\n%s", failure.text, options_usage_text);
		return OPTIONS_EXIT_USAGE;
	}
	ret = trace_machine(&options, &failure);
	if (ret) {
		fflush(stdout);
		fprintf(stderr, "wprof: %s\n", failure.text);
		return -ret;
	}
	say("Exited cleanly");
	return 0;
}
