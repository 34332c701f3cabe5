/*
 * What do the switches and wake-ups of one CPU say in Perfetto's compact form? Columns of numbers,
 * of which the times are differences, and the names are in a table.
 */
#include <errno.h>
#include <stdlib.h>

#include "trace/decode_walk.h"
#include "trace/list.h"

/* The fields of FtraceEventBundle.CompactSched. */
enum {
	SWITCH_TIMESTAMP = 1,
	SWITCH_PREV_STATE,
	SWITCH_NEXT_PID,
	SWITCH_NEXT_PRIO,
	INTERN_TABLE,
	SWITCH_NEXT_COMM,
	WAKING_TIMESTAMP,
	WAKING_PID,
	WAKING_TARGET_CPU,
	WAKING_PRIO,
	WAKING_COMM,
	WAKING_COMMON_FLAGS,
	COLUMNS,
};

struct compact {
	struct pb_reader columns[COLUMNS]; /* what of each is still to be read */
	bool there[COLUMNS];
	struct trace_text *names;
	size_t nr_names;
	uint64_t switch_ns, waking_ns;
};

static int add_name(const struct decode *walk, struct compact *compact, struct pb_reader bytes)
{
	struct trace_text *name = list_append(&compact->names, &compact->nr_names, sizeof(*name));

	if (!name)
		return failure_set(walk->failure, -ENOMEM, "trace: no memory for names");
	*name = (struct trace_text){ (const char *)bytes.at, (size_t)(bytes.end - bytes.at) };
	return 0;
}

static int read_columns(const struct decode *walk, struct compact *compact, struct pb_reader bytes)
{
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&bytes, &field)) > 0) {
		if (field.number >= COLUMNS)
			continue;
		if (field.wire != PB_LENGTH)
			return decode_bad(walk, "a column of its compact events is not packed");
		if (field.number == INTERN_TABLE) {
			ret = add_name(walk, compact, field.bytes);
			if (ret)
				return ret;
			continue;
		}
		if (compact->there[field.number])
			return decode_bad(walk, "a column of its compact events comes twice");
		compact->there[field.number] = true;
		compact->columns[field.number] = field.bytes;
	}
	return ret ? decode_bad(walk, "its compact events cannot be read") : 0;
}

static bool number(struct compact *compact, int column, uint64_t *value)
{
	return !pb_varint(&compact->columns[column], value);
}

static bool time_of(struct compact *compact, int column, uint64_t *ns)
{
	uint64_t delta;

	return number(compact, column, &delta) && !__builtin_add_overflow(*ns, delta, ns);
}

static bool name_of(struct compact *compact, int column, struct trace_text *name)
{
	uint64_t index;

	if (!number(compact, column, &index) || index >= compact->nr_names)
		return false;
	*name = compact->names[index];
	return true;
}

static bool is_empty(const struct compact *compact, int column)
{
	return compact->columns[column].at == compact->columns[column].end;
}

/* The next of a group, or type TRACE_TYPES when there is none. Returns false: it is cut short. */
static bool next_switch(struct compact *compact, uint64_t behind_ns, struct trace_event *event)
{
	uint64_t state, pid, prio;

	event->type = TRACE_TYPES;
	if (is_empty(compact, SWITCH_TIMESTAMP))
		return is_empty(compact, SWITCH_PREV_STATE) && is_empty(compact, SWITCH_NEXT_PID) &&
		       is_empty(compact, SWITCH_NEXT_PRIO) && is_empty(compact, SWITCH_NEXT_COMM);
	if (!time_of(compact, SWITCH_TIMESTAMP, &compact->switch_ns) ||
	    !number(compact, SWITCH_PREV_STATE, &state) ||
	    !number(compact, SWITCH_NEXT_PID, &pid) || !number(compact, SWITCH_NEXT_PRIO, &prio) ||
	    !name_of(compact, SWITCH_NEXT_COMM, &event->comm))
		return false;
	event->type = TRACE_SWITCH;
	event->ns = compact->switch_ns + behind_ns;
	event->prev_state = (int64_t)state;
	event->pid = (int32_t)pid;
	event->prio = (int32_t)prio;
	return true;
}

static bool next_waking(struct compact *compact, uint64_t behind_ns, struct trace_event *event)
{
	uint64_t pid, cpu, prio;

	event->type = TRACE_TYPES;
	if (is_empty(compact, WAKING_TIMESTAMP))
		return is_empty(compact, WAKING_PID) && is_empty(compact, WAKING_TARGET_CPU) &&
		       is_empty(compact, WAKING_PRIO) && is_empty(compact, WAKING_COMM);
	if (!time_of(compact, WAKING_TIMESTAMP, &compact->waking_ns) ||
	    !number(compact, WAKING_PID, &pid) || !number(compact, WAKING_TARGET_CPU, &cpu) ||
	    !number(compact, WAKING_PRIO, &prio) || !name_of(compact, WAKING_COMM, &event->comm))
		return false;
	event->type = TRACE_WAKING;
	event->ns = compact->waking_ns + behind_ns;
	event->pid = (int32_t)pid;
	event->target_cpu = (int32_t)cpu;
	event->prio = (int32_t)prio;
	return true;
}

/* Both groups by time; who leaves the CPU, and who wakes, is who got it last. */
static int merge(struct decode *walk, struct compact *compact, uint16_t cpu, uint64_t behind_ns)
{
	const struct decode_cpu *state = &walk->cpus[cpu];
	struct trace_event next[2] = { TRACE_EVENT_UNKNOWN, TRACE_EVENT_UNKNOWN };
	int ret = 0;

	next[0].cpu = next[1].cpu = cpu;
	if (!next_switch(compact, behind_ns, &next[0]) ||
	    !next_waking(compact, behind_ns, &next[1]))
		return decode_bad(walk, "the columns of its compact events do not fit together");
	while (!ret && (next[0].type != TRACE_TYPES || next[1].type != TRACE_TYPES)) {
		const bool wakes = next[0].type == TRACE_TYPES ||
				   (next[1].type != TRACE_TYPES && next[1].ns <= next[0].ns);
		struct trace_event *event = &next[wakes];

		event->current = state->pid;
		if (!wakes) {
			event->other_pid = state->pid;
			event->other_prio = state->prio;
			event->other_comm = state->comm;
		}
		ret = decode_event(walk, event);
		if (!ret && !(wakes ? next_waking : next_switch)(compact, behind_ns, event))
			ret = decode_bad(walk,
					 "the columns of its compact events do not fit together");
	}
	return ret;
}

int decode_compact(struct decode *walk, uint16_t cpu, uint64_t behind_ns, struct pb_reader bytes)
{
	struct compact compact = { .names = NULL };
	int ret = read_columns(walk, &compact, bytes);

	if (!ret)
		ret = merge(walk, &compact, cpu, behind_ns);
	free(compact.names);
	return ret;
}
