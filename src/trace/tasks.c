/* What did each task do, and when? See tasks.h. */
#include "trace/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/fnv.h"

#include "trace/list.h"

/* A task while the events are walked. */
struct state {
	struct task_span span; /* that is open; from_ns 0: nothing is known */
	int32_t woken_by;      /* while it ran: it may be about to sleep, and then does not */
	uint32_t woken_by_comm;
	bool woken, is_dead;
	bool may_wait; /* it was woken when it was about to sleep */
};

struct walk {
	const struct trace_events *events;
	struct trace_tasks *tasks;
	struct state *states; /* of tasks */
	/* Tasks by pid: index + 1. */
	uint32_t *table;
	size_t table_size;
	uint32_t running[TRACE_MAX_CPUS]; /* index + 1 */
	/* Since when the trace has events of that CPU, and of all those whose oldest are lost. */
	uint64_t began_ns[TRACE_MAX_CPUS], all_began_ns;
};

/* Who chooses pids that fall on one place does not know where that is. */
static size_t slot_of(const struct walk *walk, int32_t pid)
{
	const uint64_t hash = fnv_add(FNV_START ^ (uintptr_t)walk, &pid, sizeof(pid));
	size_t slot = hash >> 32 ^ hash;

	while (walk->table[slot &= walk->table_size - 1]) {
		if (walk->tasks->tasks[walk->table[slot] - 1].pid == pid)
			break;
		slot++;
	}
	return slot;
}

static bool table_grow(struct walk *walk)
{
	uint32_t *old = walk->table;
	const size_t size = walk->table_size;

	walk->table_size = size ? size * 2 : 256;
	walk->table = calloc(walk->table_size, sizeof(*walk->table));
	if (!walk->table) {
		walk->table = old;
		return false;
	}
	/* Only the last task of a pid is found. */
	for (size_t i = 0; i < size; i++)
		if (old[i])
			walk->table[slot_of(walk, walk->tasks->tasks[old[i] - 1].pid)] = old[i];
	free(old);
	return true;
}

static bool add_task(struct walk *walk, int32_t pid, size_t slot)
{
	struct trace_tasks *tasks = walk->tasks;
	size_t nr_states = tasks->nr_tasks;
	struct state *state = list_append(&walk->states, &nr_states, sizeof(*state));
	struct trace_task *task =
		state ? list_append(&tasks->tasks, &tasks->nr_tasks, sizeof(*task)) : NULL;

	if (!task)
		return false;
	*state = (struct state){ .woken = false };
	*task = (struct trace_task){ .pid = pid };
	walk->table[slot] = (uint32_t)tasks->nr_tasks;
	return true;
}

/* Index + 1 of the task; 0: it is idle, or not known; UINT32_MAX: no memory. */
static uint32_t task_of(struct walk *walk, int32_t pid, uint32_t comm)
{
	uint32_t found;
	size_t slot;

	if (pid <= 0)
		return 0;
	if (walk->table_size < 2 * walk->tasks->nr_tasks + 2 && !table_grow(walk))
		return UINT32_MAX;
	slot = slot_of(walk, pid);
	/* Who is dead does nothing more: the pid is another's. */
	if ((!walk->table[slot] || walk->states[walk->table[slot] - 1].is_dead) &&
	    !add_task(walk, pid, slot))
		return UINT32_MAX;
	found = walk->table[slot];
	if (comm)
		walk->tasks->tasks[found - 1].comm = comm;
	return found;
}

static bool close_span(struct walk *walk, struct state *state, uint64_t ns)
{
	struct trace_tasks *tasks = walk->tasks;
	struct task_span *span;

	if (!state->span.from_ns || ns == state->span.from_ns)
		return true;
	span = list_append(&tasks->spans, &tasks->nr_spans, sizeof(*span));
	if (!span)
		return false;
	*span = state->span;
	span->to_ns = ns;
	return true;
}

/* Ends what the task did, and lets it do something else from @ns on. */
static struct task_span *turn(struct walk *walk, uint32_t task, uint64_t ns, enum task_doing doing)
{
	struct state *state = &walk->states[task - 1];

	if (!close_span(walk, state, ns))
		return NULL;
	state->span = (struct task_span){ .from_ns = ns,
					  .on_cpu_from_ns = ns,
					  .task = task - 1,
					  .by = -1,
					  .cpu = -1,
					  .doing = (uint8_t)doing };
	return &state->span;
}

/*
 * Each CPU's ring keeps events from another moment on. Who leaves a CPU at its first event of all
 * was there since that CPU's own beginning; who slept may have run anywhere, and is known to have
 * slept since the last of them only.
 */
static void find_beginnings(struct walk *walk)
{
	const struct trace_events *events = walk->events;

	walk->all_began_ns = events->first_ns;
	for (size_t i = events->nr_events; i-- > 0;)
		walk->began_ns[events->events[i].cpu] = events->events[i].ns;
	for (size_t i = 0; i < events->nr_lost; i++) {
		const uint64_t began_ns = walk->began_ns[events->lost[i].cpu];

		if (events->lost[i].from_ns)
			continue;
		/* Nothing is there of a CPU that has lost everything. */
		if (!began_ns)
			walk->all_began_ns = UINT64_MAX;
		else if (began_ns > walk->all_began_ns)
			walk->all_began_ns = began_ns;
	}
}

/* What it did before, by what it does at its first event. */
static void began_before(struct walk *walk, uint32_t task, uint64_t ns, enum task_doing doing,
			 int16_t cpu, char letter)
{
	struct state *state = &walk->states[task - 1];
	const uint64_t first = cpu >= 0 ? walk->began_ns[cpu] : walk->all_began_ns;

	if (state->span.from_ns || ns <= first)
		return;
	state->span = (struct task_span){ .from_ns = first,
					  .on_cpu_from_ns = first,
					  .task = task - 1,
					  .by = -1,
					  .cpu = cpu,
					  .doing = (uint8_t)doing,
					  .letter = letter,
					  .is_older = true };
}

static bool leaves(struct walk *walk, uint32_t task, const struct sched_event *event)
{
	struct state *state = &walk->states[task - 1];
	const char letter = trace_state_letter(event->prev_state);
	const bool woken = state->woken;
	struct task_span *span;

	began_before(walk, task, event->ns, TASK_RUNS, (int16_t)event->cpu, 0);
	state->span.is_cut = state->span.doing != TASK_RUNS || state->span.cpu != event->cpu;
	state->woken = false;
	span = turn(walk, task, event->ns, letter == 'R' ? TASK_WAITS : TASK_SLEEPS);
	if (!span)
		return false;
	span->cpu = (int16_t)event->cpu;
	if (letter == 'R') {
		span->is_preempted = true;
		span->by = event->pid;
		span->by_comm = event->comm;
	} else {
		span->letter = letter;
		state->is_dead = letter == 'X' || letter == 'Z';
		/* If it was woken when it was about to sleep, it may be waiting: see gets. */
		state->may_wait = woken;
		if (woken) {
			span->by = state->woken_by;
			span->by_comm = state->woken_by_comm;
		}
	}
	return true;
}

static bool gets(struct walk *walk, uint32_t task, const struct sched_event *event)
{
	struct state *state = &walk->states[task - 1];
	struct task_span *span = &state->span;

	if (span->from_ns && span->doing == TASK_SLEEPS && state->may_wait) {
		/* Nobody has woken it since: somebody did before it was asleep. */
		span->doing = TASK_WAITS;
		span->letter = 0;
	}
	/* A wake-up stands among the events of the waker's CPU, which may be lost. */
	span->is_cut = span->doing != TASK_WAITS;
	if (span->from_ns && span->cpu >= 0 && span->cpu != event->cpu)
		walk->tasks->tasks[task - 1].moves++;
	state->woken = false;
	span = turn(walk, task, event->ns, TASK_RUNS);
	if (!span)
		return false;
	span->cpu = (int16_t)event->cpu;
	return true;
}

static bool is_switch(struct walk *walk, const struct sched_event *event)
{
	uint32_t out = task_of(walk, event->other_pid, event->other_comm);
	uint32_t in = task_of(walk, event->pid, event->comm);

	if (out == UINT32_MAX || in == UINT32_MAX)
		return false;
	walk->running[event->cpu] = in;
	return (!out || leaves(walk, out, event)) && (!in || gets(walk, in, event));
}

static bool is_woken(struct walk *walk, const struct sched_event *event)
{
	uint32_t task = task_of(walk, event->pid, event->comm);
	struct state *state;
	struct task_span *span;
	uint32_t by;

	if (!task || task == UINT32_MAX)
		return !task;
	state = &walk->states[task - 1];
	by = walk->running[event->cpu];
	by = by && walk->tasks->tasks[by - 1].pid == event->current
		     ? walk->tasks->tasks[by - 1].comm
		     : 0;
	if (event->type != TRACE_WAKEUP_NEW)
		began_before(walk, task, event->ns, TASK_SLEEPS, -1, '?');
	span = &state->span;
	if (span->from_ns && span->doing == TASK_RUNS) {
		state->woken = true;
		state->woken_by = event->current;
		state->woken_by_comm = by;
		return true;
	}
	/* Who waits is not woken again, but where it was about to sleep and lost its CPU before: it
	 * has run meanwhile, and slept. */
	span->is_cut = span->doing == TASK_WAITS && !span->is_preempted &&
		       event->type == TRACE_WAKING && event->ns != span->from_ns;
	/* A second word of the same wake-up says where it is queued. */
	if (!span->from_ns || span->doing != TASK_WAITS || span->is_cut) {
		span = turn(walk, task, event->ns, TASK_WAITS);
		if (!span)
			return false;
		span->by = event->current;
		span->by_comm = by;
	}
	if (event->target_cpu >= 0 && span->cpu != event->target_cpu) {
		span->cpu = event->target_cpu;
		span->on_cpu_from_ns = event->ns;
	}
	return true;
}

static bool is_moved(struct walk *walk, const struct sched_event *event)
{
	uint32_t task = task_of(walk, event->pid, event->comm);
	struct task_span *span;

	if (!task || task == UINT32_MAX)
		return !task;
	span = &walk->states[task - 1].span;
	if (span->from_ns && span->doing == TASK_WAITS && event->target_cpu >= 0) {
		if (span->cpu >= 0 && span->cpu != event->target_cpu)
			walk->tasks->tasks[task - 1].moves++;
		span->cpu = event->target_cpu;
		span->on_cpu_from_ns = event->ns;
	}
	return true;
}

/* The pid is another's from now on, whatever became of who had it. */
static bool is_gone(struct walk *walk, const struct sched_event *event)
{
	uint32_t task = walk->table_size ? walk->table[slot_of(walk, event->pid)] : 0;
	struct state *state = task ? &walk->states[task - 1] : NULL;

	if (!state || state->is_dead)
		return true;
	state->is_dead = true;
	state->span.is_cut = true;
	return close_span(walk, state, event->ns);
}

static bool take(struct walk *walk, const struct sched_event *event)
{
	switch (event->type) {
	case TRACE_SWITCH:
		return is_switch(walk, event);
	case TRACE_WAKING:
	case TRACE_WAKEUP:
		return is_woken(walk, event);
	case TRACE_WAKEUP_NEW:
		return is_gone(walk, event) && is_woken(walk, event);
	case TRACE_NEWTASK:
	case TRACE_FREE:
		return is_gone(walk, event);
	case TRACE_MIGRATE:
		return is_moved(walk, event);
	case TRACE_RENAME:
		return task_of(walk, event->pid, event->comm) != UINT32_MAX;
	}
	return true;
}

/* Spans come as they end: each task's are put together. */
static bool sort_spans(struct trace_tasks *tasks)
{
	struct task_span *sorted;
	size_t at = 0;

	for (size_t i = 0; i < tasks->nr_spans; i++)
		tasks->tasks[tasks->spans[i].task].nr_spans++;
	for (size_t i = 0; i < tasks->nr_tasks; i++) {
		tasks->tasks[i].first = at;
		at += tasks->tasks[i].nr_spans;
		tasks->tasks[i].nr_spans = 0;
	}
	if (!at)
		return true;
	sorted = list_room(at, sizeof(*sorted));
	if (!sorted)
		return false;
	for (size_t i = 0; i < tasks->nr_spans; i++) {
		struct trace_task *task = &tasks->tasks[tasks->spans[i].task];

		sorted[task->first + task->nr_spans++] = tasks->spans[i];
	}
	free(tasks->spans);
	tasks->spans = sorted;
	return true;
}

int trace_tasks_read(const struct trace_events *events, struct trace_tasks *tasks,
		     struct failure *failure)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	bool fine = walk;

	memset(tasks, 0, sizeof(*tasks));
	tasks->end_ns = events->last_ns;
	if (events->nr_marks && events->marks[events->nr_marks - 1].ns > tasks->end_ns)
		tasks->end_ns = events->marks[events->nr_marks - 1].ns;
	if (walk) {
		walk->events = events;
		walk->tasks = tasks;
		find_beginnings(walk);
	}
	for (size_t i = 0; fine && i < events->nr_events; i++)
		fine = take(walk, &events->events[i]);
	for (size_t i = 0; fine && i < tasks->nr_tasks; i++) {
		walk->states[i].span.is_open = true;
		fine = walk->states[i].is_dead || close_span(walk, &walk->states[i], tasks->end_ns);
	}
	fine = fine && sort_spans(tasks);
	if (walk) {
		free(walk->states);
		free(walk->table);
	}
	free(walk);
	return fine ? 0 : failure_set(failure, -ENOMEM, "trace: no memory for what its tasks did");
}

void trace_tasks_free(struct trace_tasks *tasks)
{
	free(tasks->spans);
	free(tasks->tasks);
	memset(tasks, 0, sizeof(*tasks));
}

/* --- questions ------------------------------------------------------------------------------- */

uint64_t task_span_within(const struct task_span *span, uint64_t from_ns, uint64_t to_ns)
{
	const uint64_t from = span->from_ns > from_ns ? span->from_ns : from_ns;
	const uint64_t to = span->to_ns < to_ns ? span->to_ns : to_ns;

	return to > from ? to - from : 0;
}

void trace_tasks_sums(const struct trace_tasks *tasks, const struct trace_task *task,
		      uint64_t from_ns, uint64_t to_ns, uint64_t sums[TASK_DOINGS])
{
	memset(sums, 0, TASK_DOINGS * sizeof(*sums));
	for (size_t i = task->first; i < task->first + task->nr_spans; i++)
		sums[tasks->spans[i].doing] += task_span_within(&tasks->spans[i], from_ns, to_ns);
}

const struct trace_task *trace_tasks_find(const struct trace_events *events,
					  const struct trace_tasks *tasks, int32_t pid,
					  const char *name, uint64_t from_ns, uint64_t to_ns)
{
	const struct trace_task *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < tasks->nr_tasks; i++) {
		const struct trace_task *task = &tasks->tasks[i];
		uint64_t sums[TASK_DOINGS], all = 0;

		if (pid ? task->pid != pid : strcmp(trace_events_name(events, task->comm), name))
			continue;
		trace_tasks_sums(tasks, task, from_ns, to_ns, sums);
		for (size_t doing = 0; doing < TASK_DOINGS; doing++)
			all += sums[doing];
		if (!found || all > most) {
			found = task;
			most = all;
		}
	}
	return found;
}

const struct trace_task *trace_tasks_ran_most(const struct trace_tasks *tasks, int cpu,
					      uint64_t from_ns, uint64_t to_ns, uint64_t *ns)
{
	const struct trace_task *most = NULL;

	*ns = 0;
	for (size_t i = 0; i < tasks->nr_tasks; i++) {
		const struct trace_task *task = &tasks->tasks[i];
		uint64_t ran = 0;

		for (size_t j = task->first; j < task->first + task->nr_spans; j++)
			if (tasks->spans[j].doing == TASK_RUNS && tasks->spans[j].cpu == cpu)
				ran += task_span_within(&tasks->spans[j], from_ns, to_ns);
		if (ran > *ns) {
			*ns = ran;
			most = task;
		}
	}
	return most;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int trace_tasks_wakes(const struct trace_tasks *tasks, const struct trace_task *task,
		      struct wake_latencies *wakes)
{
	const size_t first = task ? task->first : 0;
	const size_t nr = task ? task->nr_spans : tasks->nr_spans;
	uint64_t *all = reallocarray(NULL, nr ? nr : 1, sizeof(*all));
	size_t count = 0;

	*wakes = (struct wake_latencies){ 0 };
	if (!all)
		return -ENOMEM;
	for (size_t i = first; i < first + nr; i++) {
		const struct task_span *span = &tasks->spans[i];

		/* What began or ended out of sight has no length. */
		if (span->doing == TASK_WAITS && !span->is_preempted && !span->is_older &&
		    !span->is_open && !span->is_cut)
			all[count++] = span->to_ns - span->from_ns;
	}
	if (count) {
		qsort(all, count, sizeof(*all), by_size);
		wakes->count = count;
		wakes->p50_ns = all[(count * 50 + 99) / 100 - 1];
		wakes->p99_ns = all[(count * 99 + 99) / 100 - 1];
		wakes->max_ns = all[count - 1];
	}
	free(all);
	return 0;
}
