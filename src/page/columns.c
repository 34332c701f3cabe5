/* How does a trace become columns? See columns.h. */
#include "page/columns.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "page/numbers.h"
#include "page/opening.h"

#define MAX_TASKS (1u << 24)

/* A pid with one of its names. */
struct task {
	int32_t pid;
	uint32_t name; /* of the events' */
};

struct cpu {
	size_t switches, wakes;	       /* how many */
	size_t next_switch, next_wake; /* in the columns */
	uint64_t last_switch, last_wake;
	uint32_t running; /* a task's number, or NO_NUMBER */
};

/* A column within the bytes. */
struct column {
	uint8_t *bytes;
	size_t count;
	unsigned int planes;
};

struct making {
	const struct trace_events *events; /* for names, marks and losses */
	const struct sched_event *sched;   /* what becomes columns, */
	size_t nr_sched;		   /* with some types that do not */
	size_t left_out;		   /* switches and wake-ups before it */
	enum trace_type wake;		   /* what tells of wake-ups, beside TRACE_WAKEUP_NEW */
	uint64_t base_ns, since_ns, end_ns;
	struct cpu cpus[TRACE_MAX_CPUS];
	struct task *tasks;
	size_t nr_tasks, room;
	struct numbers by_name; /* (pid, name) -> task */
	struct numbers by_pid;	/* pid -> its last task */
	struct column time, next, state, prev, wake_time, wake_task, wake_cpu;
};

/* The number of @pid by this name; where none was said (0), by the one that it had last. */
static int task_number(struct making *making, int32_t pid, uint32_t name, uint32_t *out)
{
	uint32_t *last, *number;

	/* What idles has a name of its own on each CPU. */
	if (pid == 0)
		name = 0;
	last = number_of(&making->by_pid, (uint32_t)pid);
	if (!last)
		return -ENOMEM;
	if (!name && *last != NO_NUMBER) {
		*out = *last;
		return 0;
	}
	number = number_of(&making->by_name, (uint64_t)name << 32 | (uint32_t)pid);
	if (!number)
		return -ENOMEM;
	if (*number == NO_NUMBER) {
		if (making->nr_tasks == making->room) {
			size_t room = making->room ? 2 * making->room : 256;
			struct task *grown = reallocarray(making->tasks, room, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			making->tasks = grown;
			making->room = room;
		}
		if (making->nr_tasks == MAX_TASKS - 1)
			return -E2BIG;
		*number = (uint32_t)making->nr_tasks;
		making->tasks[making->nr_tasks++] = (struct task){ pid, name };
	}
	*out = *last = *number;
	return 0;
}

static bool is_wake(const struct making *making, const struct sched_event *event)
{
	return event->type == making->wake || event->type == TRACE_WAKEUP_NEW;
}

static bool is_taken(const struct making *making, const struct sched_event *event)
{
	return event->type == TRACE_SWITCH || is_wake(making, event);
}

static enum trace_type wake_of(const struct trace_events *events)
{
	for (size_t i = 0; i < events->nr_events; i++)
		if (events->events[i].type == TRACE_WAKING)
			return TRACE_WAKING;
	return TRACE_WAKEUP;
}

/* The event with which the last @most begin that are taken. */
static size_t first_of(const struct making *making, size_t most)
{
	const struct trace_events *events = making->events;
	size_t first, taken = 0;

	for (first = events->nr_events; first > 0; first--) {
		if (!is_taken(making, &events->events[first - 1]))
			continue;
		if (taken == most)
			break;
		taken++;
	}
	return first;
}

/* Are @most or more of the events from @first to before @end taken? */
static bool has_taken(const struct making *making, size_t first, size_t end, size_t most)
{
	size_t taken = 0;

	for (size_t i = first; i < end && taken < most; i++)
		taken += is_taken(making, &making->events->events[i]);
	return taken >= most;
}

/* How much of what is taken each CPU has. */
static int count(struct making *making, struct error *err)
{
	size_t switches = 0;

	for (size_t i = 0; i < making->nr_sched; i++) {
		const struct sched_event *event = &making->sched[i];

		switches += event->type == TRACE_SWITCH;
		making->cpus[event->cpu].switches += event->type == TRACE_SWITCH;
		making->cpus[event->cpu].wakes += is_wake(making, event);
	}
	return switches ? 0 : error_set(err, -ENODATA, "no task switch is in it");
}

/* What is taken, and from when to when. */
static int measure(struct making *making, struct columns *columns, size_t most, struct error *err)
{
	const struct trace_events *events = making->events;
	size_t first = first_of(making, most);

	for (size_t i = 0; i < first; i++)
		making->left_out += is_taken(making, &events->events[i]);
	making->sched = events->events + first;
	making->nr_sched = events->nr_events - first;
	columns->first = first;
	if (count(making, err))
		return -ENODATA;
	making->base_ns = columns->base_ns = making->sched[0].ns;
	making->end_ns = events->last_ns;
	/* A mark at the end tells how long what ran last went on. */
	for (size_t i = 0; i < events->nr_marks; i++)
		if (events->marks[i].ns > making->end_ns)
			making->end_ns = events->marks[i].ns;
	columns->end_ns = making->end_ns;
	if (making->end_ns - making->base_ns > COLUMNS_MAX_NS)
		return error_set(err, -ERANGE,
				 "from its first moment to its last are %" PRIu64
				 " s; the page holds 78 hours",
				 (making->end_ns - making->base_ns) / 1000000000);
	return 0;
}

static struct column column_at(uint8_t **at, size_t count, unsigned int planes)
{
	struct column column = { *at, count, planes };

	*at += count * planes;
	return column;
}

static int place(struct making *making, struct columns *columns)
{
	size_t switches = 0, wakes = 0;
	uint8_t *at;

	for (size_t i = 0; i < TRACE_MAX_CPUS; i++) {
		struct cpu *cpu = &making->cpus[i];

		cpu->next_switch = switches;
		cpu->next_wake = wakes;
		cpu->last_switch = cpu->last_wake = making->base_ns;
		cpu->running = NO_NUMBER;
		switches += cpu->switches;
		wakes += cpu->wakes;
	}
	columns->size = switches * (6 + 3 + 2 + 3) + wakes * (6 + 3 + 2);
	columns->bytes = malloc(columns->size);
	if (!columns->bytes)
		return -ENOMEM;
	at = columns->bytes;
	making->time = column_at(&at, switches, 6);
	making->next = column_at(&at, switches, 3);
	making->state = column_at(&at, switches, 2);
	making->prev = column_at(&at, switches, 3);
	making->wake_time = column_at(&at, wakes, 6);
	making->wake_task = column_at(&at, wakes, 3);
	making->wake_cpu = column_at(&at, wakes, 2);
	return 0;
}

static void put(const struct column *column, size_t i, uint64_t value)
{
	for (unsigned int plane = 0; plane < column->planes; plane++, value >>= 8)
		column->bytes[plane * column->count + i] = (uint8_t)value;
}

static int put_switch(struct making *making, const struct sched_event *event)
{
	struct cpu *cpu = &making->cpus[event->cpu];
	uint32_t next, prev, state = event->prev_state;
	size_t i = cpu->next_switch++;
	int ret;

	/* First who leaves: it may have a new name. */
	ret = task_number(making, event->other_pid, event->other_comm, &prev);
	if (!ret)
		ret = task_number(making, event->pid, event->comm, &next);
	if (ret)
		return ret;
	put(&making->time, i, event->ns - cpu->last_switch);
	put(&making->next, i, next);
	put(&making->state, i, (state & 0x7fff) | (state >> 15 ? 0x8000 : 0));
	put(&making->prev, i, prev == cpu->running ? 0 : (uint64_t)prev + 1);
	cpu->last_switch = event->ns;
	cpu->running = next;
	return 0;
}

static int put_wake(struct making *making, const struct sched_event *event)
{
	struct cpu *cpu = &making->cpus[event->cpu];
	size_t i = cpu->next_wake++;
	uint32_t task;
	int ret = task_number(making, event->pid, event->comm, &task);

	if (ret)
		return ret;
	put(&making->wake_time, i, event->ns - cpu->last_wake);
	put(&making->wake_task, i, task);
	put(&making->wake_cpu, i, (uint16_t)event->target_cpu);
	cpu->last_wake = event->ns;
	return 0;
}

static int fill(struct making *making, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; i < making->nr_sched && !ret; i++) {
		const struct sched_event *event = &making->sched[i];

		if (event->type == TRACE_SWITCH)
			ret = put_switch(making, event);
		else if (is_wake(making, event))
			ret = put_wake(making, event);
	}
	if (ret == -E2BIG)
		return error_set(err, ret, "it has more than %u tasks", MAX_TASKS - 1);
	return ret ? error_set(err, ret, "out of memory") : 0;
}

/* --- what is said of them -------------------------------------------------------------------- */

/* A walk over a list of them, for json_put_list and json_put_texts. */
struct walk {
	const struct making *making;
	size_t at;
};

static struct json_object *next_cpu(void *data, bool *end)
{
	struct walk *walk = data;
	const struct cpu *cpus = walk->making->cpus;
	struct json_object *row;

	while (walk->at < TRACE_MAX_CPUS && !cpus[walk->at].switches && !cpus[walk->at].wakes)
		walk->at++;
	*end = walk->at == TRACE_MAX_CPUS;
	row = *end ? NULL : json_object_new_array();
	if (row && (json_object_array_add(row, json_object_new_uint64(walk->at)) ||
		    json_object_array_add(row, json_object_new_uint64(cpus[walk->at].switches)) ||
		    json_object_array_add(row, json_object_new_uint64(cpus[walk->at].wakes)))) {
		json_object_put(row);
		row = NULL;
	}
	walk->at++;
	return row;
}

static struct json_object *next_pid(void *data, bool *end)
{
	struct walk *walk = data;

	*end = walk->at == walk->making->nr_tasks;
	return *end ? NULL : json_object_new_int(walk->making->tasks[walk->at++].pid);
}

static const char *next_name(void *data)
{
	struct walk *walk = data;
	const struct making *making = walk->making;
	const struct task *task = &making->tasks[walk->at];

	if (walk->at++ == making->nr_tasks)
		return NULL;
	return task->pid ? trace_events_name(making->events, task->name) : "idle";
}

/* Relative to time 0; of a mark before it, below 0. */
static struct json_object *next_mark_ns(void *data, bool *end)
{
	struct walk *walk = data;
	const struct trace_events *events = walk->making->events;

	*end = walk->at == events->nr_marks;
	if (*end)
		return NULL;
	return json_object_new_int64(
		(int64_t)(events->marks[walk->at++].ns - walk->making->base_ns));
}

static const char *next_mark_name(void *data)
{
	struct walk *walk = data;
	const struct trace_events *events = walk->making->events;

	if (walk->at == events->nr_marks)
		return NULL;
	return trace_events_name(events, events->marks[walk->at++].name);
}

static struct json_object *meta_of(const struct making *making, const struct columns *columns)
{
	struct walk cpus = { making, 0 }, pids = cpus, names = cpus, mark_ns = cpus, marks = cpus;
	struct json json = json_begin();

	json_put_number(&json, "bytes", columns->size);
	json_put_number(&json, "span_ns", making->end_ns - making->base_ns);
	json_put_number(&json, "since_ns", making->since_ns);
	json_put_list(&json, "cpus", next_cpu, &cpus);
	json_put_list(&json, "pids", next_pid, &pids);
	json_put_texts(&json, "names", next_name, &names);
	json_put_list(&json, "mark_ns", next_mark_ns, &mark_ns);
	json_put_texts(&json, "mark_names", next_mark_name, &marks);
	json_put_number(&json, "left_out", making->left_out);
	json_put_number(&json, "lost", making->events->nr_lost);
	return json_end(&json);
}

/* Of what is measured. */
static int make(struct making *making, struct columns *columns, struct error *err)
{
	int ret = place(making, columns);

	if (ret)
		return error_set(err, ret, "out of memory");
	ret = fill(making, err);
	if (ret)
		return ret;
	columns->meta = meta_of(making, columns);
	return columns->meta ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static struct making *making_begin(const struct trace_events *events, struct error *err)
{
	struct making *making = calloc(1, sizeof(*making));

	if (!making) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	making->events = events;
	making->wake = wake_of(events);
	return making;
}

static void making_end(struct making *making)
{
	numbers_free(&making->by_name);
	numbers_free(&making->by_pid);
	free(making->tasks);
	free(making);
}

int columns_make(const struct trace_events *events, size_t most, struct columns *columns,
		 struct error *err)
{
	struct making *making = making_begin(events, err);
	int ret;

	*columns = (struct columns){ 0 };
	if (!making)
		return -ENOMEM;
	ret = measure(making, columns, most, err);
	if (!ret)
		ret = make(making, columns, err);
	making_end(making);
	return ret;
}

int columns_open(const struct trace_events *events, const struct columns *whole, size_t most,
		 struct columns *columns, struct error *err)
{
	struct making *making = making_begin(events, err);
	struct sched_event *picked = NULL;
	size_t first;
	int ret = 0;

	*columns = (struct columns){ 0 };
	if (!making)
		return -ENOMEM;
	first = first_of(making, most);
	if (has_taken(making, whole->first, first, most)) {
		making->base_ns = whole->base_ns;
		making->since_ns = events->events[first].ns - whole->base_ns;
		making->end_ns = whole->end_ns;
		ret = opening_pick(events->events + whole->first, events->nr_events - whole->first,
				   first - whole->first, making->wake, &picked, &making->nr_sched);
		making->sched = picked;
		if (ret)
			error_set(err, ret, "out of memory");
		if (!ret)
			ret = count(making, err);
		if (!ret)
			ret = make(making, columns, err);
	}
	free(picked);
	making_end(making);
	return ret;
}

void columns_free(struct columns *columns)
{
	free(columns->bytes);
	json_object_put(columns->meta);
	*columns = (struct columns){ 0 };
}
