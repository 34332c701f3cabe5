/* The flight recorder: see flight.h. */
#include "flight.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tracer/machine.h"

#define TRACEFS "/sys/kernel/tracing"

/* Above the soft limit that limits.c sets. */
#define HIGH_FD 1024

static int fail(struct flight *flight, int error, const char *what)
{
	flight->facts.error = (uint32_t)error;
	snprintf(flight->facts.reason, sizeof(flight->facts.reason), "%.*s",
		 (int)sizeof(flight->facts.reason) - 1, what);
	return -error;
}

/* Those of event_types that this kernel has. */
static int load_types(struct flight *flight)
{
	for (size_t i = 0; i < TRACEPOINT_TYPES; i++) {
		const struct event_type *type = &event_types[i];
		char text[TRACEPOINT_FORMAT_SIZE];
		struct tracepoint tp;

		if (!tracepoint_read_format(TRACEFS, type, text, NULL) &&
		    !tracepoint_parse_format(text, type, &tp, NULL) &&
		    (flight->types[i].format = strdup(text)))
			flight->types[i].id = tp.id;
		else if (type->required)
			return fail(flight, ENOENT,
				    "no tracepoint sched:sched_switch in tracefs; the kernel needs "
				    "CONFIG_EVENT_TRACING");
	}
	return 0;
}

static int open_event(const struct flight_type *type, int cpu, int leader)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = type->id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		/* A ring that is mapped without the right to write to it overwrites its oldest
		 * records. From its end to its beginning: the newest one can then be found. */
		.write_backward = 1,
		/* Nobody waits for it. */
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX,
		.disabled = leader < 0, /* the group goes with its leader */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, leader, PERF_FLAG_FD_CLOEXEC);
	int high;

	if (fd < 0)
		return fd;
	/* Out of the way: init's own limit of descriptors is that of what it starts. */
	high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high < 0)
		return high;
	close(fd);
	return high;
}

/* All events of a CPU into one ring. Returns 0, -ENODEV when it is offline, or as fail. */
static int open_ring(struct flight *flight, int cpu)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t size = page + flight->facts.data_size;
	struct ktstr_record_ring *ring = &flight->rings[flight->facts.nr_rings];
	int leader = -1;
	uint8_t *map;

	for (size_t i = 0; i < TRACEPOINT_TYPES; i++) {
		int fd;

		if (!flight->types[i].id)
			continue;
		fd = open_event(&flight->types[i], cpu, leader);
		if (fd < 0 && errno == ENODEV)
			return -ENODEV;
		if (fd < 0)
			return fail(flight, errno,
				    "perf_event_open of a tracepoint; the kernel needs "
				    "CONFIG_PERF_EVENTS and CONFIG_EVENT_TRACING");
		if (leader < 0)
			leader = fd;
		else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, leader))
			return fail(flight, errno, "PERF_EVENT_IOC_SET_OUTPUT of a tracepoint");
		else
			continue;
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, leader, 0);
		if (map == MAP_FAILED)
			return fail(flight, errno, "mmap of a CPU's ring");
		/* The host goes by our page tables: each page is to be in them. */
		for (size_t at = 0; at < size; at += page)
			(void)*(volatile uint8_t *)(map + at);
		*ring = (struct ktstr_record_ring){ .address = (uintptr_t)map,
						    .cpu = (uint32_t)cpu };
	}
	if (ioctl(leader, PERF_EVENT_IOC_ENABLE, 0))
		return fail(flight, errno, "PERF_EVENT_IOC_ENABLE of a CPU's events");
	flight->facts.nr_rings++;
	return 0;
}

void flight_open(struct flight *flight, const char *kib)
{
	uint16_t cpus[MACHINE_MAX_CPUS];
	struct failure why;
	const int nr_cpus = machine_possible_cpus(cpus, &why);
	const unsigned long size = strtoul(kib, NULL, 10);
	const struct rlimit files = { 1 << 20, 1 << 20 };

	*flight = (struct flight){ .facts = { .data_size = size << 10 } };
	if (nr_cpus < 1) {
		fail(flight, nr_cpus ? -nr_cpus : ENOENT, why.text);
		return;
	}
	flight->rings = calloc((size_t)nr_cpus, sizeof(*flight->rings));
	if (!flight->rings) {
		fail(flight, ENOMEM, "no memory for the flight recorder's rings");
		return;
	}
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (load_types(flight))
		return;
	for (int i = 0; i < nr_cpus; i++) {
		int ret = open_ring(flight, cpus[i]);

		if (ret && ret != -ENODEV)
			return;
	}
}

void flight_say(const struct flight *flight, struct guest_channel *channel)
{
	const size_t rings = flight->facts.nr_rings * sizeof(*flight->rings);
	struct ktstr_record *facts = malloc(sizeof(*facts) + rings);
	struct {
		struct ktstr_record_format head;
		char text[KTSTR_RECORD_FORMAT_MAX];
	} *format = malloc(sizeof(*format));

	if (!facts || !format) {
		guest_channel_log(channel, "no memory to tell of the flight recorder");
		goto out;
	}
	/* Also where not all CPUs could be recorded. */
	for (uint32_t i = 0; rings && i < TRACEPOINT_TYPES; i++) {
		size_t length;

		if (!flight->types[i].id)
			continue;
		length = strlen(flight->types[i].format);
		format->head = (struct ktstr_record_format){ .type = i };
		memcpy(format->text, flight->types[i].format, length);
		guest_channel_send(channel, KTSTR_RECORD_FORMAT, format,
				   (uint32_t)(sizeof(format->head) + length));
	}
	*facts = flight->facts;
	/* Of this guest: the wall clock may have been set since the rings were opened. */
	facts->boottime_ns = machine_clock_ns(CLOCK_BOOTTIME);
	facts->monotonic_ns = facts->boottime_ns - machine_boottime_offset();
	facts->realtime_ns = machine_clock_ns(CLOCK_REALTIME);
	if (rings)
		memcpy(facts + 1, flight->rings, rings);
	guest_channel_send(channel, KTSTR_RECORD, facts, (uint32_t)(sizeof(*facts) + rings));
out:
	free(format);
	free(facts);
}
