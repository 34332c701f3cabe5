/* All of a trace at once. See events.h. */
#include "trace/events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trace/list.h"
#include "util/fnv.h"

static int no_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "trace: no memory for all that it holds");
}

/* --- names ----------------------------------------------------------------------------------- */

/* Who writes names that fall on one place does not know where that is. */
static size_t hash(const struct trace_events *events, const char *data, size_t size)
{
	return fnv_add(FNV_START ^ (uintptr_t)events, data, size);
}

/* The table is twice as large as there are names at least, so that a search soon ends. */
static bool table_grow(struct trace_events *events)
{
	const size_t size = events->table_size ? events->table_size * 2 : 256;
	uint32_t *table = calloc(size, sizeof(*table));

	if (!table)
		return false;
	for (uint32_t name = 0; name < events->nr_names; name++) {
		size_t at = hash(events, trace_events_name(events, name), events->names[name].size);

		while (table[at &= size - 1])
			at++;
		table[at] = name + 1;
	}
	free(events->table);
	events->table = table;
	events->table_size = size;
	return true;
}

static bool add_bytes(struct trace_events *events, const char *data, size_t size)
{
	const size_t chunk = 4096, used = events->bytes_used;

	/* Room goes by whole chunks, and there is one more than what is used. */
	if (used / chunk != (used + size + 1) / chunk || !events->bytes) {
		char *bytes = realloc(events->bytes, ((used + size + 1) / chunk + 1) * chunk);

		if (!bytes)
			return false;
		events->bytes = bytes;
	}
	memcpy(events->bytes + used, data, size);
	events->bytes[used + size] = '\0';
	events->bytes_used += size + 1;
	return true;
}

/* The number of a name, -1 when there is no memory. */
static int64_t intern_all(struct trace_events *events, const char *data, size_t size)
{
	const size_t at = events->bytes_used;
	struct trace_name *name;
	size_t slot;

	if (events->table_size < events->nr_names * 2 + 2 && !table_grow(events))
		return -1;
	slot = hash(events, data, size);
	while (events->table[slot &= events->table_size - 1]) {
		const uint32_t is = events->table[slot] - 1;

		if (events->names[is].size == size &&
		    !memcmp(trace_events_name(events, is), data, size))
			return is;
		slot++;
	}
	if (at + size >= UINT32_MAX || !add_bytes(events, data, size))
		return -1;
	name = list_append(&events->names, &events->nr_names, sizeof(*name));
	if (!name)
		return -1;
	*name = (struct trace_name){ (uint32_t)at, (uint32_t)size };
	events->table[slot] = (uint32_t)events->nr_names;
	return (int64_t)events->nr_names - 1;
}

static bool intern(struct trace_events *events, struct trace_text text, size_t max, uint32_t *name)
{
	int64_t number = 0;

	if (text.size)
		number = intern_all(events, text.data, text.size < max ? text.size : max);
	*name = (uint32_t)number;
	return number >= 0;
}

/* Of what a trace has few of, @nr are there. */
static int may_take(size_t nr, const char *what, struct failure *failure)
{
	if (nr < TRACE_MAX_FEW)
		return 0;
	return failure_set(
		failure, -EBADMSG,
		"trace: it has more than %u %s, as none that is recorded: it was damaged, or "
		"made so; record it anew",
		TRACE_MAX_FEW, what);
}

/* --- what the decoder hands on --------------------------------------------------------------- */

static int16_t small(int32_t number)
{
	return number >= -1 && number <= INT16_MAX ? (int16_t)number : -1;
}

static int take_event(void *data, const struct trace_event *from, struct failure *failure)
{
	struct trace_events *events = data;
	struct sched_event *event;

	if (from->ns > TRACE_MAX_NS)
		return failure_set(failure, -EBADMSG,
				   "trace: an event is later than a century after the boot");
	if (events->nr_events == events->max_events)
		return failure_set(failure, -E2BIG,
				   "trace: it has more than %zu events, which is too much to hold; "
				   "record for a shorter time, or with smaller rings",
				   events->max_events);
	event = list_append(&events->events, &events->nr_events, sizeof(*event));
	if (!event)
		return no_memory(failure);
	*event = (struct sched_event){ .ns = from->ns,
				       .current = from->current,
				       .pid = from->pid,
				       .other_pid = from->other_pid,
				       .cpu = from->cpu,
				       .target_cpu = from->target_cpu < TRACE_MAX_CPUS
							     ? small(from->target_cpu)
							     : -1,
				       .prio = small(from->prio),
				       .type = (uint8_t)from->type };
	if (from->type == TRACE_SWITCH)
		event->prev_state = (uint32_t)from->prev_state;
	else if (from->type == TRACE_NEWTASK)
		event->clone_flags = (uint32_t)from->clone_flags;
	else if (from->type == TRACE_MIGRATE)
		event->from_cpu = from->from_cpu;
	if (!intern(events, from->comm, TRACE_NAME_MAX, &event->comm) ||
	    !intern(events, from->other_comm, TRACE_NAME_MAX, &event->other_comm))
		return no_memory(failure);
	if (event->ns < events->last_of_cpu[event->cpu])
		events->disordered++;
	else
		events->last_of_cpu[event->cpu] = event->ns;
	if (event->cpu >= events->cpus)
		events->cpus = event->cpu + 1u;
	return 0;
}

static int take_lost(void *data, const struct trace_lost *from, struct failure *failure)
{
	struct trace_events *events = data;
	struct trace_lost *lost;

	if (may_take(events->nr_lost, "losses", failure))
		return -EBADMSG;
	lost = list_append(&events->lost, &events->nr_lost, sizeof(*lost));
	if (!lost)
		return no_memory(failure);
	*lost = *from;
	return 0;
}

static int take_process(void *data, const struct trace_process *from, struct failure *failure)
{
	struct trace_events *events = data;
	struct sched_process *process;

	if (may_take(events->nr_processes, "processes", failure))
		return -EBADMSG;
	process = list_append(&events->processes, &events->nr_processes, sizeof(*process));
	if (!process)
		return no_memory(failure);
	*process = (struct sched_process){ .pid = from->pid, .ppid = from->ppid, .uid = from->uid };
	/* A path may be long. */
	return intern(events, from->command, 4096, &process->command) ? 0 : no_memory(failure);
}

static int take_thread(void *data, const struct trace_thread *from, struct failure *failure)
{
	struct trace_events *events = data;
	struct sched_thread *thread;

	if (may_take(events->nr_threads, "threads", failure))
		return -EBADMSG;
	thread = list_append(&events->threads, &events->nr_threads, sizeof(*thread));
	if (!thread)
		return no_memory(failure);
	*thread = (struct sched_thread){ .tid = from->tid, .tgid = from->tgid };
	return intern(events, from->name, TRACE_NAME_MAX, &thread->name) ? 0 : no_memory(failure);
}

static int take_mark(void *data, const struct trace_mark *from, struct failure *failure)
{
	struct trace_events *events = data;
	struct sched_mark *mark;

	if (may_take(events->nr_marks, "marks", failure))
		return -EBADMSG;
	if (from->ns > TRACE_MAX_NS)
		return failure_set(failure, -EBADMSG,
				   "trace: a mark is later than a century after the boot");
	mark = list_append(&events->marks, &events->nr_marks, sizeof(*mark));
	if (!mark)
		return no_memory(failure);
	*mark = (struct sched_mark){ .ns = from->ns };
	/* Longer than any that is written. */
	return intern(events, from->name, 1024, &mark->name) ? 0 : no_memory(failure);
}

static int take_system(void *data, const struct trace_system *from, struct failure *failure)
{
	struct trace_events *events = data;

	events->system_cpus = from->cpus;
	/* struct utsname has 65 bytes for each. */
	return intern(events, from->sysname, 65, &events->sysname) &&
			       intern(events, from->release, 65, &events->release) &&
			       intern(events, from->version, 65, &events->version) &&
			       intern(events, from->machine, 65, &events->machine)
		       ? 0
		       : no_memory(failure);
}

static int take_clocks(void *data, const struct trace_clocks *from, struct failure *failure)
{
	struct trace_events *events = data;

	(void)failure;
	if (!events->clocks.boottime_ns)
		events->clocks = *from;
	return 0;
}

/* --- order ----------------------------------------------------------------------------------- */

/* Where the events that are in order from @at on end. */
static size_t run_end(const struct sched_event *events, size_t nr, size_t at)
{
	do
		at++;
	while (at < nr && events[at - 1].ns <= events[at].ns);
	return at;
}

static void merge(const struct sched_event *from, size_t at, size_t middle, size_t end,
		  struct sched_event *to)
{
	size_t left = at, right = middle;

	while (left < middle && right < end)
		to[at++] = from[from[right].ns < from[left].ns ? right++ : left++];
	memcpy(to + at, from + left, (middle - left) * sizeof(*to));
	memcpy(to + at + (middle - left), from + right, (end - right) * sizeof(*to));
}

/*
 * By time; at the same moment as the file has them. A merge sort that takes the runs that are
 * there, which are as long as the packets, two and two. Returns false: no memory.
 */
static bool sort_events(struct trace_events *events)
{
	const size_t nr = events->nr_events;
	struct sched_event *from = events->events, *to;
	size_t runs = 2;

	if (!nr || run_end(from, nr, 0) == nr)
		return true;
	to = list_room(nr, sizeof(*to));
	if (!to)
		return false;
	while (runs > 1) {
		struct sched_event *swap = from;

		runs = 0;
		for (size_t at = 0, middle, end; at < nr; at = end, runs++) {
			middle = run_end(from, nr, at);
			end = middle < nr ? run_end(from, nr, middle) : nr;
			merge(from, at, middle, end, to);
		}
		from = to;
		to = swap;
	}
	events->events = from;
	free(to);
	return true;
}

/*
 * wprof's traces have the kernel's own numbers (include/linux/sched.h), the tracepoint's have what
 * it makes of them. They differ in 0x80: dead, or idle. What sleeps idle shows which they are, and
 * so does every other number that the tracepoint has not.
 */
#define TRACEPOINT_STATES 0x1ffu
#define RAW_DEAD	  0x80u
#define TRACEPOINT_DEAD	  0x10u

static void translate_states(struct trace_events *events)
{
	bool is_raw = false;

	for (size_t i = 0; i < events->nr_events && !is_raw; i++)
		is_raw = events->events[i].type == TRACE_SWITCH &&
			 events->events[i].prev_state & ~TRACEPOINT_STATES;
	for (size_t i = 0; i < events->nr_events && is_raw; i++)
		if (events->events[i].type == TRACE_SWITCH &&
		    events->events[i].prev_state == RAW_DEAD)
			events->events[i].prev_state = TRACEPOINT_DEAD;
}

static int by_time(const void *a, const void *b)
{
	const struct sched_mark *left = a, *right = b;

	return left->ns < right->ns ? -1 : left->ns > right->ns;
}

int trace_events_mark(struct trace_events *events, uint64_t ns, const char *name,
		      struct failure *failure)
{
	const struct trace_mark mark = { .ns = ns, .name = { name, strlen(name) } };
	int ret = take_mark(events, &mark, failure);

	if (!ret)
		qsort(events->marks, events->nr_marks, sizeof(*events->marks), by_time);
	return ret;
}

int trace_events_read(struct trace_events *events, const void *data, size_t size,
		      struct failure *failure)
{
	return trace_events_read_most(events, data, size, TRACE_MAX_EVENTS, failure);
}

int trace_events_read_most(struct trace_events *events, const void *data, size_t size,
			   size_t max_events, struct failure *failure)
{
	const struct trace_reader reader = { .data = events,
					     .event = take_event,
					     .lost = take_lost,
					     .process = take_process,
					     .thread = take_thread,
					     .mark = take_mark,
					     .system = take_system,
					     .clocks = take_clocks };
	int ret;

	memset(events, 0, sizeof(*events));
	events->max_events = max_events;
	if (intern_all(events, "", 0) < 0)
		return no_memory(failure);
	ret = trace_decode(data, size, &reader, failure);
	if ((!ret || ret == -ENODATA) && !sort_events(events))
		ret = no_memory(failure);
	if (ret && ret != -ENODATA) {
		trace_events_free(events);
		return ret;
	}
	if (events->nr_events) {
		events->first_ns = events->events[0].ns;
		events->last_ns = events->events[events->nr_events - 1].ns;
	}
	translate_states(events);
	if (events->nr_marks)
		qsort(events->marks, events->nr_marks, sizeof(*events->marks), by_time);
	return ret;
}

void trace_events_free(struct trace_events *events)
{
	free(events->events);
	free(events->names);
	free(events->bytes);
	free(events->processes);
	free(events->threads);
	free(events->marks);
	free(events->lost);
	free(events->table);
	memset(events, 0, sizeof(*events));
}

char trace_state_letter(uint32_t prev_state)
{
	/* As sched_switch prints them: TASK_REPORT_MAX, 0x100, is a task that was preempted, and
	 * what is asleep uninterruptibly and counts for no load (0x400) is idle. */
	static const char letters[] = "SDTtXZPI";

	if ((prev_state & 0x402) == 0x402)
		return 'I';
	for (unsigned int bit = 0; bit < 8; bit++)
		if (prev_state & 1u << bit)
			return letters[bit];
	return 'R';
}
