/* What do the events of one CPU say? See decode.h: FtraceEventBundle, and FtraceEvent in it. */
#include <errno.h>
#include <stdio.h>

#include "trace/decode_walk.h"

enum {
	BUNDLE_CPU = 1,
	BUNDLE_EVENT = 2,
	BUNDLE_LOST_EVENTS = 3,
	BUNDLE_COMPACT_SCHED = 4,
	BUNDLE_CLOCK = 5,
	BUNDLE_FTRACE_TIMESTAMP = 6,
	BUNDLE_BOOT_TIMESTAMP = 7
};
enum { EVENT_TIMESTAMP = 1, EVENT_PID = 2 };
/* enum FtraceClock: what the kernel's ring buffer was told to count in. */
enum { FTRACE_UNSPECIFIED = 0, FTRACE_UNKNOWN, FTRACE_GLOBAL, FTRACE_LOCAL, FTRACE_MONO_RAW };

/* Where a field of a message goes: numbers are the indexes. */
enum place {
	NOWHERE,
	PID,
	OTHER_PID,
	COMM,
	OTHER_COMM,
	PRIO,
	OTHER_PRIO,
	PREV_STATE,
	TARGET_CPU,
	FROM_CPU,
	CLONE_FLAGS,
};
#define MESSAGE_FIELDS 8

/* protos/perfetto/trace/ftrace/{ftrace_event,sched,task}.proto */
static const struct message {
	uint16_t number; /* in FtraceEvent */
	uint8_t type;	 /* enum trace_type */
	uint8_t places[MESSAGE_FIELDS];
} messages[] = {
	{ 4,
	  TRACE_SWITCH,
	  { NOWHERE, OTHER_COMM, OTHER_PID, OTHER_PRIO, PREV_STATE, COMM, PID, PRIO } },
	{ 20, TRACE_WAKING, { NOWHERE, COMM, PID, PRIO, NOWHERE, TARGET_CPU } },
	{ 17, TRACE_WAKEUP, { NOWHERE, COMM, PID, PRIO, NOWHERE, TARGET_CPU } },
	{ 114, TRACE_WAKEUP_NEW, { NOWHERE, COMM, PID, PRIO, NOWHERE, TARGET_CPU } },
	{ 491, TRACE_MIGRATE, { NOWHERE, COMM, PID, PRIO, FROM_CPU, TARGET_CPU } },
	{ 235, TRACE_NEWTASK, { NOWHERE, PID, COMM, CLONE_FLAGS } },
	{ 239, TRACE_FORK, { NOWHERE, OTHER_COMM, OTHER_PID, COMM, PID } },
	{ 237, TRACE_EXEC, { NOWHERE, COMM, PID, OTHER_PID } },
	{ 236, TRACE_RENAME, { NOWHERE, PID, OTHER_COMM, COMM } },
	{ 238, TRACE_EXIT, { NOWHERE, COMM, PID, NOWHERE, PRIO } },
	{ 240, TRACE_FREE, { NOWHERE, COMM, PID, PRIO } },
};

static const struct message *message_of(uint32_t number)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].number == number)
			return &messages[i];
	return NULL;
}

/* Returns false: the field is of another kind than that of its place. */
static bool put(struct trace_event *event, enum place place, const struct pb_field *field)
{
	const struct trace_text text = { (const char *)field->bytes.at,
					 (size_t)(field->bytes.end - field->bytes.at) };
	const bool is_text = place == COMM || place == OTHER_COMM;

	if (place == NOWHERE)
		return true;
	if (field->wire != (is_text ? PB_LENGTH : PB_VARINT))
		return false;
	switch (place) {
	case PID:
		event->pid = (int32_t)field->value;
		break;
	case OTHER_PID:
		event->other_pid = (int32_t)field->value;
		break;
	case COMM:
		event->comm = text;
		break;
	case OTHER_COMM:
		event->other_comm = text;
		break;
	case PRIO:
		event->prio = (int32_t)field->value;
		break;
	case OTHER_PRIO:
		event->other_prio = (int32_t)field->value;
		break;
	case PREV_STATE:
		event->prev_state = (int64_t)field->value;
		break;
	case TARGET_CPU:
		event->target_cpu = (int32_t)field->value;
		break;
	case FROM_CPU:
		event->from_cpu = (int32_t)field->value;
		break;
	case CLONE_FLAGS:
		event->clone_flags = field->value;
		break;
	case NOWHERE:
		break;
	}
	return true;
}

/* A field that is absent is 0 to protobuf: a CPU, a pid and a state are then that. */
static int read_payload(const struct decode *walk, const struct message *message,
			struct pb_reader bytes, struct trace_event *event)
{
	struct pb_field field;
	int ret;

	event->type = message->type;
	event->pid = event->other_pid = 0;
	while ((ret = pb_next(&bytes, &field)) > 0)
		if (field.number < MESSAGE_FIELDS &&
		    !put(event, message->places[field.number], &field))
			return decode_bad(walk, "a field of an event is not of its kind");
	return ret ? decode_bad(walk, "an event's fields cannot be read") : 0;
}

int decode_event(struct decode *walk, const struct trace_event *event)
{
	struct decode_cpu *cpu = &walk->cpus[event->cpu];

	if (event->ns > cpu->last_ns)
		cpu->last_ns = event->ns;
	if (event->type == TRACE_SWITCH) {
		cpu->pid = event->pid;
		cpu->prio = event->prio;
		cpu->comm = event->comm;
	}
	return walk->reader->event ? walk->reader->event(walk->reader->data, event, walk->failure)
				   : 0;
}

static int read_event(struct decode *walk, uint16_t cpu, uint64_t behind_ns, struct pb_reader bytes)
{
	struct trace_event event = TRACE_EVENT_UNKNOWN;
	bool has_time = false, has_payload = false;
	const struct message *message;
	struct pb_field field;
	int ret;

	event.cpu = cpu;
	while ((ret = pb_next(&bytes, &field)) > 0) {
		if (field.number == EVENT_TIMESTAMP) {
			event.ns = field.value + behind_ns;
			has_time = true;
		} else if (field.number == EVENT_PID) {
			event.current = (int32_t)field.value;
		} else if ((message = message_of(field.number))) {
			ret = read_payload(walk, message, field.bytes, &event);
			if (ret)
				return ret;
			has_payload = true;
		}
	}
	if (ret)
		return decode_bad(walk, "an event cannot be read");
	if (!has_payload)
		return 0;
	if (!has_time)
		return decode_bad(walk, "an event has no time");
	return decode_event(walk, &event);
}

/* What holds for all events of a bundle. */
struct bundle {
	uint64_t cpu, clock;
	uint64_t ftrace_ns, boot_ns; /* the same moment, by a clock of the ring buffer's own */
	bool has_cpu, lost;
};

static int read_bundle(const struct decode *walk, struct pb_reader message, struct bundle *bundle)
{
	struct pb_field field;
	int ret;

	*bundle = (struct bundle){ .clock = FTRACE_UNSPECIFIED };
	while ((ret = pb_next(&message, &field)) > 0) {
		switch (field.number) {
		case BUNDLE_CPU:
			bundle->cpu = field.value;
			bundle->has_cpu = true;
			break;
		case BUNDLE_LOST_EVENTS:
			bundle->lost = field.value;
			break;
		case BUNDLE_CLOCK:
			bundle->clock = field.value;
			break;
		case BUNDLE_FTRACE_TIMESTAMP:
			bundle->ftrace_ns = field.value;
			break;
		case BUNDLE_BOOT_TIMESTAMP:
			bundle->boot_ns = field.value;
			break;
		}
	}
	if (ret)
		return decode_bad(walk, "its bundle of events cannot be read");
	if (!bundle->has_cpu)
		return decode_bad(walk, "its bundle of events names no CPU");
	if (bundle->cpu >= TRACE_MAX_CPUS)
		return decode_bad(walk, "its bundle of events is of a CPU beyond 1023");
	return 0;
}

/* How far the bundle's clock is behind BOOTTIME. Returns 0 or -ENOTSUP. */
static int behind(const struct decode *walk, const struct bundle *bundle, uint64_t *ns)
{
	*ns = 0;
	if (bundle->clock == FTRACE_UNSPECIFIED)
		return 0;
	if (bundle->clock == FTRACE_MONO_RAW)
		return decode_clocks_boottime(walk, CLOCK_BUILTIN_MONOTONIC_RAW, ns);
	if (bundle->clock == FTRACE_GLOBAL && bundle->boot_ns) {
		*ns = bundle->boot_ns - bundle->ftrace_ns;
		return 0;
	}
	return failure_set(
		walk->failure, -ENOTSUP,
		"trace: the packet at byte %zu has times of ftrace's clock %llu, and says "
		"not what that is in BOOTTIME; record with trace_clock boot",
		(size_t)(walk->packet - walk->start), (unsigned long long)bundle->clock);
}

int decode_ftrace(struct decode *walk, struct pb_reader message)
{
	struct pb_reader rest = message;
	struct decode_cpu *cpu;
	struct trace_lost lost;
	struct bundle bundle;
	struct pb_field field;
	uint64_t behind_ns;
	int ret;

	/* Its facts may stand behind its events. */
	ret = read_bundle(walk, message, &bundle);
	if (!ret)
		ret = behind(walk, &bundle, &behind_ns);
	if (ret)
		return ret;
	cpu = &walk->cpus[bundle.cpu];
	lost = (struct trace_lost){ .cpu = (uint16_t)bundle.cpu, .from_ns = cpu->last_ns };
	while (!ret && pb_next(&rest, &field) > 0)
		if (field.number == BUNDLE_EVENT)
			ret = read_event(walk, lost.cpu, behind_ns, field.bytes);
	for (rest = message; !ret && pb_next(&rest, &field) > 0;)
		if (field.number == BUNDLE_COMPACT_SCHED)
			ret = decode_compact(walk, lost.cpu, behind_ns, field.bytes);
	if (ret || !bundle.lost || !walk->reader->lost)
		return ret;
	lost.to_ns = cpu->last_ns;
	return walk->reader->lost(walk->reader->data, &lost, walk->failure);
}
