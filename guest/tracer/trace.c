/* How does a Perfetto trace file look, and when does it get its name? See trace.h. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

enum { TRACE_PACKET = 1 };
enum { BUNDLE_CPU = 1, BUNDLE_LOST_EVENTS = 3 };
enum { SNAPSHOT_CLOCKS = 1, SNAPSHOT_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { INFO_UTSNAME = 1, INFO_NUM_CPUS = 8 };
enum { UTSNAME_SYSNAME = 1, UTSNAME_VERSION = 2, UTSNAME_RELEASE = 3, UTSNAME_MACHINE = 4 };
/* enum BuiltinClock */
enum { BUILTIN_REALTIME = 1, BUILTIN_MONOTONIC = 3, BUILTIN_BOOTTIME = 6 };

int trace_open(struct trace *trace, const char *path, struct failure *failure)
{
	static const char suffix[] = ".tmp";
	const size_t length = strlen(path);
	struct stat st;

	*trace = (struct trace){ .fd = -1, .path = path };
	/* rename() would put a file in the place of a device, and /dev/null is soon named here. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return failure_set(failure, -EINVAL, "trace '%s': not a regular file", path);
	trace->temporary = malloc(length + sizeof(suffix));
	if (!trace->temporary)
		return failure_set(failure, -ENOMEM, "trace '%s': no memory for its name", path);
	memcpy(trace->temporary, path, length);
	memcpy(trace->temporary + length, suffix, sizeof(suffix));
	trace->fd = open(trace->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (trace->fd < 0) {
		int ret = failure_set(failure, -errno, "trace '%s': cannot make it: %s",
				      trace->temporary, strerror(errno));

		free(trace->temporary);
		trace->temporary = NULL;
		return ret;
	}
	return 0;
}

int trace_reserve(struct trace *trace, uint64_t size, struct failure *failure)
{
	if (!fallocate(trace->fd, FALLOC_FL_KEEP_SIZE, (off_t)trace->size, (off_t)size) ||
	    errno == EOPNOTSUPP)
		return 0;
	return failure_set(failure, -errno, "trace '%s': cannot set %llu KB aside for it: %s",
			   trace->temporary, (unsigned long long)(size >> 10), strerror(errno));
}

int trace_finish(struct trace *trace, struct failure *failure)
{
	int fd = trace->fd, ret;

	/* Also frees what was reserved behind the end. */
	ret = ftruncate(fd, (off_t)trace->size) ? -errno : 0;
	trace->fd = -1;
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		return failure_set(failure, ret, "trace '%s': cannot write to it: %s",
				   trace->temporary, strerror(-ret));
	if (rename(trace->temporary, trace->path))
		return failure_set(failure, -errno, "trace '%s': cannot give it its name '%s': %s",
				   trace->temporary, trace->path, strerror(errno));
	free(trace->temporary);
	trace->temporary = NULL;
	return 0;
}

void trace_close(struct trace *trace)
{
	if (trace->fd >= 0)
		close(trace->fd);
	if (trace->temporary)
		unlink(trace->temporary);
	free(trace->temporary);
	*trace = (struct trace){ .fd = -1 };
}

static int write_all(struct trace *trace, const uint8_t *bytes, size_t size,
		     struct failure *failure)
{
	ssize_t put;
	int error;

	while (size) {
		put = write(trace->fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			error = put ? errno : ENOSPC;
			return failure_set(failure, -error, "trace '%s': cannot write to it: %s",
					   trace->temporary, strerror(error));
		}
		bytes += put;
		size -= (size_t)put;
		trace->size += (uint64_t)put;
	}
	return 0;
}

int trace_packet(struct trace *trace, struct pb *body, struct failure *failure)
{
	uint8_t start[16];
	struct pb prefix = { .data = start, .size = sizeof(start) };
	int ret;

	pb_uint(body, PACKET_SEQUENCE_ID, TRACE_SEQUENCE_ID);
	if (body->full)
		return failure_set(failure, -EMSGSIZE, "trace '%s': a packet is too large",
				   trace->path);
	pb_length_prefix(&prefix, TRACE_PACKET, body->used);
	ret = write_all(trace, start, prefix.used, failure);
	return ret ? ret : write_all(trace, body->data, body->used, failure);
}

static void clock_entry(struct pb *pb, uint64_t id, int clock)
{
	size_t mark = pb_begin(pb, SNAPSHOT_CLOCKS);

	pb_uint(pb, CLOCK_ID, id);
	pb_uint(pb, CLOCK_TIMESTAMP, machine_clock_ns(clock));
	pb_end(pb, mark);
}

int trace_header(struct trace *trace, unsigned int cpus, struct failure *failure)
{
	uint8_t space[1024];
	struct pb pb = { .data = space, .size = sizeof(space) };
	struct utsname name;
	size_t packet, inner;
	int ret;

	packet = pb_begin(&pb, PACKET_CLOCK_SNAPSHOT);
	clock_entry(&pb, BUILTIN_BOOTTIME, CLOCK_BOOTTIME);
	clock_entry(&pb, BUILTIN_REALTIME, CLOCK_REALTIME);
	clock_entry(&pb, BUILTIN_MONOTONIC, CLOCK_MONOTONIC);
	pb_uint(&pb, SNAPSHOT_PRIMARY, BUILTIN_BOOTTIME);
	pb_end(&pb, packet);
	ret = trace_packet(trace, &pb, failure);
	if (ret)
		return ret;

	if (uname(&name))
		return failure_set(failure, -errno, "uname: %s", strerror(errno));
	pb.used = 0;
	packet = pb_begin(&pb, PACKET_SYSTEM_INFO);
	inner = pb_begin(&pb, INFO_UTSNAME);
	pb_string(&pb, UTSNAME_SYSNAME, name.sysname, strlen(name.sysname));
	pb_string(&pb, UTSNAME_VERSION, name.version, strlen(name.version));
	pb_string(&pb, UTSNAME_RELEASE, name.release, strlen(name.release));
	pb_string(&pb, UTSNAME_MACHINE, name.machine, strlen(name.machine));
	pb_end(&pb, inner);
	pb_uint(&pb, INFO_NUM_CPUS, cpus);
	pb_end(&pb, packet);
	return trace_packet(trace, &pb, failure);
}

int trace_segment(struct trace *trace, const struct segment *segment, const uint8_t *body,
		  struct failure *failure)
{
	const size_t cpu_size = 1 + pb_varint_size(segment->cpu);
	const size_t bundle = cpu_size + segment->used + (segment->lost ? 2 : 0);
	const size_t events = 1 + pb_varint_size(bundle) + bundle;
	const size_t sequence = 1 + pb_varint_size(TRACE_SEQUENCE_ID);
	uint8_t start[32], end[16];
	struct pb prefix = { .data = start, .size = sizeof(start) };
	struct pb suffix = { .data = end, .size = sizeof(end) };
	int ret;

	/* All field numbers are below 16, so that each tag is one byte. */
	pb_length_prefix(&prefix, TRACE_PACKET, events + sequence);
	pb_length_prefix(&prefix, PACKET_FTRACE_EVENTS, bundle);
	pb_uint(&prefix, BUNDLE_CPU, segment->cpu);
	if (segment->lost)
		pb_uint(&suffix, BUNDLE_LOST_EVENTS, 1);
	pb_uint(&suffix, PACKET_SEQUENCE_ID, TRACE_SEQUENCE_ID);

	ret = write_all(trace, start, prefix.used, failure);
	if (!ret)
		ret = write_all(trace, body, segment->used, failure);
	if (!ret)
		ret = write_all(trace, end, suffix.used, failure);
	return ret;
}
