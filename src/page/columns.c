/* How does a trace become columns? See columns.h. */
#include "page/columns.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TASKS (1u << 24)
#define NO_TASK	  UINT32_MAX

/* A pid with one of its names. */
struct task {
	int32_t pid;
	uint32_t name; /* of the events' */
};

/* Numbers by a key of two numbers: open addressing, a power of two of slots. */
struct numbers {
	uint64_t *keys;
	uint32_t *values; /* NO_TASK: the slot is free */
	size_t size, used;
};

struct cpu {
	size_t switches, wakes;	       /* how many */
	size_t next_switch, next_wake; /* in the columns */
	uint64_t last_switch, last_wake;
	uint32_t running; /* a task's number, or NO_TASK */
};

/* A column within the bytes. */
struct column {
	uint8_t *bytes;
	size_t count;
	unsigned int planes;
};

struct making {
	const struct trace_events *events;
	size_t first;	 /* the event that the page's trace begins with */
	size_t left_out; /* switches and wake-ups before it */
	bool has_waking; /* else what tells of wake-ups is TRACE_WAKEUP */
	uint64_t base_ns, end_ns;
	struct cpu cpus[TRACE_MAX_CPUS];
	struct task *tasks;
	size_t nr_tasks, room;
	struct numbers by_name; /* (pid, name) -> task */
	struct numbers by_pid;	/* pid -> its last task */
	struct column time, next, state, prev, wake_time, wake_task, wake_cpu;
};

static void numbers_free(struct numbers *numbers)
{
	free(numbers->keys);
	free(numbers->values);
}

static size_t slot_of(const struct numbers *numbers, uint64_t key)
{
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
	size_t slot = (size_t)(hash >> 32) & (numbers->size - 1);

	while (numbers->values[slot] != NO_TASK && numbers->keys[slot] != key)
		slot = (slot + 1) & (numbers->size - 1);
	return slot;
}

static int numbers_grow(struct numbers *numbers)
{
	struct numbers grown = { .size = numbers->size ? 2 * numbers->size : 1024 };

	grown.keys = calloc(grown.size, sizeof(*grown.keys));
	grown.values = malloc(grown.size * sizeof(*grown.values));
	if (!grown.keys || !grown.values) {
		numbers_free(&grown);
		return -ENOMEM;
	}
	memset(grown.values, 0xff, grown.size * sizeof(*grown.values));
	for (size_t i = 0; i < numbers->size; i++) {
		size_t slot;

		if (numbers->values[i] == NO_TASK)
			continue;
		slot = slot_of(&grown, numbers->keys[i]);
		grown.keys[slot] = numbers->keys[i];
		grown.values[slot] = numbers->values[i];
	}
	grown.used = numbers->used;
	numbers_free(numbers);
	*numbers = grown;
	return 0;
}

/* The value's place, NO_TASK where the key is new; NULL: no memory. */
static uint32_t *number_of(struct numbers *numbers, uint64_t key)
{
	size_t slot;

	if (2 * numbers->used >= numbers->size && numbers_grow(numbers))
		return NULL;
	slot = slot_of(numbers, key);
	if (numbers->values[slot] == NO_TASK) {
		numbers->keys[slot] = key;
		numbers->used++;
	}
	return &numbers->values[slot];
}

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
	if (!name && *last != NO_TASK) {
		*out = *last;
		return 0;
	}
	number = number_of(&making->by_name, (uint64_t)name << 32 | (uint32_t)pid);
	if (!number)
		return -ENOMEM;
	if (*number == NO_TASK) {
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
	return event->type == (making->has_waking ? TRACE_WAKING : TRACE_WAKEUP) ||
	       event->type == TRACE_WAKEUP_NEW;
}

static bool is_taken(const struct making *making, const struct sched_event *event)
{
	return event->type == TRACE_SWITCH || is_wake(making, event);
}

/* What is taken, from where to where, and how much of it each CPU has. */
static int measure(struct making *making, size_t most, struct error *err)
{
	const struct trace_events *events = making->events;
	size_t taken = 0, switches = 0;

	for (size_t i = 0; i < events->nr_events && !making->has_waking; i++)
		making->has_waking = events->events[i].type == TRACE_WAKING;
	for (making->first = events->nr_events; making->first > 0; making->first--) {
		if (!is_taken(making, &events->events[making->first - 1]))
			continue;
		if (taken == most)
			break;
		taken++;
	}
	for (size_t i = 0; i < making->first; i++)
		making->left_out += is_taken(making, &events->events[i]);
	for (size_t i = making->first; i < events->nr_events; i++) {
		const struct sched_event *event = &events->events[i];

		switches += event->type == TRACE_SWITCH;
		making->cpus[event->cpu].switches += event->type == TRACE_SWITCH;
		making->cpus[event->cpu].wakes += is_wake(making, event);
	}
	if (!switches)
		return error_set(err, -ENODATA, "no task switch is in it");
	making->base_ns = events->events[making->first].ns;
	making->end_ns = events->last_ns;
	/* A mark at the end tells how long what ran last went on. */
	for (size_t i = 0; i < events->nr_marks; i++)
		if (events->marks[i].ns > making->end_ns)
			making->end_ns = events->marks[i].ns;
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
		cpu->running = NO_TASK;
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
	const struct trace_events *events = making->events;
	int ret = 0;

	for (size_t i = making->first; i < events->nr_events && !ret; i++) {
		const struct sched_event *event = &events->events[i];

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
	json_put_list(&json, "cpus", next_cpu, &cpus);
	json_put_list(&json, "pids", next_pid, &pids);
	json_put_texts(&json, "names", next_name, &names);
	json_put_list(&json, "mark_ns", next_mark_ns, &mark_ns);
	json_put_texts(&json, "mark_names", next_mark_name, &marks);
	json_put_number(&json, "left_out", making->left_out);
	json_put_number(&json, "lost", making->events->nr_lost);
	return json_end(&json);
}

int columns_make(const struct trace_events *events, size_t most, struct columns *columns,
		 struct error *err)
{
	struct making *making = calloc(1, sizeof(*making));
	int ret;

	*columns = (struct columns){ 0 };
	if (!making)
		return error_set(err, -ENOMEM, "out of memory");
	making->events = events;
	ret = measure(making, most, err);
	if (!ret && place(making, columns))
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = fill(making, err);
	if (!ret) {
		columns->meta = meta_of(making, columns);
		if (!columns->meta)
			ret = error_set(err, -ENOMEM, "out of memory");
	}
	numbers_free(&making->by_name);
	numbers_free(&making->by_pid);
	free(making->tasks);
	free(making);
	return ret;
}

void columns_free(struct columns *columns)
{
	free(columns->bytes);
	json_object_put(columns->meta);
	*columns = (struct columns){ 0 };
}
