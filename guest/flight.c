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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tracer/hotplug.h"
#include "tracer/machine.h"

#define TRACEFS "/sys/kernel/tracing"

/* Above the soft limit that limits.c sets. */
#define HIGH_FD 1024
/* Those of MACHINE_MAX_CPUS, with TRACEPOINT_TYPES and the ring's. */
#define MAX_FDS (1u << 20)

/* Bytes of uevents that wait: more than those of all modules that a test may load. */
#define HOTPLUG_ROOM (4 << 20)

static int fail(struct flight_recorder *flight, int error, const char *what)
{
	flight->facts.error = (uint32_t)error;
	snprintf(flight->facts.reason, sizeof(flight->facts.reason), "%.*s",
		 (int)sizeof(flight->facts.reason) - 1, what);
	return -error;
}

static int add_format(struct flight_recorder *flight, uint32_t type, const char *text)
{
	const struct ktstr_record_format head = { .type = type, .length = (uint32_t)strlen(text) };
	const uint32_t used = flight->facts.formats_size;
	uint8_t *grown = realloc(flight->formats, used + sizeof(head) + head.length);

	if (!grown)
		return fail(flight, ENOMEM, "no memory for the formats of its tracepoints");
	memcpy(grown + used, &head, sizeof(head));
	memcpy(grown + used + sizeof(head), text, head.length);
	flight->formats = grown;
	flight->facts.formats = (uintptr_t)grown;
	flight->facts.formats_size = used + (uint32_t)sizeof(head) + head.length;
	return 0;
}

/* Those of event_types that this kernel has. */
static int load_types(struct flight_recorder *flight)
{
	int ret = 0;

	for (uint32_t i = 0; i < TRACEPOINT_TYPES && !ret; i++) {
		const struct event_type *type = &event_types[i];
		char text[TRACEPOINT_FORMAT_SIZE];
		struct tracepoint tp;

		if (!tracepoint_read_format(TRACEFS, type, text, NULL) &&
		    !tracepoint_parse_format(text, type, &tp, NULL)) {
			flight->ids[i] = tp.id;
			ret = add_format(flight, i, text);
		} else if (type->required) {
			ret = fail(flight, ENOENT,
				   "no tracepoint sched:sched_switch in tracefs; the kernel needs "
				   "CONFIG_EVENT_TRACING");
		}
	}
	return ret;
}

static int open_event(uint16_t id, int cpu, int leader)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
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
	close(fd);
	return high;
}

/* No more of a CPU is recorded; what is in its ring stays, and so does the event that has it. */
static void leave_cpu(struct flight_cpu *cpu)
{
	for (size_t i = 0; i < TRACEPOINT_TYPES; i++) {
		if (cpu->fds[i] >= 0 && cpu->fds[i] == cpu->ring_fd)
			(void)ioctl(cpu->ring_fd, PERF_EVENT_IOC_DISABLE, 0);
		else if (cpu->fds[i] >= 0)
			close(cpu->fds[i]);
		cpu->fds[i] = -1;
	}
}

/* Into the place that is kept for it. */
static int map_ring(struct flight_recorder *flight, const struct ktstr_record_ring *ring, int fd)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t size = page + flight->facts.data_size;
	uint8_t *place = (uint8_t *)(uintptr_t)ring->address;

	if (mmap(place, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return fail(flight, errno, "mmap of a CPU's ring");
	/* The host goes by our page tables: each page is to be in them. */
	for (size_t at = 0; at < size; at += page)
		(void)*(volatile uint8_t *)(place + at);
	return 0;
}

/* The event joins its group: the first one of a CPU's life gets the ring. */
static int join(struct flight_recorder *flight, uint32_t number, int fd)
{
	struct flight_cpu *cpu = &flight->cpus[number];
	int ret;

	if (cpu->ring_fd < 0) {
		ret = map_ring(flight, &flight->rings[number], fd);
		if (!ret)
			cpu->ring_fd = fd;
		return ret;
	}
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, cpu->ring_fd)
		       ? fail(flight, errno, "PERF_EVENT_IOC_SET_OUTPUT of a tracepoint")
		       : 0;
}

/*
 * All events of the CPU of ring @number into that. Returns 0, -ENODEV when it is offline, or as
 * fail.
 */
static int enter_cpu(struct flight_recorder *flight, uint32_t number)
{
	struct flight_cpu *cpu = &flight->cpus[number];
	int leader = -1, ret = 0;

	for (size_t i = 0; i < TRACEPOINT_TYPES && !ret; i++) {
		if (!flight->ids[i])
			continue;
		cpu->fds[i] = open_event(flight->ids[i], (int)flight->rings[number].cpu, leader);
		if (cpu->fds[i] < 0)
			ret = errno == ENODEV
				      ? -ENODEV
				      : fail(flight, errno,
					     "perf_event_open of a tracepoint; the kernel needs "
					     "CONFIG_PERF_EVENTS and CONFIG_EVENT_TRACING");
		else
			ret = join(flight, number, cpu->fds[i]);
		if (leader < 0)
			leader = cpu->fds[i];
	}
	if (!ret && ioctl(leader, PERF_EVENT_IOC_ENABLE, 0))
		ret = fail(flight, errno, "PERF_EVENT_IOC_ENABLE of a CPU's events");
	if (ret)
		leave_cpu(cpu);
	return ret;
}

/* A place for its ring, whether it is online or not. */
static int add_cpu(struct flight_recorder *flight, uint16_t number)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE) + flight->facts.data_size;
	struct flight_cpu *cpu = &flight->cpus[flight->facts.nr_rings];
	void *place =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int ret;

	if (place == MAP_FAILED)
		return fail(flight, errno, "the place for a CPU's ring");
	cpu->ring_fd = -1;
	for (size_t i = 0; i < TRACEPOINT_TYPES; i++)
		cpu->fds[i] = -1;
	flight->rings[flight->facts.nr_rings] =
		(struct ktstr_record_ring){ .address = (uintptr_t)place, .cpu = number };
	ret = enter_cpu(flight, flight->facts.nr_rings);
	if (ret && ret != -ENODEV)
		return ret;
	flight->facts.nr_rings++;
	return 0;
}

/* Room for descriptors beyond those of what init starts; @was: for give_back_files. */
static void take_files(struct rlimit *was)
{
	const struct rlimit files = { MAX_FDS, MAX_FDS };

	if (getrlimit(RLIMIT_NOFILE, was) || setrlimit(RLIMIT_NOFILE, &files))
		*was = (struct rlimit){ 0 };
}

static void give_back_files(const struct rlimit *was)
{
	if (was->rlim_max)
		(void)setrlimit(RLIMIT_NOFILE, was);
}

static int open_cpus(struct flight_recorder *flight)
{
	uint16_t cpus[MACHINE_MAX_CPUS];
	struct failure why;
	const int nr_cpus = machine_present_cpus(cpus, &why);
	int ret = load_types(flight);

	if (nr_cpus < 1)
		return fail(flight, nr_cpus ? -nr_cpus : ENOENT, why.text);
	flight->rings = calloc((size_t)nr_cpus, sizeof(*flight->rings));
	flight->cpus = calloc((size_t)nr_cpus, sizeof(*flight->cpus));
	if (!flight->rings || !flight->cpus)
		return fail(flight, ENOMEM, "no memory for the flight recorder's rings");
	for (int i = 0; i < nr_cpus && !ret; i++)
		ret = add_cpu(flight, cpus[i]);
	return ret;
}

void flight_open(struct flight_recorder *flight, const char *kib)
{
	const unsigned long size = strtoul(kib, NULL, 10);
	const int room = HOTPLUG_ROOM;
	struct rlimit files;

	*flight = (struct flight_recorder){ .facts = { .data_size = size << 10 } };
	/* First: what comes or goes while the rings are opened is told, too. */
	flight->hotplug = hotplug_open();
	if (flight->hotplug >= 0)
		(void)setsockopt(flight->hotplug, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	take_files(&files);
	open_cpus(flight);
	give_back_files(&files);
}

/* Its former events are dead, or would be recorded twice. */
static void come_back(struct flight_recorder *flight, uint32_t number,
		      struct guest_channel *channel)
{
	int ret;

	leave_cpu(&flight->cpus[number]);
	ret = enter_cpu(flight, number);
	if (ret && ret != -ENODEV)
		guest_channel_log(channel,
				  "the flight recorder: CPU %u is not recorded any more: %s: %s",
				  flight->rings[number].cpu, flight->facts.reason, strerror(-ret));
}

void flight_follow(struct flight_recorder *flight, struct guest_channel *channel)
{
	struct hotplug_event event = { 0 };
	struct rlimit files;
	int more;

	take_files(&files);
	while ((more = hotplug_next(flight->hotplug, &event)) == 1 || more == -ENOBUFS) {
		for (uint32_t i = 0; i < flight->facts.nr_rings; i++) {
			bool meant = flight->rings[i].cpu == event.cpu;

			/* Some of the kernel's words are lost: it may be any of them. */
			if (more == -ENOBUFS || (meant && event.online))
				come_back(flight, i, channel);
			else if (meant)
				leave_cpu(&flight->cpus[i]);
		}
	}
	give_back_files(&files);
	if (!more)
		return;
	guest_channel_log(channel,
			  "the flight recorder: CPUs that come back are not recorded any more: "
			  "reading the kernel's uevents: %s",
			  strerror(-more));
	close(flight->hotplug);
	flight->hotplug = -1;
}

void flight_say(const struct flight_recorder *flight, struct guest_channel *channel)
{
	const size_t rings = flight->facts.nr_rings * sizeof(*flight->rings);
	struct ktstr_record *facts = malloc(sizeof(*facts) + rings);

	if (!facts) {
		guest_channel_log(channel, "no memory to tell of the flight recorder");
		return;
	}
	*facts = flight->facts;
	/* Of this guest: the wall clock may have been set since the rings were opened. */
	facts->boottime_ns = machine_clock_ns(CLOCK_BOOTTIME);
	facts->monotonic_ns = facts->boottime_ns - machine_boottime_offset();
	facts->realtime_ns = machine_clock_ns(CLOCK_REALTIME);
	if (rings)
		memcpy(facts + 1, flight->rings, rings);
	guest_channel_send(channel, KTSTR_RECORD, facts, (uint32_t)(sizeof(*facts) + rings));
	free(facts);
}
