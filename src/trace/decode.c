/* What does a Perfetto trace say of the scheduler? See decode.h. */
#include "trace/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/decode_walk.h"
#include "trace/packets.h"

/* Of TracePacket, beside those that packets.h has. */
enum { PACKET_COMPRESSED = 50, PACKET_CLOCK_ID = 58 };
enum { TRACE_PACKET = 1 };
enum { TREE_PROCESSES = 1, TREE_THREADS = 2 };
enum { PROCESS_PID = 1, PROCESS_PPID = 2, PROCESS_CMDLINE = 3, PROCESS_UID = 5 };
enum { THREAD_TID = 1, THREAD_NAME = 2, THREAD_TGID = 3 };
enum { INFO_UTSNAME = 1, INFO_NUM_CPUS = 8 };
enum { UTSNAME_SYSNAME = 1, UTSNAME_VERSION = 2, UTSNAME_RELEASE = 3, UTSNAME_MACHINE = 4 };
enum { TRACK_UUID = 1, TRACK_NAME = 2 };
enum { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_NAME = 23, TYPE_INSTANT = 3 };

/* What of a packet is of interest. */
struct packet {
	uint64_t ns, clock;
	struct pb_reader ftrace, tree, snapshot, system, track, event; /* at NULL: it has none */
};

int decode_bad(const struct decode *walk, const char *what)
{
	return failure_set(walk->failure, -EBADMSG, "trace: the packet at byte %zu: %s",
			   (size_t)(walk->packet - walk->start), what);
}

static struct trace_text text_of(const struct pb_field *field)
{
	return (struct trace_text){ (const char *)field->bytes.at,
				    (size_t)(field->bytes.end - field->bytes.at) };
}

static bool is_name_of_marks(struct trace_text text)
{
	return text.size == strlen(TRACE_MARKS_NAME) &&
	       !memcmp(text.data, TRACE_MARKS_NAME, text.size);
}

/* --- what a packet may hold ----------------------------------------------------------------- */

static int process(struct decode *walk, struct pb_reader message)
{
	struct trace_process process = { .ppid = -1, .uid = -1 };
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == PROCESS_PID)
			process.pid = (int32_t)field.value;
		else if (field.number == PROCESS_PPID)
			process.ppid = (int32_t)field.value;
		else if (field.number == PROCESS_UID)
			process.uid = (int64_t)field.value;
		else if (field.number == PROCESS_CMDLINE && !process.command.data)
			process.command = text_of(&field);
	}
	if (ret)
		return decode_bad(walk, "a process cannot be read");
	return walk->reader->process
		       ? walk->reader->process(walk->reader->data, &process, walk->failure)
		       : 0;
}

static int thread(struct decode *walk, struct pb_reader message)
{
	struct trace_thread thread = { 0 };
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == THREAD_TID)
			thread.tid = (int32_t)field.value;
		else if (field.number == THREAD_TGID)
			thread.tgid = (int32_t)field.value;
		else if (field.number == THREAD_NAME)
			thread.name = text_of(&field);
	}
	if (ret)
		return decode_bad(walk, "a thread cannot be read");
	return walk->reader->thread
		       ? walk->reader->thread(walk->reader->data, &thread, walk->failure)
		       : 0;
}

static int tree(struct decode *walk, struct pb_reader message)
{
	struct pb_field field;
	int ret, told = 0;

	while (!told && (ret = pb_next(&message, &field)) != 0) {
		if (ret < 0)
			return decode_bad(walk, "its tree of processes cannot be read");
		if (field.number == TREE_PROCESSES)
			told = process(walk, field.bytes);
		else if (field.number == TREE_THREADS)
			told = thread(walk, field.bytes);
	}
	return told;
}

static int utsname(struct decode *walk, struct pb_reader message, struct trace_system *system)
{
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == UTSNAME_SYSNAME)
			system->sysname = text_of(&field);
		else if (field.number == UTSNAME_VERSION)
			system->version = text_of(&field);
		else if (field.number == UTSNAME_RELEASE)
			system->release = text_of(&field);
		else if (field.number == UTSNAME_MACHINE)
			system->machine = text_of(&field);
	}
	return ret ? decode_bad(walk, "its utsname cannot be read") : 0;
}

static int system_info(struct decode *walk, struct pb_reader message)
{
	struct trace_system system = { .cpus = 0 };
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == INFO_NUM_CPUS)
			system.cpus = (uint32_t)field.value;
		else if (field.number == INFO_UTSNAME) {
			ret = utsname(walk, field.bytes, &system);
			if (ret)
				return ret;
		}
	}
	if (ret)
		return decode_bad(walk, "its information of the system cannot be read");
	return walk->reader->system
		       ? walk->reader->system(walk->reader->data, &system, walk->failure)
		       : 0;
}

static int track(struct decode *walk, struct pb_reader message)
{
	struct trace_text name = { NULL, 0 };
	struct pb_field field;
	uint64_t uuid = 0;
	int ret;

	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == TRACK_UUID)
			uuid = field.value;
		else if (field.number == TRACK_NAME)
			name = text_of(&field);
	}
	if (ret)
		return decode_bad(walk, "its track cannot be read");
	if (is_name_of_marks(name)) {
		walk->has_marks = true;
		walk->marks_track = uuid;
	}
	return 0;
}

static int track_event(struct decode *walk, const struct packet *packet)
{
	struct trace_mark mark = { .ns = packet->ns };
	struct pb_reader message = packet->event;
	uint64_t type = 0, uuid = 0;
	struct pb_field field;
	int ret;

	if (!walk->has_marks || !walk->reader->mark)
		return 0;
	while ((ret = pb_next(&message, &field)) > 0) {
		if (field.number == EVENT_TYPE)
			type = field.value;
		else if (field.number == EVENT_TRACK)
			uuid = field.value;
		else if (field.number == EVENT_NAME)
			mark.name = text_of(&field);
	}
	if (ret)
		return decode_bad(walk, "its event on a track cannot be read");
	if (type != TYPE_INSTANT || uuid != walk->marks_track)
		return 0;
	ret = decode_clocks_boottime(walk, packet->clock, &mark.ns);
	return ret ? ret : walk->reader->mark(walk->reader->data, &mark, walk->failure);
}

/* --- the packets ------------------------------------------------------------------------------ */

/* Returns 0, -EBADMSG or -ENOTSUP. */
static int read_packet(const struct decode *walk, struct pb_reader message, struct packet *packet)
{
	struct pb_field field;
	int ret;

	*packet = (struct packet){ .clock = CLOCK_BUILTIN_BOOTTIME };
	while ((ret = pb_next(&message, &field)) > 0) {
		switch (field.number) {
		case PACKET_TIMESTAMP:
			packet->ns = field.value;
			break;
		case PACKET_CLOCK_ID:
			packet->clock = field.value;
			break;
		case PACKET_FTRACE_EVENTS:
			packet->ftrace = field.bytes;
			break;
		case PACKET_PROCESS_TREE:
			packet->tree = field.bytes;
			break;
		case PACKET_CLOCK_SNAPSHOT:
			packet->snapshot = field.bytes;
			break;
		case PACKET_SYSTEM_INFO:
			packet->system = field.bytes;
			break;
		case PACKET_TRACK_DESCRIPTOR:
			packet->track = field.bytes;
			break;
		case PACKET_TRACK_EVENT:
			packet->event = field.bytes;
			break;
		case PACKET_COMPRESSED:
			return failure_set(walk->failure, -ENOTSUP,
					   "trace: the packet at byte %zu holds compressed ones, "
					   "which are not read here; record without compression",
					   (size_t)(walk->packet - walk->start));
		}
	}
	return ret ? decode_bad(walk, "its fields cannot be read") : 0;
}

static int take_packet(struct decode *walk, const struct packet *packet)
{
	int ret = 0;

	if (packet->snapshot.at && walk->reader->clocks) {
		struct trace_clocks clocks;

		ret = decode_clocks_learn(walk, packet->snapshot, &clocks);
		if (!ret)
			ret = walk->reader->clocks(walk->reader->data, &clocks, walk->failure);
	}
	if (!ret && packet->ftrace.at)
		ret = decode_ftrace(walk, packet->ftrace);
	if (!ret && packet->tree.at)
		ret = tree(walk, packet->tree);
	if (!ret && packet->system.at)
		ret = system_info(walk, packet->system);
	if (!ret && packet->track.at)
		ret = track(walk, packet->track);
	if (!ret && packet->event.at)
		ret = track_event(walk, packet);
	return ret;
}

/* A clock's snapshot may stand behind what needs it: they are all read first. */
static int learn_packet(struct decode *walk, const struct packet *packet)
{
	struct trace_clocks clocks;

	return packet->snapshot.at ? decode_clocks_learn(walk, packet->snapshot, &clocks) : 0;
}

static int cut_off(const struct decode *walk, size_t size)
{
	return failure_set(walk->failure, -ENODATA,
			   "trace: cut off: the packet at byte %zu does not end within its %zu "
			   "bytes",
			   (size_t)(walk->packet - walk->start), size);
}

static int walk_packets(struct decode *walk, size_t size, bool learn)
{
	struct pb_reader rest = { walk->start, walk->start + size };
	struct packet packet;
	struct pb_field field;
	int ret;

	for (;;) {
		walk->packet = rest.at;
		ret = pb_next(&rest, &field);
		if (!ret)
			return 0;
		/* What is not read to its end was cut off, when it begins as it should. */
		if (*walk->packet != (TRACE_PACKET << 3 | PB_LENGTH))
			return failure_set(
				walk->failure, -EINVAL,
				walk->packet == walk->start
					? "trace: this is no Perfetto trace: it does not "
					  "begin with a packet"
					: "trace: what stands at byte %zu is no packet",
				(size_t)(walk->packet - walk->start));
		if (ret < 0)
			return learn ? 0 : cut_off(walk, size);
		ret = read_packet(walk, field.bytes, &packet);
		if (!ret)
			ret = learn ? learn_packet(walk, &packet) : take_packet(walk, &packet);
		if (ret)
			return learn && ret == -EBADMSG ? 0 : ret;
	}
}

int trace_decode(const void *data, size_t size, const struct trace_reader *reader,
		 struct failure *failure)
{
	struct decode *walk;
	int ret;

	if (!size)
		return failure_set(failure, -ENODATA, "trace: it is empty");
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return failure_set(failure, -ENOMEM, "trace: no memory to decode it");
	walk->reader = reader;
	walk->failure = failure;
	walk->start = data;
	for (size_t cpu = 0; cpu < TRACE_MAX_CPUS; cpu++)
		walk->cpus[cpu].pid = walk->cpus[cpu].prio = -1;
	/* What is wrong is said by the second walk, when what comes before it was handed on. */
	ret = walk_packets(walk, size, true);
	if (!ret)
		ret = walk_packets(walk, size, false);
	free(walk);
	return ret;
}
